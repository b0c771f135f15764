#include "actors/api_server/table/printer.hpp"

#include <map>

#include "messages/meta.hpp"
#include "messages/time_format.hpp"
#include "messages/versions.hpp"

namespace kabuki::api_server::table {
namespace {

Row plain_row(const google::protobuf::Message& object, io::WallTime) {
  const ObjectMeta& meta = meta_of(object);
  return {{meta.name(), format_time(meta.creationtimestamp().seconds())}, {}};
}

Printer plain_printer() {
  Column created{"Created At", "date"};
  created.description = "When the object was created.";
  return {{name_column(), created}, plain_row};
}

std::map<KindId, Printer> make_printers() {
  return {
      {kinds::kPod, pod_printer()},
      {kinds::kNode, node_printer()},
      {kinds::kNamespace, namespace_printer()},
      {kinds::kConfigMap, config_map_printer()},
      {kinds::kSecret, secret_printer()},
      {kinds::kService, service_printer()},
      {kinds::kServiceAccount, service_account_printer()},
      {kinds::kEvent, event_printer()},
      {kinds::kLease, lease_printer()},
      {kinds::kDeployment, deployment_printer()},
      {kinds::kReplicaSet, replica_set_printer()},
      {kinds::kReplicationController, replication_controller_printer()},
      {kinds::kDaemonSet, daemon_set_printer()},
      {kinds::kStatefulSet, stateful_set_printer()},
      {kinds::kPodTemplate, pod_template_printer()},
      {kinds::kControllerRevision, controller_revision_printer()},
      {kinds::kJob, job_printer()},
      {kinds::kCronJob, cron_job_printer()},
      {kinds::kHorizontalPodAutoscaler, autoscaler_printer()},
      {kinds::kPodDisruptionBudget, disruption_budget_printer()},
      {kinds::kResourceQuota, resource_quota_printer()},
      {kinds::kEndpoints, endpoints_printer()},
      {kinds::kEndpointSlice, endpoint_slice_printer()},
      {kinds::kIngress, ingress_printer()},
      {kinds::kIngressClass, ingress_class_printer()},
      {kinds::kNetworkPolicy, network_policy_printer()},
      {kinds::kIPAddress, ip_address_printer()},
      {kinds::kServiceCIDR, service_cidr_printer()},
      {kinds::kPersistentVolume, volume_printer()},
      {kinds::kPersistentVolumeClaim, volume_claim_printer()},
      {kinds::kStorageClass, storage_class_printer()},
      {kinds::kVolumeAttachment, volume_attachment_printer()},
      {kinds::kVolumeAttributesClass, volume_attributes_class_printer()},
      {kinds::kCSIDriver, csi_driver_printer()},
      {kinds::kCSINode, csi_node_printer()},
      {kinds::kCSIStorageCapacity, csi_capacity_printer()},
      {kinds::kRoleBinding, role_binding_printer()},
      {kinds::kClusterRoleBinding, cluster_role_binding_printer()},
      {kinds::kPriorityClass, priority_class_printer()},
      {kinds::kRuntimeClass, runtime_class_printer()},
      {kinds::kCertificateSigningRequest, signing_request_printer()},
      {kinds::kFlowSchema, flow_schema_printer()},
      {kinds::kPriorityLevelConfiguration, priority_level_printer()},
      {kinds::kMutatingWebhookConfiguration, mutating_webhook_printer()},
      {kinds::kValidatingWebhookConfiguration, validating_webhook_printer()},
      {kinds::kMutatingAdmissionPolicy, mutating_policy_printer()},
      {kinds::kValidatingAdmissionPolicy, validating_policy_printer()},
      {kinds::kMutatingAdmissionPolicyBinding, mutating_policy_binding_printer()},
      {kinds::kValidatingAdmissionPolicyBinding, validating_policy_binding_printer()},
      {kinds::kAPIService, api_service_printer()},
      {kinds::kDeviceClass, device_class_printer()},
      {kinds::kResourceClaim, resource_claim_printer()},
      {kinds::kResourceClaimTemplate, resource_claim_template_printer()},
      {kinds::kResourceSlice, resource_slice_printer()},
      {kinds::kComponentStatus, component_status_printer()},
      {kinds::kNodeMetrics, node_metrics_printer()},
      {kinds::kPodMetrics, pod_metrics_printer()},
  };
}

}  // namespace

Column name_column() {
  return {"Name", "string", "Name is unique within a namespace, and within the cluster for kinds without one.", false,
          true};
}

Column age_column() { return {"Age", "string", "Time since the object was created."}; }

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) {
    if (&part != &parts.front()) out += ',';
    out += part;
  }
  return out;
}

const Printer& printer_of(const Kind& kind) {
  static const std::map<KindId, Printer> printers = make_printers();
  static const Printer plain = plain_printer();
  auto found = printers.find(kind.id);
  return found == printers.end() ? plain : found->second;
}

}  // namespace kabuki::api_server::table
