#pragma once

#include <vector>

#include "actors/kubelet/lifecycle/state.hpp"
#include "actors/kubelet/lifecycle/view.hpp"

namespace kabuki::kubelet {

/// What is to be told of a resize once `next` is recorded in the place of the pod's status: ResizeDeferred and
/// ResizeInfeasible when the node's answer is another one than was recorded, ResizeStarted, ResizeCompleted. It
/// follows from the two statuses alone, so that a kubelet that starts anew tells nothing twice.
/// Source: Kubernetes' kubelet, events/resize.go and allocation manager.
std::vector<Note> resize_notes(const PodView& pod, const PodStatusMessage& next);

}  // namespace kabuki::kubelet
