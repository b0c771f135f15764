#pragma once

#include "actors/scheduler/pod_demand.hpp"
#include "messages/object.hpp"

namespace kabuki::scheduler {

/// What a pod counts on its node while its resources are changed in place: of each resource the most of what it asks
/// for, was given and has, or, once its kubelet has said that it can never have it, of the last two alone. `of_spec`
/// where that is no other. Source: Kubernetes, component-helpers/resource PodRequests with UseStatusResources.
DemandPtr demand_while_resized(const Object& pod, const DemandPtr& of_spec);

}  // namespace kabuki::scheduler
