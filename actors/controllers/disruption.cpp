#include "actors/controllers/disruption.hpp"

#include <algorithm>
#include <map>

#include "actors/controllers/owned_scale.hpp"
#include "actors/controllers/owners.hpp"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/conditions.hpp"
#include "messages/encode.hpp"
#include "messages/field_scan.hpp"
#include "messages/int_or_string.hpp"
#include "messages/meta.hpp"
#include "messages/selectors.hpp"
#include "messages/wire.hpp"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;
using actors::Write;
using Status = ::k8s::io::api::policy::v1::PodDisruptionBudgetStatus;

constexpr const char* kTarget = "DisruptionTarget";
constexpr const char* kByKubelet = "TerminationByKubelet";

/// What a budget counts on; `error` where that cannot be said.
struct Expectation {
  int32_t pods = 0;
  int32_t healthy = 0;
  std::string error;
};

io::WallTime ends(const ::k8s::io::apimachinery::pkg::apis::meta::v1::Time& began) {
  return io::WallTime{began.seconds() * 1'000'000'000} + kDisruptionTakes;
}

/// The sum of what the owners of `pods` ask for; pods without an owner do not count.
Expectation scale_of_owners(const View& view, const std::vector<ObjectPtr>& pods) {
  Expectation expected;
  std::map<std::string, int32_t, std::less<>> by_owner;
  std::map<std::string, std::string, std::less<>> known;  // who controls a pod -> whose scale it is
  for (const ObjectPtr& pod : pods) {
    const auto owners = owners_of(*pod);
    const Owner* controller = controller_in(owners);
    if (!controller || known.contains(controller->uid)) continue;
    OwnedScale scale = owned_scale(view, *controller, pod->ns());
    if (scale.error.empty() && scale.uid.empty()) {
      scale.error = "found no controllers for pod \"" + std::string(pod->name()) + "\"";
    }
    if (!scale.error.empty()) return {0, 0, std::move(scale.error)};
    known.emplace(controller->uid, scale.uid);
    by_owner[scale.uid] = scale.replicas;
  }
  for (const auto& [uid, replicas] : by_owner) expected.pods += replicas;
  return expected;
}

Expectation expectation(const View& view, const DisruptionBudget& budget, const std::vector<ObjectPtr>& pods) {
  const auto& spec = budget.spec();
  if (spec.has_maxunavailable()) {
    Expectation expected = scale_of_owners(view, pods);
    if (!expected.error.empty()) return expected;
    const auto most = scaled_value(spec.maxunavailable(), expected.pods, Rounding::up);
    if (!most.ok()) return {0, 0, most.error().message};
    expected.healthy = std::max(0, expected.pods - *most);
    return expected;
  }
  if (!spec.has_minavailable()) return {};
  if (spec.minavailable().type() == 0) return {static_cast<int32_t>(pods.size()), spec.minavailable().intval(), ""};
  Expectation expected = scale_of_owners(view, pods);
  if (!expected.error.empty()) return expected;
  const auto least = scaled_value(spec.minavailable(), expected.pods, Rounding::up);
  if (!least.ok()) return {0, 0, least.error().message};
  expected.healthy = *least;
  return expected;
}

/// One reconcile of one budget.
class Reconcile {
 public:
  Reconcile(const View& view, const ObjectPtr& object, const Instant& now)
      : view_(view), object_(object), budget_(object->as<DisruptionBudget>()), now_(now) {}

  Plan run() {
    const auto pods = pods_of_budget(view_, budget_);
    Status status = budget_.status();
    const Expectation expected = expectation(view_, budget_, pods);
    if (!expected.error.empty()) {
      status.set_disruptionsallowed(0);
      condition("SyncFailed", false, expected.error, &status);
      write(status);
      if (!plan_.empty()) {
        say("Warning", "CalculateExpectedPodCountFailed",
            "Failed to calculate the number of expected pods: " + expected.error);
      }
      return std::move(plan_);
    }
    status.clear_disruptedpods();
    int32_t healthy = 0;
    for (const ObjectPtr& pod : pods) healthy += is_healthy(pod, &status);
    const bool may = expected.pods > 0 && healthy > expected.healthy;
    status.set_disruptionsallowed(may ? healthy - expected.healthy : 0);
    status.set_currenthealthy(healthy);
    status.set_desiredhealthy(expected.healthy);
    status.set_expectedpods(expected.pods);
    status.set_observedgeneration(budget_.metadata().generation());
    condition(may ? "SufficientPods" : "InsufficientPods", may, "", &status);
    write(status);
    if (!plan_.empty() && pods.empty()) say("Normal", "NoPods", "No matching pods found");
    return std::move(plan_);
  }

 private:
  /// Counts a pod unless it goes; evictions that are still under way stay noted.
  bool is_healthy(const ObjectPtr& pod, Status* status) {
    const PodFacts facts = view_.facts(pod);
    if (facts.deleting) return false;
    const std::string name(pod->name());
    const auto& before = budget_.status().disruptedpods();
    auto it = before.find(name);
    if (it == before.end()) return facts.ready;
    const io::WallTime end = ends(it->second);
    if (end < now_.wall) {
      plan_.events.push_back({pod->key(), std::string(pod->uid()), "Warning", "NotDeleted",
                              "Pod was expected by PDB " + std::string(object_->ns()) + "/" +
                                  std::string(object_->name()) + " to be deleted but it wasn't"});
      return facts.ready;
    }
    (*status->mutable_disruptedpods())[name] = it->second;
    // At the very second it still counts as under way.
    plan_.again(end - now_.wall + std::chrono::nanoseconds(1));
    return false;
  }

  void condition(const char* reason, bool allowed, std::string message, Status* status) const {
    set_condition({.type = "DisruptionAllowed",
                   .status = allowed ? "True" : "False",
                   .reason = reason,
                   .message = std::move(message),
                   .observed_generation = status->observedgeneration()},
                  now_.wall.ns, status->mutable_conditions());
  }

  void write(const Status& status) {
    if (serialize(status) == serialize(budget_.status())) return;
    auto updated = budget_;
    *updated.mutable_status() = status;
    plan_.add(Write::update_status(*object_, updated));
  }

  void say(const char* type, const char* reason, std::string message) {
    plan_.events.push_back({object_->key(), std::string(object_->uid()), type, reason, std::move(message)});
  }

  const View& view_;
  const ObjectPtr object_;
  const DisruptionBudget budget_;
  const Instant now_;
  Plan plan_;
};

core::PodCondition* target_of(core::Pod* pod) {
  for (auto& condition : *pod->mutable_status()->mutable_conditions()) {
    if (condition.type() == kTarget) return &condition;
  }
  return nullptr;
}

/// Cheap enough to be asked of every change of a pod.
bool is_target(const Object& pod) {
  constexpr int kStatus[] = {3};
  constexpr int kType[] = {core::PodCondition::kTypeFieldNumber};
  constexpr int kValue[] = {core::PodCondition::kStatusFieldNumber};
  wire::Reader reader(scan_bytes(pod.body(), kStatus));
  while (reader.next()) {
    if (reader.number() != core::PodStatus::kConditionsFieldNumber) continue;
    if (scan_bytes(reader.bytes(), kType) == kTarget && scan_bytes(reader.bytes(), kValue) == "True") return true;
  }
  return false;
}

void add_budgets(const View& view, const Object& pod, std::vector<Key>* keys) {
  for (const ObjectPtr& object : view.in_namespace(kinds::kPodDisruptionBudget, pod.ns())) {
    const auto budget = object->as<DisruptionBudget>();
    if (!budget.spec().has_selector()) continue;
    const auto selector = LabelSelector::from_message(budget.spec().selector());
    if (selector.ok() && selector->matches_object(pod)) keys->push_back(object->key());
  }
}

}  // namespace

