#include "actors/store_shard/store_shard_actor.hpp"

#include <algorithm>

#include "messages/bus_failure.hpp"
#include "messages/kinds.hpp"
#include "messages/status.hpp"
#include "runtime/host.hpp"
#include "runtime/log.hpp"
#include "store/planted_fault.hpp"

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

std::function<std::unique_ptr<runtime::Actor>()> store_shard(ShardOptions options, EngineFactory engine) {
  return [options = std::move(options), engine = std::move(engine)] {
    return std::make_unique<StoreShardActor>(options, engine);
  };
}

StoreShardActor::StoreShardActor(ShardOptions options, EngineFactory make_engine)
    : options_(std::move(options)), make_engine_(std::move(make_engine)), state_(options_.state), hub_(&state_), inspection_(options_.name, options_.mapping),
      commits_(options_.bounds.mutations, options_.bounds.mutation_bytes) {}

StoreShardActor::~StoreShardActor() = default;

void StoreShardActor::started() {
  engine_ = make_engine_();
  const auto revision = engine_->load([this](ObjectPtr object) {
    state_.load(object);
    inspection_.loaded(*object);
  });
  if (!revision) return fail("shard " + options_.name + ": " + revision.error().message);
  state_.loaded(*revision);
  // Both on a thread of the engine's.
  engine_->start(
      [this, box = mailbox()](uint64_t, std::vector<Change> changes) {
        box.post([this, changes = std::move(changes)]() mutable { fed(std::move(changes)); });
      },
      [this, box = mailbox()](Error error) { box.post([this, error = std::move(error)] { engine_failed(error); }); });
  const runtime::Metrics::Labels labels{{"shard", options_.name}};
  auto& metrics = host().metrics();
  committed_ = &metrics.counter("kabuki_store_committed_total", labels);
  conflicts_ = &metrics.counter("kabuki_store_conflicts_total", labels);
  events_ = &metrics.counter("kabuki_store_watch_events_total", labels);
  objects_ = &metrics.gauge("kabuki_store_objects", labels);
  objects_->set(static_cast<int64_t>(state_.size()));
  inspection_.measure(metrics);
  inspection_.changed({}, state_, mono());
  host().set_role(std::string(runtime::roles::kShardPrefix) + options_.name, address());
  log(runtime::Level::info, name(), "loaded", {{"objects", state_.size()}, {"revision", *revision}});
  bookmark_later();
}

void StoreShardActor::stopping() {
  if (engine_) engine_->stop();
}

std::string StoreShardActor::health() const {
  const auto& history = state_.history();
  return std::to_string(state_.size()) + " objects at revision " + std::to_string(state_.revision()) + ", " +
         std::to_string(history.size()) + " changes since " + std::to_string(history.compacted()) + ", " +
         std::to_string(hub_.size()) + " watches (" + std::to_string(hub_.parked()) + " parked), " +
         std::to_string(commits_.waiting()) + " writes waiting";
}

runtime::MailboxBounds StoreShardActor::mailbox_bounds() const {
  return {options_.bounds.asks, options_.bounds.ask_bytes, [](const runtime::Message& message) {
            return message.as<bus::Commit>() || message.as<bus::GetObjects>() || message.as<bus::ListObjects>() ||
                   message.as<bus::OpenWatch>();
          }};
}

void StoreShardActor::received(Inbound& in) {
  if (const auto* commit_request = in.as<bus::Commit>()) return commit(*commit_request, in);
  if (const auto* get_request = in.as<bus::GetObjects>()) return get(*get_request, in);
  if (const auto* list_request = in.as<bus::ListObjects>()) return list(*list_request, in);
  if (const auto* open_request = in.as<bus::OpenWatch>()) return open_watch(*open_request, in);
  if (const auto* credit_request = in.as<bus::WatchCredit>()) return credit(*credit_request, in);
  if (const auto* close_request = in.as<bus::CloseWatch>()) return close_watch(*close_request, in);
  if (inspect(in)) return;
  in.reply.fail(bad_request("a store shard does not understand this message"));
}

