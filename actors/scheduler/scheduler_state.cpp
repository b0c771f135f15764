#include "actors/scheduler/scheduler_state.hpp"

#include <algorithm>
#include <cassert>

#include "actors/scheduler/resized_pod.hpp"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/policy/v1/pod_disruption_budget.pb.h"
#include "messages/field_scan.hpp"
#include "messages/hash.hpp"

namespace kabuki::scheduler {
namespace {

constexpr int kSpec[] = {2};
constexpr int kNodeName[] = {2, 10};
constexpr int kPhase[] = {3, 1};
constexpr int kNominatedNodeName[] = {3, 11};
constexpr int kStartTimeSeconds[] = {3, 7, 1};
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

Labels labels_of(const Object& object) {
  Labels labels;
  scan_string_map(object.body(), paths::kLabels, [&](std::string_view key, std::string_view value) {
    labels.emplace_back(key, value);
    return true;
  });
  std::sort(labels.begin(), labels.end());
  return labels;
}

bool is_ending(const Object& object) { return !scan_bytes(object.body(), paths::kDeletionTimestamp).empty(); }

int64_t started_at(const Object& pod) {
  return static_cast<int64_t>(scan_varint(pod.body(), kStartTimeSeconds).value_or(0));
}

Budget budget_of(const Object& object) {
  const auto parsed = object.as<::k8s::io::api::policy::v1::PodDisruptionBudget>();
  Budget budget;
  budget.ns = object.ns();
  budget.allowed = parsed.status().disruptionsallowed();
  auto selector = LabelSelector::from_message(parsed.spec().selector());
  budget.nothing = !parsed.spec().has_selector() || !selector.ok();
  if (selector.ok()) budget.selector = std::move(*selector);
  return budget;
}

}  // namespace

SchedulerState::SchedulerState(std::vector<Profile> profiles, io::Random random) : random_(std::move(random)) {
  for (Profile& profile : profiles) profiles_.emplace(profile.scheduler_name, std::move(profile));
}

const Profile* SchedulerState::profile_of(const PodDemand& demand) const {
  const auto it = profiles_.find(demand.scheduler_name);
  return it == profiles_.end() ? nullptr : &it->second;
}

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

/// Takes in what the pod is: its demand and its group.
void SchedulerState::describe(PodId id, Pod& pod, const ObjectPtr& object) {
  const bool known = pod.object != nullptr;
  DemandPtr demand = demand_while_resized(*object, demands_.demand(scan_bytes(object->body(), kSpec)));
  if (known && pod.demand != demand && *pod.demand == *demand) demand = pod.demand;
  Labels labels = labels_of(*object);
  const bool ending = is_ending(*object);
  if (known) {
    const PodGroup& group = cluster_.groups[pod.group];
    if (pod.demand == demand && group.labels == labels && group.ending == ending) {
      pod.object = object;
      return;
    }
  }
  const NodeSlot node = pod.node;
  if (node != kNoNode) uncount(id, pod);
  if (known) cluster_.groups.leave(pod.group);
  pod.object = object;
  pod.demand = std::move(demand);
  pod.group = cluster_.groups.join(object->ns(), std::move(labels), ending, pod.demand);
  if (node != kNoNode) count_on(id, pod, node);
}

void SchedulerState::count_on(PodId id, Pod& pod, NodeSlot node) {
  assert(pod.node == kNoNode);
  pod.node = node;
  cluster_.place(node, *pod.demand, pod.group);
  if (on_node_.size() <= node) on_node_.resize(node + 1);
  on_node_[node].push_back(id);
  nominate(id, pod, kNoNode);
}

void SchedulerState::uncount(PodId id, Pod& pod) {
  if (pod.node == kNoNode) return;
  std::erase(on_node_[pod.node], id);
  cluster_.remove(pod.node, *pod.demand, pod.group);
  pod.node = kNoNode;
  cluster_changed_ = true;
}

void SchedulerState::nominate(PodId id, Pod& pod, NodeSlot node) {
  pod.nominated = node;
  if (node == kNoNode) {
    nominated_.erase(id);
  } else {
    nominated_.insert(id);
  }
}

std::vector<PodId> SchedulerState::count_nominated(PodId id) {
  std::vector<PodId> counted;
  for (const PodId other : nominated_) {
    const Pod& pod = pods_[other];
    if (other == id || pod.demand->priority < pods_[id].demand->priority) continue;
    if (!cluster_.nodes.present(pod.nominated)) continue;
    cluster_.place(pod.nominated, *pod.demand, pod.group);
    counted.push_back(other);
  }
  return counted;
}

void SchedulerState::forget(PodId id, const std::string& key) {
  Pod& pod = pods_[id];
  drop_repetition(id);
  uncount(id, pod);
  nominate(id, pod, kNoNode);
  cluster_.groups.leave(pod.group);
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
  const DemandPtr before = pod.demand;
  describe(id, pod, object);
  if (node.empty()) {
    consider(id, pod, pod.demand == before);
  } else {
    confirm(id, pod, node);
  }
}

void SchedulerState::confirm(PodId id, Pod& pod, std::string_view node) {
  if (pod.state == State::bound) return;
  assumed_ -= pod.state == State::assumed;
  drop_repetition(id);
  pod.state = State::bound;
  queue_.remove(id);
  if (pod.node != kNoNode && cluster_.nodes.name(pod.node) == node) return;
  uncount(id, pod);
  count_on(id, pod, cluster_.nodes.slot(std::string(node)));
}

void SchedulerState::consider(PodId id, Pod& pod, bool same) {
  if (pod.state == State::assumed) return;
  if (const auto node = scan_bytes(pod.object->body(), kNominatedNodeName); !node.empty()) {
    const NodeSlot slot = cluster_.nodes.find(std::string(node));
    if (slot != kNoNode) nominate(id, pod, slot);
  }
  const bool ours = may_be_placed(pod);
  if (!ours || !same) queue_.remove(id);
  if (!ours) nominate(id, pod, kNoNode);
  pod.state = ours ? State::queued : State::other;
  if (ours) queue_.add(id, pod.demand->priority);
}

bool SchedulerState::may_be_placed(const Pod& pod) const {
  return !pod.demand->gated && profile_of(*pod.demand) && !cluster_.groups[pod.group].ending;
}

void SchedulerState::node_changed(const Object& object) {
  if (cluster_.nodes.put(std::string(object.name()), facts_of(object.as<::k8s::io::api::core::v1::Node>()))) {
    cluster_changed_ = true;
  }
}

void SchedulerState::node_deleted(const std::string& name) {
  const NodeSlot node = cluster_.nodes.find(name);
  const auto nominated = nominated_;
  for (const PodId id : nominated) {
    if (pods_[id].nominated == node) nominate(id, pods_[id], kNoNode);
  }
  cluster_.nodes.remove(name);
}

void SchedulerState::other_changed(const Object& object) {
  if (object.kind() == kinds::kNamespace) {
    Labels labels = labels_of(object);
    Labels& known = cluster_.namespaces[std::string(object.name())];
    if (known != labels) cluster_changed_ = true;
    known = std::move(labels);
  } else if (object.kind() == kinds::kPodDisruptionBudget) {
    budgets_[object.key()] = budget_of(object);
  } else if (cluster_.volumes.changed(object)) {
    cluster_changed_ = true;
  }
}

void SchedulerState::other_deleted(const Key& key) {
  if (key.kind == kinds::kNamespace) {
    cluster_.namespaces.erase(key.name);
  } else if (key.kind == kinds::kPodDisruptionBudget) {
    budgets_.erase(key);
  } else {
    cluster_.volumes.deleted(key);
  }
}

void SchedulerState::try_pod(PodId id, io::MonoTime now, Round* round) {
  Pod& pod = pods_[id];
  const Profile& profile = *profile_of(*pod.demand);
  const PodGroup& group = cluster_.groups[pod.group];
  const std::string ns = group.ns;
  const Labels labels = group.labels;
  const Candidate candidate{*pod.demand, ns, pod.object->name(), labels};
  const auto nominated = count_nominated(id);
  const Placement placement = place(cluster_, profile, candidate, start_, random_, pod.nominated);
  if (cluster_.nodes.slots() > 0) start_ = (start_ + placement.examined) % cluster_.nodes.slots();
  if (placement.node == kNoNode) fail(id, profile, candidate, placement, round);
  for (const PodId other : nominated) {
    cluster_.remove(pods_[other].nominated, *pods_[other].demand, pods_[other].group);
  }
  if (placement.node == kNoNode) return queue_.unschedulable(id, now);
  count_on(id, pod, placement.node);
  pod.state = State::assumed;
  ++assumed_;
  ++placed_;
  round->binds.push_back({id, pod.object, cluster_.nodes.name(placement.node)});
}

std::vector<Occupant> SchedulerState::occupants(NodeSlot node) const {
  std::vector<Occupant> all;
  if (node >= on_node_.size()) return all;
  for (const PodId id : on_node_[node]) {
    const Pod& pod = pods_[id];
    all.push_back({id, pod.demand->priority, started_at(*pod.object), pod.demand, pod.group});
  }
  return all;
}

std::string SchedulerState::not_eligible(const Pod& pod) const {
  if (!pod.demand->may_preempt) return "not eligible due to preemptionPolicy=Never.";
  if (pod.nominated == kNoNode || pod.nominated >= on_node_.size()) return {};
  for (const PodId id : on_node_[pod.nominated]) {
    const Pod& other = pods_[id];
    const bool goes = other.is_victim || cluster_.groups[other.group].ending;
    if (goes && other.demand->priority < pod.demand->priority) {
      return "not eligible due to a terminating pod on the nominated node.";
    }
  }
  return {};
}

void SchedulerState::fail(PodId id, const Profile& profile, const Candidate& candidate, const Placement& placement,
                          Round* round) {
  Pod& pod = pods_[id];
  Failure failure{.pod = pod.object, .message = failure_message(placement)};
  const auto done = [&] { round->failures.push_back(std::move(failure)); };
  if (placement.nodes == 0) return done();
  if (const std::string why_not = not_eligible(pod); !profile.preemption || !why_not.empty()) {
    if (profile.preemption) failure.message += " preemption: " + why_not;
    return done();
  }
  std::vector<Budget> budgets;
  for (const auto& [key, budget] : budgets_) budgets.push_back(budget);
  const auto found =
      preempt(&cluster_, profile, candidate, start_, budgets, [this](NodeSlot node) { return occupants(node); });
  if (!found) {
    nominate(id, pod, kNoNode);
    failure.message += " preemption: " + no_victims_message(placement);
    return done();
  }
  failure.nominated = cluster_.nodes.name(found->node);
  for (const PodId victim : found->victims) {
    pods_[victim].is_victim = true;
    failure.victims.push_back(pods_[victim].object);
  }
  nominate(id, pod, found->node);
  done();
}

void SchedulerState::eviction_refused(const Key& key) {
  const auto it = by_key_.find(key_text(key.ns, key.name));
  if (it != by_key_.end()) pods_[it->second].is_victim = false;
}

void SchedulerState::repeat_unclear(io::MonoTime now, Round* round) {
  while (!repeat_.empty() && repeat_.begin()->first <= now) {
    const PodId id = repeat_.begin()->second;
    repeat_.erase(repeat_.begin());
    round->binds.push_back({id, pods_[id].object, cluster_.nodes.name(pods_[id].node)});
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
  uncount(bind.id, pod);
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
