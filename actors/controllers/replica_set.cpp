#include "actors/controllers/replica_set.hpp"

#include <algorithm>
#include <map>

#include "actors/controllers/claim.hpp"
#include "actors/controllers/owned_pods.hpp"
#include "actors/controllers/owners.hpp"
#include "messages/api/apps/v1/replica_set.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/encode.hpp"
#include "messages/meta.hpp"
#include "messages/selectors.hpp"

namespace kabuki::controllers {
namespace {

namespace apps = ::k8s::io::api::apps::v1;
namespace core = ::k8s::io::api::core::v1;
using actors::Write;

constexpr size_t kBurst = 500;
constexpr const char* kReplicaFailure = "ReplicaFailure";

std::vector<ObjectPtr> active_only(const View& view, const std::vector<ObjectPtr>& pods) {
  std::vector<ObjectPtr> active;
  for (const ObjectPtr& pod : pods) {
    if (view.facts(pod).active()) active.push_back(pod);
  }
  return active;
}

/// Pods of every set that has the same controller, this one's included.
std::vector<ObjectPtr> related_pods(const View& view, const Object& set) {
  std::vector<ObjectPtr> related;
  auto add_pods_of = [&](std::string_view uid) {
    const ObjectSet& pods = view.controlled_by(uid, kinds::kPod);
    related.insert(related.end(), pods.begin(), pods.end());
  };
  const auto owners = owners_of(set);
  const Owner* controller = controller_in(owners);
  if (!controller) {
    add_pods_of(set.uid());
    return related;
  }
  for (const ObjectPtr& sibling : view.controlled_by(controller->uid, set.kind())) add_pods_of(sibling->uid());
  return related;
}

void create_pods(const Object& object, const apps::ReplicaSet& set, size_t count, Plan* plan) {
  core::Pod pod = pod_from(object, set.spec().template_());
  pod.mutable_metadata()->set_generatename(set.metadata().name() + "-");
  const Write create = Write::create(kinds::kPod, pod);
  const Announcement say = announce_created(object);
  for (size_t i = 0; i < std::min(count, kBurst); ++i) plan->add(create, say);
}

void delete_pods(const View& view, const Object& object, std::vector<ObjectPtr> pods, size_t count,
                 const Instant& now, Plan* plan) {
  if (count < pods.size()) rank_for_deletion(view, related_pods(view, object), now, &pods);
  const Announcement say = announce_deleted(object);
  for (size_t i = 0; i < std::min({count, kBurst, pods.size()}); ++i) plan->add(Write::remove(*pods[i]), say);
}

/// Matches pods that have every label of the template.
LabelSelector template_labels(const apps::ReplicaSet& set) {
  LabelSelectorMessage message;
  *message.mutable_matchlabels() = set.spec().template_().metadata().labels();
  auto selector = LabelSelector::from_message(message);
  return selector.ok() ? *selector : LabelSelector();
}

apps::ReplicaSetStatus status_of(const View& view, const apps::ReplicaSet& set, const std::vector<ObjectPtr>& active,
                                 int32_t terminating, const Instant& now, Plan* plan) {
  apps::ReplicaSetStatus status = set.status();
  int32_t labelled = 0, ready = 0, available = 0;
  const LabelSelector full = template_labels(set);
  std::map<uint64_t, bool> known;  // by labels
  const int64_t min_ready = set.spec().minreadyseconds();
  for (const ObjectPtr& pod : active) {
    const PodFacts facts = view.facts(pod);
    auto [it, fresh] = known.emplace(facts.labels_hash, false);
    if (fresh) it->second = full.matches_object(*pod);
    labelled += it->second;
    if (!facts.ready) continue;
    ++ready;
    available += is_available(facts, min_ready, now, plan);
  }
  status.set_replicas(static_cast<int32_t>(active.size()));
  status.set_fullylabeledreplicas(labelled);
  status.set_readyreplicas(ready);
  status.set_availablereplicas(available);
  status.set_terminatingreplicas(terminating);
  status.set_observedgeneration(set.metadata().generation());
  return status;
}

/// Kubernetes' condition ReplicaFailure: what is said first stays until nothing is missing or too much any more. What
/// was refused to a former life of the controller is not known, so nothing is taken back before that.
void report_failure(const View& view, const Key& key, int64_t missing, const Instant& now,
                    apps::ReplicaSetStatus* status) {
  auto* all = status->mutable_conditions();
  const auto it = std::find_if(all->begin(), all->end(),
                               [](const auto& condition) { return condition.type() == kReplicaFailure; });
  const char* reason = missing > 0 ? "FailedCreate" : "FailedDelete";
  const View::Refusal* refusal = view.refusal(key);
  if (missing == 0) {
    if (it != all->end()) all->erase(it);
  } else if (it == all->end() && refusal && refusal->creating == (missing > 0)) {
    auto* condition = all->Add();
    condition->set_type(kReplicaFailure);
    condition->set_status("True");
    condition->set_reason(reason);
    condition->set_message(refusal->message);
    *condition->mutable_lasttransitiontime() = time_of(now.wall.ns);
  } else if (it != all->end() && it->reason() != reason) {
    all->erase(it);
  }
}

int64_t log2_age(int64_t since_seconds, const Instant& now) {
  const int64_t age = now.wall.ns - since_seconds * 1'000'000'000;
  if (age <= 0) return -1;
  return 63 - __builtin_clzll(static_cast<uint64_t>(age));
}

struct Ranked {
  ObjectPtr pod;
  PodFacts facts;
  int doubled = 0;
};

// Kubernetes' ActivePodsWithRanks.Less, with ages compared by their logarithm.
bool goes_before(const Ranked& a, const Ranked& b, const Instant& now) {
  const PodFacts& x = a.facts;
  const PodFacts& y = b.facts;
  if (x.bound != y.bound) return !x.bound;
  if (x.phase != y.phase) return x.phase < y.phase;
  if (x.ready != y.ready) return !x.ready;
  if (x.deletion_cost != y.deletion_cost) return x.deletion_cost < y.deletion_cost;
  if (a.doubled != b.doubled) return a.doubled > b.doubled;
  if (x.ready && x.ready_since != y.ready_since) {
    const int64_t dx = log2_age(x.ready_since, now), dy = log2_age(y.ready_since, now);
    return dx == dy ? a.pod->uid() < b.pod->uid() : dx < dy;
  }
  if (x.restarts != y.restarts) return x.restarts > y.restarts;
  const int64_t dx = log2_age(x.created, now), dy = log2_age(y.created, now);
  return x.created == y.created || dx == dy ? a.pod->uid() < b.pod->uid() : dx < dy;
}

}  // namespace

void rank_for_deletion(const View& view, const std::vector<ObjectPtr>& related, const Instant& now,
                       std::vector<ObjectPtr>* pods) {
  std::map<std::string_view, int> on_node;
  for (const ObjectPtr& pod : related) {
    if (view.facts(pod).active()) ++on_node[node_of_pod(*pod)];
  }
  std::vector<Ranked> ranked;
  for (const ObjectPtr& pod : *pods) ranked.push_back({pod, view.facts(pod), on_node[node_of_pod(*pod)]});
  std::sort(ranked.begin(), ranked.end(), [&](const Ranked& a, const Ranked& b) { return goes_before(a, b, now); });
  for (size_t i = 0; i < ranked.size(); ++i) (*pods)[i] = ranked[i].pod;
}

Plan reconcile_replicas(const View& view, const ObjectPtr& object, const apps::ReplicaSet& set, const Instant& now,
                        const std::function<Write(const apps::ReplicaSet&)>& write_status) {
  Plan plan;
  const auto selector = selector_of(*object);
  if (!selector) return plan;
  const bool deleting = set.metadata().has_deletiontimestamp();

  Claim claim = claim_dependents(view, *object, kinds::kPod, *selector, !deleting);
  for (Write& write : claim.writes) plan.add(std::move(write));
  const std::vector<ObjectPtr> active = active_only(view, claim.kept);
  const int64_t wanted = set.spec().has_replicas() ? set.spec().replicas() : 1;
  const int64_t missing = wanted - static_cast<int64_t>(active.size());
  if (!deleting && missing > 0) create_pods(*object, set, static_cast<size_t>(missing), &plan);
  // What is being adopted or released is not deleted in the same breath: one write per object.
  if (!deleting && missing < 0 && claim.writes.empty()) {
    delete_pods(view, *object, active, static_cast<size_t>(-missing), now, &plan);
  }

  int32_t terminating = 0;
  for (const ObjectPtr& pod : claim.kept) {
    const PodFacts facts = view.facts(pod);
    terminating += facts.deleting && !facts.over();
  }
  auto updated = set;
  *updated.mutable_status() = status_of(view, set, active, terminating, now, &plan);
  report_failure(view, object->key(), deleting ? 0 : missing, now, updated.mutable_status());
  if (serialize(updated.status()) != serialize(set.status())) plan.add(write_status(updated));
  return plan;
}

Plan reconcile_replica_set(const View& view, const Key& key, const Instant& now) {
  const ObjectPtr object = view.find(key);
  if (!object) return {};
  return reconcile_replicas(view, object, object->as<apps::ReplicaSet>(), now,
                            [&](const apps::ReplicaSet& updated) { return Write::update_status(*object, updated); });
}

Controller replica_controller(KindId kind, std::string name) {
  Controller controller;
  controller.name = std::move(name);
  controller.watches = {kind, kinds::kPod};
  controller.sleeps_without = 1;
  controller.indexes = View::kControllers | View::kPods;
  controller.concerns = [kind](const View& view, const Change& change, std::vector<Key>* keys) {
    if (change.object().kind() == kind) {
      keys->push_back(change.object().key());
    } else {
      concerned_by_dependent(view, change, kind, keys);
    }
  };
  return controller;
}

Controller replica_set_controller() {
  Controller controller = replica_controller(kinds::kReplicaSet, "replicaset-controller");
  controller.reconcile = reconcile_replica_set;
  return controller;
}

}  // namespace kabuki::controllers
