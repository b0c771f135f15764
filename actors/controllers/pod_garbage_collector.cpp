#include "actors/controllers/pod_garbage_collector.hpp"

#include <algorithm>
#include <tuple>

#include "actors/controllers/owners.hpp"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/field_scan.hpp"
#include "messages/meta.hpp"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;
using actors::Write;

constexpr const char* kOutOfService = "node.kubernetes.io/out-of-service";
constexpr int kPhase[] = {3, core::PodStatus::kPhaseFieldNumber};
constexpr int kReason[] = {3, core::PodStatus::kReasonFieldNumber};
constexpr int kCreated[] = {1, 8, 1};
constexpr int kTaints[] = {2, core::NodeSpec::kTaintsFieldNumber};
constexpr size_t kWritesPerPlan = 500;

bool is_over(const Object& pod) {
  const auto phase = scan_bytes(pod.body(), kPhase);
  return phase == "Succeeded" || phase == "Failed";
}

Write remove_at_once(const Object& pod) {
  Write remove = Write::remove(pod);
  remove.grace_seconds = 0;
  return remove;
}

/// What nobody can say any more: that it has failed. `orphaned`: since its node is gone.
Write fail(const Object& object, bool orphaned, const Instant& now) {
  auto pod = object.as<core::Pod>();
  pod.mutable_status()->set_phase("Failed");
  if (!orphaned) return Write::update_status(object, pod);
  core::PodCondition* target = nullptr;
  for (auto& condition : *pod.mutable_status()->mutable_conditions()) {
    if (condition.type() == "DisruptionTarget") target = &condition;
  }
  if (!target) target = pod.mutable_status()->add_conditions();
  if (target->status() != "True") *target->mutable_lasttransitiontime() = time_of(now.wall.ns);
  target->set_type("DisruptionTarget");
  target->set_status("True");
  target->set_reason("DeletionByPodGC");
  target->set_message("PodGC: node no longer exists");
  return Write::update_status(object, pod);
}

void end(const ObjectPtr& pod, bool orphaned, const Instant& now, Plan* plan) {
  if (plan->steps.size() < kWritesPerPlan)
    plan->add(is_over(*pod) ? remove_at_once(*pod) : fail(*pod, orphaned, now));
}

bool is_out_of_service(const Object& object) {
  if (scan_bytes(object.body(), kTaints).empty()) return false;
  const auto node = object.as<core::Node>();
  for (const auto& condition : node.status().conditions()) {
    if (condition.type() == "Ready" && condition.status() == "True") return false;
  }
  return std::any_of(node.spec().taints().begin(), node.spec().taints().end(),
                     [](const auto& taint) { return taint.key() == kOutOfService; });
}

bool is_unbound_and_ending(const Object& pod) { return is_being_deleted(pod) && node_of_pod(pod).empty(); }

const Key kPodsOver{kinds::kPod, "", ""};

void concerned(const View& view, const Change& change, std::vector<Key>* keys) {
  const Object& object = change.object();
  if (object.kind() == kinds::kNode) {
    if (!change.after || is_out_of_service(object)) keys->push_back(object.key());
    return;
  }
  if (!change.after) return;
  if (is_unbound_and_ending(object)) keys->push_back(object.key());
  const auto on = node_of_pod(object);
  if (on.empty()) return;
  Key node{kinds::kNode, "", std::string(on)};
  const ObjectPtr found = view.find(node);
  if (!found || (is_being_deleted(object) && is_out_of_service(*found))) keys->push_back(std::move(node));
}

}  // namespace

Plan reconcile_pods_of_node(const View& view, const Key& key, const Instant& now) {
  Plan plan;
  const ObjectPtr node = view.find(key);
  if (node && !is_out_of_service(*node)) return plan;
  for (const ObjectPtr& pod : view.pods_on(key.name)) {
    if (!node || is_being_deleted(*pod)) end(pod, !node, now, &plan);
  }
  if (!node && !plan.empty()) plan.only_if_gone.push_back({key, ""});
  return plan;
}

Plan reconcile_unbound_pod(const View& view, const Key& key) {
  Plan plan;
  const ObjectPtr pod = view.find(key);
  if (pod && is_unbound_and_ending(*pod)) {
    Write remove = remove_at_once(*pod);
    // It may be bound meanwhile: then its kubelet ends it.
    remove.expected_revision = pod->revision();
    plan.add(std::move(remove));
  }
  return plan;
}

Plan reconcile_pods_over(const View& view, const PodGarbageOptions& options) {
  Plan plan;
  if (options.over_most == 0) return plan;
  plan.again(options.every);
  if (view.all(kinds::kPod).size() <= options.over_most) return plan;
  std::vector<std::tuple<bool, uint64_t, ObjectPtr>> over;  // evicted ones first, then by age, then by name
  for (const ObjectPtr& pod : view.all(kinds::kPod)) {
    if (!is_over(*pod)) continue;
    const bool evicted = scan_bytes(pod->body(), kReason) == "Evicted";
    over.emplace_back(!evicted, scan_varint(pod->body(), kCreated).value_or(0), pod);
  }
  if (over.size() <= options.over_most) return plan;
  std::stable_sort(over.begin(), over.end(), [](const auto& a, const auto& b) {
    return std::tie(std::get<0>(a), std::get<1>(a)) < std::tie(std::get<0>(b), std::get<1>(b));
  });
  over.resize(std::min(over.size() - options.over_most, kWritesPerPlan));
  for (const auto& [kept, created, pod] : over) {
    // One that is held by a finalizer counts, but has been asked to go already.
    if (!is_being_deleted(*pod)) plan.add(remove_at_once(*pod));
  }
  return plan;
}

Controller pod_garbage_controller(PodGarbageOptions options) {
  Controller controller;
  controller.name = "pod-garbage-collector";
  controller.watches = {kinds::kNode, kinds::kPod};
  controller.indexes = View::kNodes;
  controller.concerns = concerned;
  controller.at_start = {kPodsOver};
  controller.reconcile = [options](const View& view, const Key& key, const Instant& now) {
    if (key.kind == kinds::kNode) return reconcile_pods_of_node(view, key, now);
    return key == kPodsOver ? reconcile_pods_over(view, options) : reconcile_unbound_pod(view, key);
  };
  return controller;
}

}  // namespace kabuki::controllers
