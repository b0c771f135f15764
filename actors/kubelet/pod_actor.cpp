#include "actors/kubelet/pod_actor.hpp"

#include <algorithm>

#include "actors/kubelet/lifecycle/needs.hpp"
#include "actors/kubelet/lifecycle/resize.hpp"
#include "actors/kubelet/lifecycle/resize_notes.hpp"
#include "actors/kubelet/lifecycle/status.hpp"
#include "actors/kubelet/lifecycle/step.hpp"
#include "actors/kubelet/limits.hpp"
#include "actors/kubelet/pod_objects.hpp"
#include "messages/bus/objects.pb.h"
#include "messages/bus/pods.pb.h"
#include "messages/encode.hpp"
#include "messages/status.hpp"
#include "runtime/log.hpp"

namespace kabuki::kubelet {
namespace {

constexpr int kNotFound = 404;
constexpr int kConflict = 409;
constexpr int kTooMany = 429;

uint64_t hash_of(std::string_view bytes) { return std::hash<std::string_view>()(bytes); }

}  // namespace

using actors::Write;
using actors::WriteOutcome;
using runtime::Inbound;
using runtime::MessagePtr;

PodActor::PodActor(std::shared_ptr<const NodeContext> node, ObjectPtr pod, overlay::Ipv4 ip)
    : node_(std::move(node)), pod_(std::move(pod)), event_tokens_(limits::kEventBurst) {
  state_.ip = ip;
}

void PodActor::started() {
  const overlay::Ipv4 ip = state_.ip;
  restore_records(pod_);
  state_.ip = ip;
  advance();
}

void PodActor::restore_records(const ObjectPtr& pod) {
  const PodMessage message = pod->as<PodMessage>();
  const overlay::Ipv4 ip = state_.ip;
  state_ = restore(view_of(message));
  if (!state_.ip) state_.ip = ip;
  progress_ = progress_of(recorded_status(*pod));
}

void PodActor::adopt(const ObjectPtr& pod) {
  const uint64_t recorded = progress_of(recorded_status(*pod));
  if (recorded != progress_ && recorded != progress_tried_) restore_records(pod);
  progress_ = recorded;
  pod_ = pod;
}

std::string PodActor::health() const {
  size_t running = 0;
  for (const ContainerRecord& r : state_.containers) running += r.phase == ContainerPhase::running;
  return std::to_string(running) + "/" + std::to_string(state_.containers.size()) + " containers running";
}

void PodActor::received(Inbound& in) {
  if (const auto* changed = in.as<bus::WatchEvents>()) {
    if (in.from != node_->kubelet || changed->events_size() != 1 || in.message->objects.size() != 1) return;
    if (changed->events(0).type() == bus::WatchEvents::DELETED) return end();
    return take_version(in.message->objects[0]);
  }
  if (const auto* request = in.as<bus::CrashContainer>()) return crash(*request, in);
  if (const auto* eviction = in.as<bus::EvictPod>()) {
    if (in.from != node_->kubelet) return;
    RuntimeEvent evicted;
    evicted.kind = RuntimeEvent::Kind::evicted;
    evicted.message = eviction->why();
    return advance({std::move(evicted)});
  }
  in.reply.fail(bad_request("a pod does not understand " + in.message->body->GetTypeName()));
}

void PodActor::take_version(const ObjectPtr& pod) {
  if (pod->uid() != pod_->uid()) return end();
  if (pod->revision() < pod_->revision()) return;
  // Also when it is the same: the node's pointer instead of a copy.
  const ObjectPtr before = pod_;
  adopt(pod);
  if (pod->revision() == before->revision()) return;
  // The echo of the write under way, which its answer settles.
  if (writing_ && written_hash_ == hash_of(recorded_status(*pod)) && is_deleted(*pod) == is_deleted(*before)) return;
  if (annotations_of(*pod) != annotations_of(*before)) retry_failed_creates(state_);
  advance();
}

void PodActor::crash(const bus::CrashContainer& request, Inbound& in) {
  const PodMessage message = pod_->as<PodMessage>();
  const PodView view = view_of(message);
  const size_t container = request.container().empty() ? view.inits : view.find(request.container());
  if (container >= state_.containers.size()) {
    return in.reply.fail(bad_request("the pod has no container \"" + request.container() + "\""));
  }
  RuntimeEvent event;
  if (!node_->runtime->crash_container(view, state_, container, request.exit_code(), now(), &event)) {
    return in.reply.fail(conflict(kind_of(kinds::kPod), pod_->name(), "the container is not running"));
  }
  if (in.reply.wanted()) crashed_.push_back(std::move(in.reply));
  advance({std::move(event)});
}

void PodActor::advance(std::vector<RuntimeEvent> first) {
  const PodMessage message = pod_->as<PodMessage>();
  const PodView view = view_of(message);
  Settled settled = settle(view, state_, *node_->runtime, now(), std::move(first));
  wake_at(settled.wake_ns);
  remove_ = settled.remove;
  if (settled.look) look_up_needs(view);
  if (wants_resize(view, state_)) ask_for_resize();
  tell_events(view, settled.notes);
  record(view);
}

void PodActor::look_up_needs(const PodView& view) {
  if (std::exchange(looking_, true)) return;
  std::vector<Key> needs = needs_of(view);
  bus::GetObjects request;
  for (const Key& need : needs) {
    auto* key = request.add_keys();
    key->set_kind(need.kind);
    key->set_namespace_(need.ns);
    key->set_name(need.name);
  }
  ask(node_->api, runtime::make_message(std::move(request)), limits::kWriteTimeout,
      [this, needs = std::move(needs)](Result<MessagePtr> answer) { needs_found(needs, answer); });
}

void PodActor::needs_found(const std::vector<Key>& needs, const Result<MessagePtr>& answer) {
  looking_ = false;
  const auto* reply = answer.ok() ? (*answer)->as<bus::GetObjectsReply>() : nullptr;
  if (!reply || reply->items_size() != static_cast<int>(needs.size())) {
    looking_ = true;
    const int64_t longest = limits::kPodRetryMax.count();
    return void(after(io::Duration(random().between(longest / 2, longest)), [this] {
      looking_ = false;
      advance();
    }));
  }
  const PodMessage message = pod_->as<PodMessage>();
  const auto look_up = [&](const Key& key) -> ObjectPtr {
    const auto found = std::lower_bound(needs.begin(), needs.end(), key);
    if (found == needs.end() || *found != key) return nullptr;
    const auto& item = reply->items(static_cast<int>(found - needs.begin()));
    return item.found() && item.object() < (*answer)->objects.size() ? (*answer)->objects[item.object()] : nullptr;
  };
  take_needs(state_, missing_of(view_of(message), look_up), now());
  RuntimeEvent known;
  known.kind = RuntimeEvent::Kind::needs_known;
  advance({std::move(known)});
}

void PodActor::ask_for_resize() {
  if (std::exchange(resizing_, true)) return;
  ask(node_->kubelet, runtime::make_message(bus::ResizePod(), {pod_}), limits::kWriteTimeout,
      [this](const Result<MessagePtr>& answer) {
        const auto* reply = answer.ok() ? (*answer)->as<bus::ResizePodReply>() : nullptr;
        if (!reply) {
          return void(after(limits::kPodRetryMax, [this] {
            resizing_ = false;
            advance();
          }));
        }
        resizing_ = false;
        state_.rare().resize = {reply->generation(), reply->reason(), reply->message()};
        // Others may leave room; nobody tells.
        if (reply->reason() == "Deferred") after(limits::kResizeRetry, [this] { retry_resize(); });
        advance();
      });
}

void PodActor::retry_resize() {
  if (!state_.rarely || state_.rarely->resize.reason != "Deferred") return;
  state_.rarely->resize = {};
  advance();
}

/// Writes the status when it differs from what is recorded; what has been recorded is answered for.
void PodActor::record(const PodView& view) {
  if (writing_) {
    stale_ = true;
    return;
  }
  const PodStatusMessage next = build_status(view, state_, node_->address, now());
  const std::string status = serialize(next);
  // What the API server has made of this very status counts as the same, or the two would correct each other for
  // ever.
  const bool as_written = written_revision_ == pod_->revision() && written_hash_ == hash_of(status);
  if (as_written || status == recorded_status(*pod_)) {
    for (runtime::Reply& reply : crashed_) reply.send(runtime::make_message(bus::Empty()));
    crashed_.clear();
    if (remove_) remove_object();
    return;
  }
  written_hash_ = hash_of(status);
  written_revision_ = 0;
  progress_tried_ = progress_of(status);
  Write status_write;
  status_write.verb = bus::WriteObjects::UPDATE_STATUS;
  status_write.key = pod_->key();
  status_write.object = status_alone(*pod_, status);
  status_write.expected_revision = pod_->revision();
  status_write.expected_uid = std::string(pod_->uid());
  write(std::move(status_write), [this, notes = resize_notes(view, next)](const WriteOutcome& outcome) {
    // Only what has been recorded: what was not is decided again.
    if (!outcome.error && !outcome.unknown && !notes.empty()) {
      const PodMessage message = pod_->as<PodMessage>();
      tell_events(view_of(message), notes);
      stale_ = true;  // its containers may use more or less from now on
    }
    status_written(outcome);
  });
}

void PodActor::remove_object() {
  Write removal = Write::remove(*pod_);
  removal.grace_seconds = 0;
  // Another version may not be one that is to go: the store may have been put back.
  removal.expected_revision = pod_->revision();
  write(std::move(removal), [this](const WriteOutcome& outcome) {
    if (!outcome.error || outcome.error->code == kNotFound) return end();
    if (outcome.error->code == kConflict) return read_again();
    retry_later();
  });
}

void PodActor::write(Write write, std::function<void(const WriteOutcome&)> done) {
  writing_ = true;
  stale_ = false;
  ask(node_->writer, actors::write_message(std::span(&write, 1), "kubelet"), limits::kWriteTimeout,
      [this, done = std::move(done)](Result<MessagePtr> result) {
        writing_ = false;
        done(actors::read_outcomes(result, 1).front());
      });
}

void PodActor::status_written(const WriteOutcome& outcome) {
  if (!outcome.error) {
    failures_ = 0;
    written_revision_ = outcome.revision;
    if (outcome.revision > pod_->revision()) {
      if (!outcome.object) return read_again();
      pod_ = outcome.object;
      progress_ = progress_of(recorded_status(*pod_));
    }
    stale_ = stale_ || pod_->revision() != outcome.revision;
    if (stale_ || remove_ || !crashed_.empty()) advance();
    return;
  }
  if (outcome.error->code == kNotFound) return end();
  if (outcome.error->code == kConflict) return read_again();
  // What is refused for good must not keep a pod from going.
  const bool refused = outcome.error->code >= 400 && outcome.error->code < 500 && outcome.error->code != kTooMany;
  if (remove_ && refused) return remove_object();
  runtime::log(runtime::Level::debug, name(), "status not written", {{"why", outcome.error->message}});
  retry_later();
}

/// After a conflict: somebody else has changed the pod, and the watch may be late.
void PodActor::read_again() {
  bus::GetObjects request;
  auto* key = request.add_keys();
  key->set_kind(kinds::kPod);
  key->set_namespace_(std::string(pod_->ns()));
  key->set_name(std::string(pod_->name()));
  writing_ = true;
  ask(node_->api, runtime::make_message(std::move(request)), limits::kWriteTimeout,
      [this](Result<MessagePtr> result) {
        writing_ = false;
        const auto* reply = result.ok() ? (*result)->as<bus::GetObjectsReply>() : nullptr;
        if (!reply || reply->items_size() != 1) return retry_later();
        const auto& item = reply->items(0);
        if (!item.found() || item.object() >= (*result)->objects.size()) return end();
        const ObjectPtr& fresh = (*result)->objects[item.object()];
        if (fresh->uid() != pod_->uid()) return end();
        if (fresh->revision() > pod_->revision()) adopt(fresh);
        advance();
      });
}

void PodActor::retry_later() {
  const io::Duration longest =
      std::min(limits::kPodRetryMin * (int64_t{1} << std::min<int>(failures_, 10)), limits::kPodRetryMax);
  failures_ = static_cast<uint8_t>(std::min(failures_ + 1, 255));
  // Spread, or the pods of a host come back all at once.
  const auto delay = io::Duration(random().between(longest.count() / 2, longest.count()));
  writing_ = true;
  after(delay, [this] {
    writing_ = false;
    advance();
  });
}

void PodActor::wake_at(int64_t ns) {
  if (ns == wake_ns_) return;
  if (wake_ns_ != 0) cancel(wake_timer_);
  wake_ns_ = ns;
  if (ns == 0) return;
  wake_timer_ = after(io::Duration(std::max<int64_t>(ns - now().ns, 0)), [this] {
    wake_ns_ = 0;
    advance();
  });
}

void PodActor::tell_events(const PodView& view, const std::vector<Note>& notes) {
  if (!node_->events || notes.empty()) return;
  std::vector<Write> writes;
  for (const Note& note : notes) {
    if (!may_tell_event()) break;
    Write create;
    create.object = pod_event(view, node_->node, note, now(), event_sequence_++);
    create.key = create.object->key();
    writes.push_back(std::move(create));
  }
  if (!writes.empty()) tell(node_->writer, actors::write_message(writes, "kubelet"));
}

bool PodActor::may_tell_event() {
  const int64_t seconds = now().seconds();
  if (event_tokens_ == limits::kEventBurst) event_refill_seconds_ = seconds;
  const int64_t earned = std::max<int64_t>(seconds - event_refill_seconds_, 0) / limits::kEventRefillSeconds;
  event_refill_seconds_ += earned * limits::kEventRefillSeconds;
  event_tokens_ = static_cast<int8_t>(std::min<int64_t>(event_tokens_ + earned, limits::kEventBurst));
  if (event_tokens_ == 0) return false;
  --event_tokens_;
  return true;
}

}  // namespace kabuki::kubelet
