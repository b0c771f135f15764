#pragma once

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

struct NodeLifecycleOptions {
  /// Without a renewed lease for this long a node's state is unknown.
  io::Duration grace = std::chrono::seconds(40);
  /// How long a pod that says nothing about it stays on a node that is not ready or unreachable.
  io::Duration eviction = std::chrono::seconds(300);
  /// In a zone one node at a time gets the taint that drives its pods away, no sooner than this after the one before
  /// (Kubernetes: --node-eviction-rate 0.1/s).
  io::Duration taint_every = std::chrono::seconds(10);
  /// The same where this share of a zone's nodes is not ready (--secondary-node-eviction-rate 0.01/s), if the zone
  /// has more than `large_zone` nodes; else none.
  io::Duration taint_every_when_disrupted = std::chrono::seconds(100);
  double unhealthy_threshold = 0.55;
  int large_zone = 50;
};

namespace taints {
inline constexpr const char* kNotReady = "node.kubernetes.io/not-ready";
inline constexpr const char* kUnreachable = "node.kubernetes.io/unreachable";
inline constexpr const char* kNoSchedule = "NoSchedule";
inline constexpr const char* kNoExecute = "NoExecute";
}  // namespace taints

/// Returns the next step for one node: its conditions Unknown once it is silent, the taints that follow from its
/// conditions (node_zones.hpp gives the first NoExecute), Ready taken from its pods while it is not ready, and its
/// pods deleted when they no longer tolerate its NoExecute taints. While no node at all is ready nothing is evicted:
/// then it is rather the control plane that is cut off.
Plan reconcile_node_lifecycle(const View& view, const Key& node, const NodeLifecycleOptions& options,
                              const Instant& now);

Controller node_lifecycle_controller(NodeLifecycleOptions options);

}  // namespace kabuki::controllers
