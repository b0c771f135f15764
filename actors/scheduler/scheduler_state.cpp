#include "actors/scheduler/scheduler_state.hpp"

#include <algorithm>
#include <cassert>

#include "messages/api/core/v1/node.pb.h"
#include "messages/field_scan.hpp"
#include "messages/hash.hpp"

namespace kabuki::scheduler {
namespace {

constexpr int kSpec[] = {2};
constexpr int kNodeName[] = {2, 10};
constexpr int kPhase[] = {3, 1};
// A conflict that the watch does not explain after so many tries is no sign of a bind: the pod may go elsewhere.
constexpr uint8_t kMaxUnclear = 5;

std::string key_text(std::string_view ns, std::string_view name) {
  std::string out;
  out.reserve(ns.size() + 1 + name.size());
  return out.append(ns).append("/").append(name);
}

bool is_over(const Object& pod) {
  const auto phase = scan_bytes(pod.body(), kPhase);
  return phase == "Succeeded" || phase == "Failed";
}

}  // namespace

bool SchedulerState::is(const Pod& pod, const Object& object) const { return pod.uid == fnv1a_64(object.uid()); }

PodId SchedulerState::make(const std::string& key) {
  PodId id;
  if (free_.empty()) {
    id = static_cast<PodId>(pods_.size());
    pods_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  by_key_.emplace(key, id);
  return id;
}

void SchedulerState::count_on(Pod& pod, NodeSlot node) {
  assert(pod.node == kNoNode);
  pod.node = node;
  nodes_.add_pod(node, *pod.demand);
}

void SchedulerState::uncount(Pod& pod) {
  if (pod.node == kNoNode) return;
  nodes_.remove_pod(pod.node, *pod.demand);
  pod.node = kNoNode;
  cluster_changed_ = true;
}

void SchedulerState::forget(PodId id, const std::string& key) {
  Pod& pod = pods_[id];
  drop_repetition(id);
  uncount(pod);
  assumed_ -= pod.state == State::assumed;
  queue_.remove(id);
  pod = Pod();
  by_key_.erase(key);
  free_.push_back(id);
}

void SchedulerState::drop_repetition(PodId id) {
  if (pods_[id].unclear == 0) return;
  std::erase_if(repeat_, [id](const auto& entry) { return entry.second == id; });
  pods_[id].unclear = 0;
}

void SchedulerState::pod_deleted(const Key& key) {
  const std::string text = key_text(key.ns, key.name);
  if (auto it = by_key_.find(text); it != by_key_.end()) forget(it->second, text);
}

void SchedulerState::pod_changed(const ObjectPtr& object) {
  const std::string key = key_text(object->ns(), object->name());
  auto it = by_key_.find(key);
  if (it != by_key_.end() && (!is(pods_[it->second], *object) || is_over(*object))) {
    forget(it->second, key);
    it = by_key_.end();
  }
  if (is_over(*object)) return;
  const PodId id = it != by_key_.end() ? it->second : make(key);
  Pod& pod = pods_[id];
  pod.uid = fnv1a_64(object->uid());
  const auto node = scan_bytes(object->body(), kNodeName);
  if (node.empty()) {
    consider(id, pod, object);
  } else {
    if (!pod.demand) pod.demand = demands_.demand(scan_bytes(object->body(), kSpec));
    confirm(id, pod, node);
  }
}

void SchedulerState::confirm(PodId id, Pod& pod, std::string_view node) {
  if (pod.state == State::bound) return;
  assumed_ -= pod.state == State::assumed;
  drop_repetition(id);
  pod.state = State::bound;
  pod.object = nullptr;
  queue_.remove(id);
  if (pod.node != kNoNode && nodes_.name(pod.node) == node) return;
  uncount(pod);
  count_on(pod, nodes_.slot(std::string(node)));
}

void SchedulerState::consider(PodId id, Pod& pod, const ObjectPtr& object) {
  pod.object = object;
  if (pod.state == State::assumed) return;
  DemandPtr demand = demands_.demand(scan_bytes(object->body(), kSpec));
  const bool same = pod.demand && (pod.demand == demand || *pod.demand == *demand);
  if (!same) pod.demand = std::move(demand);
  const bool ours = may_be_placed(pod);
  if (!ours || !same) queue_.remove(id);
  pod.state = ours ? State::queued : State::other;
  if (ours) queue_.add(id, pod.demand->priority);
}

bool SchedulerState::may_be_placed(const Pod& pod) const {
  return !pod.demand->gated && pod.demand->scheduler_name == scheduler_name_ &&
         scan_bytes(pod.object->body(), paths::kDeletionTimestamp).empty();
}

void SchedulerState::node_changed(const Object& object) {
  if (nodes_.put(std::string(object.name()), facts_of(object.as<::k8s::io::api::core::v1::Node>()))) {
    cluster_changed_ = true;
  }
}

void SchedulerState::node_deleted(const std::string& name) { nodes_.remove(name); }

void SchedulerState::try_pod(PodId id, io::MonoTime now, Round* round) {
  Pod& pod = pods_[id];
  const Placement placement = place(nodes_, *pod.demand, start_, random_);
  if (nodes_.slots() > 0) start_ = (start_ + placement.examined) % nodes_.slots();
  if (placement.node == kNoNode) {
    round->failures.push_back({pod.object, failure_message(placement, *pod.demand)});
    queue_.unschedulable(id, now);
    return;
  }
  count_on(pod, placement.node);
  pod.state = State::assumed;
  ++assumed_;
  ++placed_;
  round->binds.push_back({id, pod.object, nodes_.name(placement.node)});
}

void SchedulerState::repeat_unclear(io::MonoTime now, Round* round) {
  while (!repeat_.empty() && repeat_.begin()->first <= now) {
    const PodId id = repeat_.begin()->second;
    repeat_.erase(repeat_.begin());
    round->binds.push_back({id, pods_[id].object, nodes_.name(pods_[id].node)});
  }
}

SchedulerState::Round SchedulerState::schedule(size_t limit, io::MonoTime now) {
  Round round;
  if (std::exchange(cluster_changed_, false)) queue_.cluster_changed(now);
  round.next = queue_.advance(now);
  repeat_unclear(now, &round);
  for (size_t tried = 0; tried < limit; ++tried) {
    const auto id = queue_.pop();
    if (!id) break;
    try_pod(*id, now, &round);
  }
  round.more = queue_.active() > 0;
  round.next = queue_.advance(now);
  if (!repeat_.empty() && (!round.next || repeat_.begin()->first < *round.next)) round.next = repeat_.begin()->first;
  return round;
}

void SchedulerState::bind_answered(const Bind& bind, BindOutcome outcome, io::MonoTime now) {
  auto it = by_key_.find(key_text(bind.pod->ns(), bind.pod->name()));
  if (it == by_key_.end() || it->second != bind.id) return;
  Pod& pod = pods_[bind.id];
  if (!is(pod, *bind.pod) || pod.state != State::assumed) return;
  if (outcome == BindOutcome::done) return drop_repetition(bind.id);
  const bool again =
      outcome == BindOutcome::unknown || (outcome == BindOutcome::conflict && pod.unclear < kMaxUnclear);
  if (again) {
    pod.unclear = std::min<uint8_t>(pod.unclear + 1, outcome == BindOutcome::unknown ? kMaxUnclear - 1 : kMaxUnclear);
    repeat_.emplace(now + SchedulingQueue::backoff(pod.unclear), bind.id);
    return;
  }
  drop_repetition(bind.id);
  uncount(pod);
  --assumed_;
  if (!may_be_placed(pod)) {
    pod.state = State::other;
    queue_.remove(bind.id);
    return;
  }
  pod.state = State::queued;
  queue_.retry(bind.id, now);
}

}  // namespace kabuki::scheduler
