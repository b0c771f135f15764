#pragma once

#include <string>
#include <vector>

#include "actors/controllers/controller.hpp"
#include "messages/api/policy/v1/pod_disruption_budget.pb.h"

namespace kabuki::controllers {

using DisruptionBudget = ::k8s::io::api::policy::v1::PodDisruptionBudget;

/// How long an eviction may take from its permit to the pod's deletion; a pod that lives on is counted again then. As
/// long a pod may say of itself that it is about to be disrupted.
inline constexpr io::Duration kDisruptionTakes = std::chrono::minutes(2);

/// Returns what a budget's status lacks: how many pods it expects, needs and has, how many may be evicted, which
/// evictions are under way. Where the scale of an owner is not to be had nothing may be evicted, and condition
/// DisruptionAllowed says why. Source: Kubernetes' controller/disruption.
Plan reconcile_disruption_budget(const View& view, const Key& budget, const Instant& now);

/// Takes condition DisruptionTarget back from a pod that was to be disrupted and still lives.
Plan reconcile_disruption_target(const View& view, const Key& pod, const Instant& now);

/// Both, each under the keys of its kind.
Controller disruption_controller();

/// Pods of the budget's namespace that its selector matches; all of them by an empty one, none without one.
std::vector<ObjectPtr> pods_of_budget(const View& view, const DisruptionBudget& budget);

}  // namespace kabuki::controllers
