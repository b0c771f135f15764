#pragma once

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

struct PodGarbageOptions {
  /// How many pods that are over may lie about; 0 is any number.
  size_t over_most = 12'500;
  /// How often they are counted.
  io::Duration every = std::chrono::seconds(20);
};

/// Pods bound to a node that does not exist, once the store has confirmed that: said to have failed, then deleted
/// without grace. So too those that are ending on a node that is out of service.
Plan reconcile_pods_of_node(const View& view, const Key& node, const Instant& now);

/// A pod that is being deleted and was never bound: no kubelet will let it go.
Plan reconcile_unbound_pod(const View& view, const Key& pod);

/// The oldest of the pods that are over, evicted ones first, as far as there are too many.
Plan reconcile_pods_over(const View& view, const PodGarbageOptions& options);

/// All three, by the kind of the key; pods that are over under the key of no pod. Source: Kubernetes'
/// controller/podgc.
Controller pod_garbage_controller(PodGarbageOptions options = {});

}  // namespace kabuki::controllers
