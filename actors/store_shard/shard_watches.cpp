#include "actors/store_shard/store_shard_actor.hpp"
#include "messages/bus_failure.hpp"
#include "messages/status.hpp"
#include "messages/watch_sequence.hpp"

namespace kabuki::store {

using runtime::Address;
using runtime::Inbound;
using runtime::make_message;

namespace {

runtime::MessagePtr message_of(const Delivery& delivery) {
  if (delivery.ended) {
    bus::WatchEnded ended;
    ended.set_stream(delivery.to.stream);
    error_to_failure(*delivery.ended, ended.mutable_failure());
    return make_message(std::move(ended));
  }
  bus::WatchEvents batch;
  batch.set_stream(delivery.to.stream);
  batch.set_sequence(delivery.sequence);
  batch.mutable_events()->Reserve(static_cast<int>(delivery.events->size()));
  std::vector<ObjectPtr> objects;
  objects.reserve(delivery.events->size());
  for (const auto& event : *delivery.events) {
    auto* out = batch.add_events();
    out->set_type(static_cast<bus::WatchEvents::Type>(event.type));
    out->set_revision(event.revision);
    out->set_initial_end(event.initial_end);
    if (event.object) objects.push_back(event.object);
  }
  return make_message(std::move(batch), std::move(objects));
}
static_assert(static_cast<int>(Event::Type::added) == bus::WatchEvents::ADDED);
static_assert(static_cast<int>(Event::Type::modified) == bus::WatchEvents::MODIFIED);
static_assert(static_cast<int>(Event::Type::deleted) == bus::WatchEvents::DELETED);
static_assert(static_cast<int>(Event::Type::bookmark) == bus::WatchEvents::BOOKMARK);

}  // namespace

void StoreShardActor::open_watch(const bus::OpenWatch& request, Inbound& in) {
  if (const auto error = misplaced(request.selection().kind())) return in.reply.fail(*error);
  if (request.watcher().empty()) return in.reply.fail(bad_request("a watch needs the address of its watcher"));
  auto selection = Selection::from_bus(request.selection());
  if (!selection) return in.reply.fail(selection.error());
  if (hub_.size() >= options_.bounds.streams) {
    return in.reply.fail(too_many_requests("the store has too many watches, please try again later", 1));
  }
  const auto& watcher = request.watcher();
  const auto opened = hub_.open({watcher, request.stream()}, {.selection = std::move(*selection),
                                                              .from_revision = request.from_revision(),
                                                              .initial_events = request.initial_events(),
                                                              .bookmarks = request.bookmarks(),
                                                              .credit = request.credit(),
                                                              .place = sequence_place(random().next())});
  if (!opened) {
    forget_watcher_unless_used(watcher);
    return in.reply.fail(opened.error());
  }
  if (!watchers_.contains(watcher)) {
    watchers_[watcher] = monitor(Address{watcher}, [this, watcher](const runtime::ExitReason&) {
      watchers_.erase(watcher);
      hub_.drop(watcher);
    });
  }
  bus::WatchOpened reply;
  reply.set_revision(*opened);
  in.reply.send(make_message(std::move(reply)));
  work();
}

void StoreShardActor::credit(const bus::WatchCredit& request, Inbound& in) {
  const auto taken = hub_.credit({request.watcher(), request.stream()}, request.batches(), request.seen());
  if (!taken.ok()) {
    forget_watcher_unless_used(request.watcher());
    return in.reply.fail(taken.error());
  }
  in.reply.send(make_message(bus::Empty()));
  work();
}

void StoreShardActor::close_watch(const bus::CloseWatch& request, Inbound& in) {
  // One that still waits to be opened must not be opened when nobody wants it any more.
  reads_.drop([&](const Inbound& waiting) {
    const auto* open = waiting.as<bus::OpenWatch>();
    return open && open->watcher() == request.watcher() && open->stream() == request.stream();
  });
  hub_.close({request.watcher(), request.stream()});
  forget_watcher_unless_used(request.watcher());
  in.reply.send(make_message(bus::Empty()));
}

void StoreShardActor::forget_watcher_unless_used(const std::string& address) {
  const auto it = watchers_.find(address);
  if (it == watchers_.end() || hub_.watches(address)) return;
  demonitor(it->second);
  watchers_.erase(it);
}

void StoreShardActor::work() {
  if (!lists_.empty()) {
    ListJob job = std::move(lists_.front());
    lists_.pop_front();
    if (job.step(state_, limits::kScanPerStep)) {
      metrics_->list_scanned.add(job.scanned());
      job.reply.send(job.answer(state_));
    } else {
      const size_t turn = std::min(lists_.size(), limits::kListsAtOnce - 1);
      lists_.insert(lists_.begin() + static_cast<ptrdiff_t>(turn), std::move(job));
    }
  }
  const bool more = hub_.work();
  deliver();
  if (work_posted_ || (!more && lists_.empty())) return;
  work_posted_ = true;
  mailbox().post([this] {
    work_posted_ = false;
    work();
  });
}

void StoreShardActor::deliver() {
  for (const auto& delivery : hub_.take()) {
    if (delivery.events) {
      metrics_->watch_events.add(delivery.events->size());
      metrics_->watch_batches.add();
    }
    tell(Address{delivery.to.address}, message_of(delivery));
    if (!delivery.ended) continue;
    metrics_->watches_ended.add();
    forget_watcher_unless_used(delivery.to.address);
  }
  metrics_->watches.set(static_cast<int64_t>(hub_.size()));
}

}  // namespace kabuki::store
