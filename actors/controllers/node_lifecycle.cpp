#include "actors/controllers/node_lifecycle.hpp"

#include <algorithm>
#include <array>

#include "actors/controllers/node_zones.hpp"
#include "actors/controllers/owners.hpp"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/encode.hpp"
#include "messages/field_scan.hpp"
#include "messages/meta.hpp"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;
using actors::Write;

using taints::kNoExecute;
using taints::kNoSchedule;
using taints::kNotReady;
using taints::kUnreachable;
constexpr int kTaints[] = {2, core::NodeSpec::kTaintsFieldNumber};
constexpr std::array<const char*, 4> kReported = {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"};

struct Consequence {
  const char* condition;
  const char* status;
  const char* taint;
};
// Kubernetes' nodeConditionToTaintKeyStatusMap.
constexpr std::array<Consequence, 6> kConsequences = {{
    {"Ready", "False", kNotReady},
    {"Ready", "Unknown", kUnreachable},
    {"MemoryPressure", "True", "node.kubernetes.io/memory-pressure"},
    {"DiskPressure", "True", "node.kubernetes.io/disk-pressure"},
    {"PIDPressure", "True", "node.kubernetes.io/pid-pressure"},
    {"NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"},
}};
constexpr const char* kUnschedulable = "node.kubernetes.io/unschedulable";

const core::NodeCondition* condition(const core::Node& node, std::string_view type) {
  for (const auto& condition : node.status().conditions()) {
    if (condition.type() == type) return &condition;
  }
  return nullptr;
}

std::string ready_of(const core::Node& node) {
  const auto* ready = condition(node, "Ready");
  return ready ? ready->status() : "Unknown";
}

bool has_taint(const core::Node& node, std::string_view key, std::string_view effect) {
  return std::any_of(node.spec().taints().begin(), node.spec().taints().end(),
                     [&](const auto& taint) { return taint.key() == key && taint.effect() == effect; });
}

/// Sets what the kubelet no longer reports to Unknown; true when something changed.
bool mark_silent(core::Node* node, const Instant& now) {
  bool changed = false;
  for (const char* type : kReported) {
    core::NodeCondition* found = nullptr;
    for (auto& condition : *node->mutable_status()->mutable_conditions()) {
      if (condition.type() == type) found = &condition;
    }
    if (found && found->status() == "Unknown") continue;
    changed = true;
    const bool reported = found != nullptr;
    if (!found) {
      found = node->mutable_status()->add_conditions();
      found->set_type(type);
      *found->mutable_lastheartbeattime() = node->metadata().creationtimestamp();
    }
    found->set_status("Unknown");
    found->set_reason(reported ? "NodeStatusUnknown" : "NodeStatusNeverUpdated");
    found->set_message(reported ? "Kubelet stopped posting node status." : "Kubelet never posted node status.");
    *found->mutable_lasttransitiontime() = time_of(now.wall.ns);
  }
  return changed;
}

void want_taint(core::Node* node, const char* key, const char* effect, bool wanted, const Instant& now) {
  auto* taints = node->mutable_spec()->mutable_taints();
  if (!wanted) {
    taints->erase(std::remove_if(taints->begin(), taints->end(),
                                 [&](const auto& taint) { return taint.key() == key && taint.effect() == effect; }),
                  taints->end());
    return;
  }
  if (has_taint(*node, key, effect)) return;
  auto* taint = taints->Add();
  taint->set_key(key);
  taint->set_effect(effect);
  *taint->mutable_timeadded() = time_of(now.wall.ns);
}

/// The taints that follow from the node's conditions and spec; all others are left as they are.
void taint_by_conditions(core::Node* node, const Instant& now) {
  for (const Consequence& one : kConsequences) {
    const auto* found = condition(*node, one.condition);
    want_taint(node, one.taint, kNoSchedule, found && found->status() == one.status, now);
  }
  want_taint(node, kUnschedulable, kNoSchedule, node->spec().unschedulable(), now);
  // What drives pods away comes at the pace of the zone; here it only goes, or changes with the reason.
  const std::string ready = ready_of(*node);
  const bool driven = has_taint(*node, kNotReady, kNoExecute) || has_taint(*node, kUnreachable, kNoExecute);
  want_taint(node, kNotReady, kNoExecute, driven && ready == "False", now);
  want_taint(node, kUnreachable, kNoExecute, driven && ready == "Unknown" && condition(*node, "Ready"), now);
}

bool covers(const core::Toleration& toleration, const core::Taint& taint) {
  if (!toleration.effect().empty() && toleration.effect() != taint.effect()) return false;
  if (!toleration.key().empty() && toleration.key() != taint.key()) return false;
  return toleration.operator_() == "Exists" || toleration.value() == taint.value();
}

/// When the pod has to leave a node with these taints: none is never.
std::optional<io::WallTime> leaves_at(const core::Pod& pod, const core::Node& node,
                                      const NodeLifecycleOptions& options) {
  std::optional<io::WallTime> leaves;
  auto leave = [&](io::WallTime at) { leaves = leaves ? std::min(*leaves, at) : at; };
  for (const core::Taint& taint : node.spec().taints()) {
    if (taint.effect() != kNoExecute) continue;
    const io::WallTime since{taint.timeadded().seconds() * 1'000'000'000};
    bool tolerated = false, forever = false;
    int64_t seconds = INT32_MAX;
    for (const auto& toleration : pod.spec().tolerations()) {
      if (!covers(toleration, taint)) continue;
      tolerated = true;
      if (toleration.has_tolerationseconds()) {
        seconds = std::min(seconds, std::max<int64_t>(0, toleration.tolerationseconds()));
      } else {
        forever = true;
      }
    }
    if (tolerated && forever && seconds == INT32_MAX) continue;
    if (tolerated) {
      leave(since + std::chrono::seconds(seconds));
    } else if (taint.key() == kNotReady || taint.key() == kUnreachable) {
      leave(since + options.eviction);
    } else {
      leave(since);
    }
  }
  return leaves;
}

bool any_node_is_ready(const View& view) {
  return std::any_of(view.all(kinds::kNode).begin(), view.all(kinds::kNode).end(),
                     [](const ObjectPtr& node) { return ready_of(node->as<core::Node>()) == "True"; });
}

/// The pod with its Ready taken away, if it has it.
std::optional<Write> unready(const ObjectPtr& object, const Instant& now) {
  auto pod = object->as<core::Pod>();
  for (auto& condition : *pod.mutable_status()->mutable_conditions()) {
    if (condition.type() != "Ready" || condition.status() != "True") continue;
    condition.set_status("False");
    condition.set_reason("NodeNotReady");
    *condition.mutable_lasttransitiontime() = time_of(now.wall.ns);
    return Write::update_status(*object, pod);
  }
  return std::nullopt;
}

void treat_pods(const View& view, const ObjectPtr& object, const core::Node& node,
                const NodeLifecycleOptions& options, const Instant& now, Plan* plan) {
  const bool ready = ready_of(node) == "True";
  const bool executes = std::any_of(node.spec().taints().begin(), node.spec().taints().end(),
                                    [](const auto& taint) { return taint.effect() == kNoExecute; });
  if (ready && !executes) return;
  const bool may_evict = executes && any_node_is_ready(view);
  for (const ObjectPtr& pod : view.pods_on(object->name())) {
    const PodFacts facts = view.facts(pod);
    if (facts.over() || facts.deleting) continue;
    const auto leaves = executes ? leaves_at(pod->as<core::Pod>(), node, options) : std::nullopt;
    if (leaves && *leaves <= now.wall && may_evict) {
      plan->add(Write::remove(*pod), {pod->key(), std::string(pod->uid()), "TaintManagerEviction",
                                      "Marking for deletion Pod " + pod->key().ns + "/" + pod->key().name, "", ""});
      continue;
    }
    // No node is ready: looked at again when one is, or after a grace period.
    if (leaves) plan->again(*leaves <= now.wall ? options.grace : *leaves - now.wall);
    if (ready || !facts.ready) continue;
    if (auto write = unready(pod, now)) plan->add(std::move(*write));
  }
}

}  // namespace

Plan reconcile_node_lifecycle(const View& view, const Key& key, const NodeLifecycleOptions& options,
                              const Instant& now) {
  if (key == node_zones_key()) return reconcile_node_zones(view, options, now);
  Plan plan;
  const ObjectPtr object = view.find(key);
  if (!object) return plan;
  auto node = object->as<core::Node>();
  // A node that never had a lease counts from when this controller first heard of it.
  const io::MonoTime heard = std::max(view.lease_seen(key.name), view.node_seen(key.name));
  const io::Duration left = heard + options.grace - now.mono;
  if (left > io::Duration(0)) {
    plan.again(left);
  } else if (mark_silent(&node, now)) {
    plan.add(Write::update_status(*object, node),
             {key, std::string(object->uid()), "NodeNotReady", "Node {name} status is now: NodeNotReady", "", ""});
    return plan;
  }
  const std::string before = serialize(node.spec());
  taint_by_conditions(&node, now);
  if (serialize(node.spec()) != before) {
    plan.add(Write::update(*object, node));
    return plan;
  }
  treat_pods(view, object, node, options, now, &plan);
  return plan;
}

Controller node_lifecycle_controller(NodeLifecycleOptions options) {
  Controller controller;
  controller.name = "node-lifecycle-controller";
  controller.watches = {kinds::kNode, kinds::kLease, kinds::kPod};
  controller.indexes = View::kNodes | View::kPods;
  controller.concerns = [](const View& view, const Change& change, std::vector<Key>* keys) {
    const Object& object = change.object();
    if (object.kind() == kinds::kNode) {
      keys->push_back(object.key());
      if (!change.before || !change.after || ZoneNode::of(*change.before) != ZoneNode::of(*change.after)) {
        keys->push_back(node_zones_key());
      }
    } else if (object.kind() == kinds::kLease) {
      // A renewal only moves the deadline, which is looked up when it comes.
      if (object.ns() == "kube-node-lease" && !(change.before && change.after)) {
        keys->push_back({kinds::kNode, "", std::string(object.name())});
      }
    } else if (!change.before || !change.after || node_of_pod(*change.before) != node_of_pod(*change.after)) {
      // Only tainted nodes have something to do with their pods.
      const ObjectPtr node = view.find({kinds::kNode, "", std::string(node_of_pod(object))});
      if (node && !scan_bytes(node->body(), kTaints).empty()) keys->push_back(node->key());
    }
  };
  controller.at_start = {node_zones_key()};
  controller.reconcile = [options](const View& view, const Key& key, const Instant& now) {
    return reconcile_node_lifecycle(view, key, options, now);
  };
  return controller;
}

}  // namespace kabuki::controllers
