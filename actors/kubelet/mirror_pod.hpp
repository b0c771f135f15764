#pragma once

#include <string>
#include <string_view>

#include "actors/kubelet/lifecycle/view.hpp"
#include "actors/kubelet/node_status.hpp"
#include "messages/bus/control.pb.h"
#include "messages/object.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::kubelet {

/// Kubernetes' mark of a pod that shows what a kubelet runs by itself.
inline constexpr std::string_view kMirrorAnnotation = "kubernetes.io/config.mirror";
inline constexpr std::string_view kMirrorNamespace = "kube-system";

bool is_mirror_pod(const Object& pod);

/// The pod that shows a component of the control plane on `node`, named `<component>-<node>`, without status: a
/// container per actor below the component, or one for itself where it has none. `component`: as it was inspected.
PodMessage mirror_pod(const bus::ActorInfo& component, const NodeMessage& node);
/// Whether `recorded` shows the same actors as `wanted`; else it is to be deleted and made anew.
bool same_actors(const PodMessage& wanted, const PodMessage& recorded);
/// The status of `recorded` after the actors as they are now: ready is what runs, restarts are their supervisor's. A
/// container that was restarted has its former life as its last state. `address` is the node's.
PodStatusMessage mirror_status(const PodMessage& recorded, const bus::ActorInfo& component,
                               const std::string& address, io::WallTime now);

}  // namespace kabuki::kubelet
