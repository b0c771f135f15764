#pragma once

#include <cstdint>
#include <string>

#include "actors/kubelet/lifecycle/state.hpp"
#include "actors/kubelet/lifecycle/view.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::kubelet {

/// The resizing of a running pod in place. What a container was given stands in its recorded status; the node has to
/// be asked before it gets anything else. Source: Kubernetes' kubelet, allocation manager.

inline constexpr const char* kResizePending = "PodResizePending";
inline constexpr const char* kResizeInProgress = "PodResizeInProgress";

/// Whether two containers have the same, as amounts: "1" is "1000m".
bool same_resources(const ::k8s::io::api::core::v1::ResourceRequirements& a,
                    const ::k8s::io::api::core::v1::ResourceRequirements& b);
bool same_allocation(const ::k8s::io::api::core::v1::ContainerStatus& a,
                     const ::k8s::io::api::core::v1::ContainerStatus& b);

/// Whether the pod asks for other resources than it was given, and its node has said nothing of that yet.
bool wants_resize(const PodView& pod, const PodState& state);

/// Whether a running container is to be restarted so that it gets what it was granted: by its resizePolicy.
bool resize_restarts(const PodView& pod, const PodState& state, size_t container);

/// What a container may use: what it was given, whatever its spec asks for meanwhile.
const ::k8s::io::api::core::v1::ResourceRequirements& resources_in_force(const PodView& pod, size_t container);

/// Says in a container's status what it was given (allocatedResources) and what it has (resources).
void tell_resources(const PodView& pod, const PodState& state, size_t container, bool running,
                    ::k8s::io::api::core::v1::ContainerStatus* out);

/// Adds PodResizePending, while the node refuses, and PodResizeInProgress, while a container has not got yet what it
/// was granted.
void tell_resize(const PodView& pod, const PodState& state, io::WallTime now, PodStatusMessage* status);

/// Amounts of what nodes give.
struct Room {
  int64_t cpu_milli = 0;
  int64_t memory_bytes = 0;
  bool operator==(const Room&) const = default;
};

/// Whether a pod asks for other amounts than it is recorded to have.
bool asks_for_resize(const PodMessage& pod);
/// The order in which pods that ask are tried: first who asks for no more than it was given, then by priority, then
/// Guaranteed before others, then who has been pending longest; a total order.
bool is_resized_before(const PodMessage& a, const PodMessage& b);

/// What a pod requests by its spec, and what it was given: as far as it differs from the spec and is recorded.
Room requested_room(const PodMessage& pod);
Room given_room(const PodMessage& pod);

/// Whether a node that has `capacity`, of which others use `used`, can give `requested`; worded as Kubernetes does.
/// `generation` of the verdict is left to the caller.
ResizeVerdict judge_resize(const Room& requested, const Room& used, const Room& capacity);

}  // namespace kabuki::kubelet