bool StoreShardActor::inspect(Inbound& in) {
  if (in.as<bus::InspectShard>()) {
    auto info = inspection_.info(state_);
    info.set_watches(hub_.size());
    info.set_parked_watches(hub_.parked());
    info.set_writes_waiting(commits_.waiting());
    in.reply.send(make_message(std::move(info)));
    return true;
  }
  if (const auto* read = in.as<bus::ReadShard>()) {
    in.reply.complete(inspection_.read(*read, state_, mono()));
    return true;
  }
  if (const auto* read = in.as<bus::ReadHistory>()) {
    in.reply.send(inspection_.history(*read, state_));
    return true;
  }
  return false;
}

std::optional<Error> StoreShardActor::misplaced(uint32_t kind) const {
  const Kind* known = find_kind(static_cast<KindId>(kind));
  if (!known) return bad_request("no kind has the id " + std::to_string(kind));
  const auto& shard = options_.mapping.shard_of(*known);
  if (shard == options_.name) return std::nullopt;
  return bad_request(known->resource() + " are kept by the shard \"" + shard + "\", not \"" + options_.name + "\"");
}

void StoreShardActor::get(const bus::GetObjects& request, Inbound& in) {
  bus::GetObjectsReply reply;
  std::vector<ObjectPtr> objects;
  for (const auto& key : request.keys()) {
    if (const auto error = misplaced(key.kind())) return in.reply.fail(*error);
    auto* item = reply.add_items();
    const KeyView wanted(static_cast<KindId>(key.kind()), key.namespace_(), key.name());
    auto object = state_.get(wanted);
    if (planted(PlantedFault::stale_read) && state_.history().size() > 0) {
      const Change& last = state_.history()[state_.history().size() - 1];
      if (KeyView(*last.object) == wanted) object = last.previous;
    }
    if (!object) continue;
    item->set_found(true);
    item->set_object(static_cast<uint32_t>(objects.size()));
    objects.push_back(std::move(object));
  }
  reply.set_revision(state_.revision());
  in.reply.send(make_message(std::move(reply), std::move(objects)));
}

void StoreShardActor::list(const bus::ListObjects& request, Inbound& in) {
  if (const auto error = misplaced(request.selection().kind())) return in.reply.fail(*error);
  auto job = ListJob::make(request, state_);
  if (!job) return in.reply.fail(job.error());
  if (job->step(state_, limits::kScanPerStep)) return in.reply.send(job->answer(state_));
  if (lists_.size() >= options_.bounds.lists) {
    return in.reply.fail(too_many_requests("the store has too many lists under way, please try again later", 1));
  }
  job->reply = std::move(in.reply);
  lists_.push_back(std::move(*job));
  work();
}

void StoreShardActor::commit(const bus::Commit& request, Inbound& in) {
  for (const auto& mutation : request.mutations()) {
    if (const auto error = misplaced(mutation.key().kind())) return in.reply.fail(*error);
  }
  auto mutations = mutations_of(request, in.message->objects);
  if (!mutations) return in.reply.fail(mutations.error());
  if (auto added = commits_.add(std::move(*mutations), in.reply); !added.ok()) return in.reply.fail(added.error());
  submit();
}

void StoreShardActor::submit() {
  while (auto batch = commits_.next()) {
    engine_->submit(std::move(*batch), [this, box = mailbox()](std::vector<MutationResult> results) {
      box.post([this, results = std::move(results)] { answered(results); });
    });
  }
}

void StoreShardActor::fed(std::vector<Change> changes) {
  state_.apply(&changes);
  hub_.apply(changes);
  inspection_.changed(changes, state_, mono());
  objects_->set(static_cast<int64_t>(state_.size()));
  deliver();
}

void StoreShardActor::answered(const std::vector<MutationResult>& results) {
  for (const auto& result : results) {
    if (result.outcome == Outcome::committed) committed_->add();
    if (result.outcome == Outcome::conflict) conflicts_->add();
  }
  commits_.done(results, state_);
  submit();
}

void StoreShardActor::engine_failed(const Error& error) {
  log(runtime::Level::error, name(), "the engine failed", {{"why", error.message}});
  // Releases what it holds before the next start asks for it.
  engine_.reset();
  fail("engine: " + error.message);
}

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
                                                              .credit = request.credit()});
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
    if (delivery.events) events_->add(delivery.events->size());
    tell(Address{delivery.to.address}, message_of(delivery));
    if (delivery.ended) forget_watcher_unless_used(delivery.to.address);
  }
}

void StoreShardActor::bookmark_later() {
  after(options_.bookmark_interval, [this] {
    hub_.bookmark();
    deliver();
    bookmark_later();
  });
}

}  // namespace kabuki::store
