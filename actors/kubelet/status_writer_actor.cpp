#include "actors/kubelet/status_writer_actor.hpp"

#include <algorithm>

#include "actors/kubelet/limits.hpp"
#include "messages/bus_failure.hpp"
#include "messages/status.hpp"

namespace kabuki::kubelet {

using runtime::Inbound;
using runtime::MessagePtr;

constexpr int kNotFound = 404;

StatusWriterActor::StatusWriterActor(runtime::Address api)
    : api_(std::move(api)), barriers_([this](actors::WriteBarriers::Done done) {
        ask(api_, runtime::make_message(bus::WriteObjects()), limits::kWriteTimeout,
            [done = std::move(done)](const Result<MessagePtr>& answer) {
              done(answer ? Result<>() : Result<>(answer.error()));
            });
      }) {}

void StatusWriterActor::received(Inbound& in) {
  if (const auto* request = in.as<bus::WriteObjects>()) return take(*request, in);
  in.reply.fail(bad_request("a status writer only understands WriteObjects"));
}

std::string StatusWriterActor::health() const {
  std::string out = std::to_string(writes_.size()) + " waiting, " + std::to_string(under_way_) + " batches under way";
  if (events_dropped_ > 0) out += ", " + std::to_string(events_dropped_) + " events dropped";
  return out;
}

void StatusWriterActor::take(const bus::WriteObjects& request, Inbound& in) {
  const bool waited_for = in.reply.wanted();
  auto& queue = waited_for ? writes_ : events_;
  const size_t limit = waited_for ? limits::kQueuedWritesMax : limits::kQueuedEventsMax;
  if (queue.size() + request.writes_size() > limit) {
    if (!waited_for) events_dropped_ += request.writes_size();
    return in.reply.fail(too_many_requests("too many writes are waiting on this host", 1));
  }
  std::shared_ptr<Asker> asker;
  if (waited_for) {
    asker = std::make_shared<Asker>();
    asker->reply = std::move(in.reply);
    asker->waiting = request.writes_size();
    for (int i = 0; i < request.writes_size(); ++i) asker->answer.add_items();
    if (asker->waiting == 0) {
      return barriers_.add(std::move(asker->reply));
    }
    asker->generation = barriers_.begin();
  }
  for (int i = 0; i < request.writes_size(); ++i) {
    Pending pending{in.message, i, asker};
    if (!waited_for) count_up(&pending);
    queue.push_back(std::move(pending));
  }
  schedule();
}

void StatusWriterActor::count_up(Pending* pending) {
  const auto& write = pending->message->as<bus::WriteObjects>()->writes(pending->index);
  bool creates_event = write.verb() == bus::WriteObjects::CREATE && write.key().kind() == kinds::kEvent &&
                       write.object() < pending->message->objects.size();
  if (!creates_event) return;
  auto patch = aggregator_.repeats(*pending->message->objects[write.object()], now());
  if (!patch) return;
  bus::WriteObjects counted;
  *counted.add_writes() = std::move(*patch);
  pending->message = runtime::make_message(std::move(counted));
  pending->index = 0;
}

void StatusWriterActor::schedule() {
  if (writes_.size() >= limits::kBatchWritesMax) flush();
  if (timer_set_ || (writes_.empty() && events_.empty())) return;
  timer_set_ = true;
  after(limits::kBatchDelay, [this] {
    timer_set_ = false;
    flush();
    schedule();
  });
}

void StatusWriterActor::refill_events() {
  const int64_t second = mono().ns / 1'000'000'000;
  if (second == event_second_) return;
  event_second_ = second;
  event_tokens_ = limits::kEventsPerSecond;
}

void StatusWriterActor::flush() {
  refill_events();
  while (under_way_ < limits::kBatchesUnderWay) {
    std::vector<Pending> batch;
    const auto move_from = [&batch](std::deque<Pending>& queue, size_t most) {
      const size_t n = std::min({most, queue.size(), limits::kBatchWritesMax - batch.size()});
      std::move(queue.begin(), queue.begin() + n, std::back_inserter(batch));
      queue.erase(queue.begin(), queue.begin() + n);
      return n;
    };
    move_from(writes_, limits::kBatchWritesMax);
    event_tokens_ -= move_from(events_, event_tokens_);
    if (batch.empty()) return;
    send(std::move(batch));
  }
}

void StatusWriterActor::send(std::vector<Pending> batch) {
  bus::WriteObjects request;
  request.set_user_agent("kubelet");
  std::vector<ObjectPtr> objects;
  for (const Pending& pending : batch) {
    auto* write = request.add_writes();
    *write = pending.message->as<bus::WriteObjects>()->writes(pending.index);
    // The position means something only for the verbs that carry an object; others point at nothing.
    if (write->object() >= pending.message->objects.size()) continue;
    const ObjectPtr& object = pending.message->objects[write->object()];
    write->set_object(static_cast<uint32_t>(objects.size()));
    objects.push_back(object);
  }
  ++under_way_;
  ask(api_, runtime::make_message(std::move(request), std::move(objects)), limits::kWriteTimeout,
      [this, batch = std::move(batch)](Result<MessagePtr> result) {
        --under_way_;
        answered(batch, result);
        schedule();
      });
}

void StatusWriterActor::answered(const std::vector<Pending>& batch, const Result<MessagePtr>& result) {
  const auto* reply = result.ok() ? (*result)->as<bus::WriteObjectsReply>() : nullptr;
  const bool sound = reply && reply->items_size() == static_cast<int>(batch.size());
  for (size_t i = 0; i < batch.size(); ++i) {
    if (!batch[i].asker) {
      // The event it counted has expired.
      if (sound && reply->items(static_cast<int>(i)).failure().code() == kNotFound) {
        const auto& key = batch[i].message->as<bus::WriteObjects>()->writes(batch[i].index).key();
        aggregator_.forget({static_cast<KindId>(key.kind()), key.namespace_(), key.name()});
      }
      continue;
    }
    Asker& asker = *batch[i].asker;
    if (sound) {
      auto* item = asker.answer.mutable_items(batch[i].index);
      *item = reply->items(static_cast<int>(i));
      if (item->has_object() && item->object() < (*result)->objects.size()) {
        const ObjectPtr& object = (*result)->objects[item->object()];
        item->set_object(static_cast<uint32_t>(asker.objects.size()));
        asker.objects.push_back(object);
      } else {
        item->set_has_object(false);
      }
    } else {
      asker.failed =
          result.ok() ? internal_error("the API server's answer does not match what it was asked") : result.error();
    }
    if (--asker.waiting > 0) continue;
    if (asker.failed.ok()) {
      asker.reply.send(runtime::make_message(std::move(asker.answer), std::move(asker.objects)));
    } else {
      asker.reply.fail(asker.failed.error());
    }
    barriers_.end(asker.generation);
  }
}

}  // namespace kabuki::kubelet
