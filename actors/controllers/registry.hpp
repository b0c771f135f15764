#pragma once

#include <string>
#include <vector>

#include "actors/controllers/controller_actor.hpp"
#include "actors/controllers/horizontal_pod_autoscaler.hpp"
#include "actors/controllers/kubernetes_service.hpp"
#include "actors/controllers/namespaces.hpp"
#include "actors/controllers/node_ipam.hpp"
#include "actors/controllers/node_lifecycle.hpp"
#include "actors/controllers/pod_garbage_collector.hpp"
#include "runtime/supervisor.hpp"

namespace kabuki::controllers {

struct RegistryOptions {
  ControllerOptions common;
  /// The cluster's certificate authority, for ConfigMap kube-root-ca.crt.
  std::string authority_pem;
  NodeLifecycleOptions node_lifecycle;
  NodeIpamOptions node_ipam;
  PodGarbageOptions pod_garbage;
  KubernetesService kubernetes_service;
  io::Duration event_life = std::chrono::hours(1);
  AutoscalerOptions autoscaler;
};

/// Every controller there is, one line each: the children of the supervisor `controllers`.
std::vector<runtime::ChildSpec> all_controllers(const RegistryOptions& options);

}  // namespace kabuki::controllers
