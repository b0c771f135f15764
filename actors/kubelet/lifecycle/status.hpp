#pragma once

#include <string>

#include "actors/kubelet/lifecycle/state.hpp"
#include "actors/kubelet/lifecycle/view.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::kubelet {

/// The pod's status as Kubernetes writes it, from what the kubelet knows. `pod.message` carries the status recorded
/// before: conditions that are not the kubelet's are kept as they are, and a condition that does not change keeps the
/// time of its last transition, so that the same state gives the same bytes. `host_ip` is the node's address.
PodStatusMessage build_status(const PodView& pod, const PodState& state, const std::string& host_ip,
                              io::WallTime now);

/// What is known of a pod from its recorded status alone: where a kubelet goes on that has just started. Containers
/// recorded as running are running; `ip` is the caller's to give.
PodState restore(const PodView& pod);

/// Pending, Running, Succeeded or Failed, from the statuses of the containers. `over`: nothing is started again.
/// Source: Kubernetes, getPhase of its kubelet.
std::string phase_of(const PodView& pod, const PodStatusMessage& status, bool over);

/// Adds the condition DisruptionTarget of a pod that its kubelet evicts, once.
void set_disruption(const PodView& pod, const std::string& why, io::WallTime now, PodStatusMessage* status);

/// Sets the five conditions that are the kubelet's behind those that are not. `status` has its phase, its containers
/// and the conditions of others. Source: Kubernetes, pkg/kubelet/status/generate.go.
void set_conditions(const PodView& pod, bool sandbox_ready, io::WallTime now, PodStatusMessage* status);

}  // namespace kabuki::kubelet
