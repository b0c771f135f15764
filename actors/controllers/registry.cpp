#include "actors/controllers/registry.hpp"

#include "actors/controllers/cluster_classes.hpp"
#include "actors/controllers/cron_job.hpp"
#include "actors/controllers/custom_resource_definition.hpp"
#include "actors/controllers/daemon_set.hpp"
#include "actors/controllers/deployment.hpp"
#include "actors/controllers/disruption.hpp"
#include "actors/controllers/endpoint_slice.hpp"
#include "actors/controllers/endpoint_slice_mirroring.hpp"
#include "actors/controllers/endpoints.hpp"
#include "actors/controllers/event_ttl.hpp"
#include "actors/controllers/garbage_collector.hpp"
#include "actors/controllers/horizontal_pod_autoscaler_actor.hpp"
#include "actors/controllers/job.hpp"
#include "actors/controllers/replica_set.hpp"
#include "actors/controllers/replication_controller.hpp"
#include "actors/controllers/resource_quota.hpp"
#include "actors/controllers/stateful_set.hpp"
#include "actors/controllers/ttl_after_finished.hpp"
#include "actors/controllers/volume_binder.hpp"

namespace kabuki::controllers {

std::vector<runtime::ChildSpec> all_controllers(const RegistryOptions& options) {
  std::vector<runtime::ChildSpec> children;
  auto add = [&](std::string name, Controller controller) {
    runtime::ChildSpec child;
    child.name = std::move(name);
    child.make = [controller = std::move(controller), common = options.common] {
      return make_controller(controller, common);
    };
    children.push_back(std::move(child));
  };
  add("namespace", namespace_controller());
  add("cluster-classes", cluster_classes_controller());
  add("service-account", service_account_controller(options.authority_pem));
  add("kubernetes-service", kubernetes_service_controller(options.kubernetes_service));
  add("custom-resource-definition", custom_resource_definition_controller());
  add("node-ipam", node_ipam_controller(options.node_ipam));
  add("node-lifecycle", node_lifecycle_controller(options.node_lifecycle));
  add("deployment", deployment_controller());
  add("replica-set", replica_set_controller());
  add("stateful-set", stateful_set_controller());
  add("replication-controller", replication_controller());
  add("daemon-set", daemon_set_controller());
  add("job", job_controller());
  add("cron-job", cron_job_controller());
  add("ttl-after-finished", ttl_after_finished_controller());
  add("disruption", disruption_controller());
  add("endpoints", endpoints_controller());
  add("endpoint-slice", endpoint_slice_controller());
  add("endpoint-slice-mirroring", endpoint_slice_mirroring_controller());
  add("resource-quota", resource_quota_controller());
  add("volume-binder", volume_binder_controller());
  add("volume-protection", volume_protection_controller());
  add("garbage-collector", garbage_collector());
  add("pod-garbage", pod_garbage_controller(options.pod_garbage));
  add("event-ttl", event_ttl_controller(options.event_life));
  runtime::ChildSpec autoscaler;
  autoscaler.name = "horizontal-pod-autoscaler";
  autoscaler.make = [common = options.common, own = options.autoscaler] { return make_autoscaler(common, own); };
  children.push_back(std::move(autoscaler));
  return children;
}

}  // namespace kabuki::controllers