std::vector<ObjectPtr> pods_of_budget(const View& view, const DisruptionBudget& budget) {
  if (!budget.spec().has_selector()) return {};
  const auto selector = LabelSelector::from_message(budget.spec().selector());
  if (!selector.ok()) return {};
  auto pods = view.in_namespace(kinds::kPod, budget.metadata().namespace_());
  std::erase_if(pods, [&](const ObjectPtr& pod) { return !selector->matches_object(*pod); });
  return pods;
}

Plan reconcile_disruption_budget(const View& view, const Key& key, const Instant& now) {
  const ObjectPtr object = view.find(key);
  return object ? Reconcile(view, object, now).run() : Plan();
}

Plan reconcile_disruption_target(const View& view, const Key& key, const Instant& now) {
  Plan plan;
  const ObjectPtr object = view.find(key);
  if (!object || !is_target(*object)) return plan;
  auto pod = object->as<core::Pod>();
  core::PodCondition* target = target_of(&pod);
  const std::string& phase = pod.status().phase();
  if (pod.metadata().has_deletiontimestamp() || phase == "Succeeded" || phase == "Failed") return plan;
  // A kubelet may take its time to end a pod.
  if (target->reason() == kByKubelet) return plan;
  const io::Duration left = ends(target->lasttransitiontime()) - now.wall;
  if (left > io::Duration(0)) {
    plan.again(left);
    return plan;
  }
  target->set_status("False");
  *target->mutable_lasttransitiontime() = time_of(now.wall.ns);
  plan.add(Write::update_status(*object, pod));
  return plan;
}

Controller disruption_controller() {
  Controller controller;
  controller.name = "disruption-controller";
  controller.watches = {kinds::kPodDisruptionBudget, kinds::kPod};
  controller.sleeps_without = 1;
  for (const KindId kind : scaled_kinds()) controller.watches.push_back(kind);
  controller.concerns = [](const View& view, const Change& change, std::vector<Key>* keys) {
    const Object& object = change.object();
    if (object.kind() == kinds::kPodDisruptionBudget) {
      keys->push_back(object.key());
    } else if (object.kind() == kinds::kPod) {
      if (change.after && is_target(object)) keys->push_back(object.key());
      if (change.before) add_budgets(view, *change.before, keys);
      if (change.after) add_budgets(view, *change.after, keys);
    } else if (scale_changed(change)) {
      for (const ObjectPtr& budget : view.in_namespace(kinds::kPodDisruptionBudget, object.ns())) {
        keys->push_back(budget->key());
      }
    }
  };
  controller.confirms_views = true;
  controller.reconcile = [](const View& view, const Key& key, const Instant& now) {
    return key.kind == kinds::kPod ? reconcile_disruption_target(view, key, now)
                                   : reconcile_disruption_budget(view, key, now);
  };
  return controller;
}

}  // namespace kabuki::controllers
