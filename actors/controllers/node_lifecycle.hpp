#pragma once

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

struct NodeLifecycleOptions {
  /// Without a renewed lease for this long a node's state is unknown.
  io::Duration grace = std::chrono::seconds(40);
  /// How long a pod that says nothing about it stays on a node that is not ready or unreachable.
  io::Duration eviction = std::chrono::seconds(300);
};

/// Returns the next step for one node: its conditions Unknown once it is silent, the taints that follow from its
/// conditions, Ready taken from its pods while it is not ready, and its pods deleted when they no longer tolerate its
/// NoExecute taints. While no node at all is ready nothing is evicted: then it is rather the control plane that is
/// cut off.
Plan reconcile_node_lifecycle(const View& view, const Key& node, const NodeLifecycleOptions& options,
                              const Instant& now);

Controller node_lifecycle_controller(NodeLifecycleOptions options);

}  // namespace kabuki::controllers
