#include "messages/kinds_table.hpp"

#include <algorithm>
#include <cassert>
#include <google/protobuf/descriptor.h>
#include <utility>

#include "messages/api/admissionregistration/v1/mutating_policy.pb.h"
#include "messages/api/admissionregistration/v1/mutating_webhook.pb.h"
#include "messages/api/admissionregistration/v1/validating_policy.pb.h"
#include "messages/api/admissionregistration/v1/validating_webhook.pb.h"
#include "messages/api/apiextensions/v1/custom_resource_definition.pb.h"
#include "messages/api/apiregistration/v1/api_service.pb.h"
#include "messages/api/apps/v1/controller_revision.pb.h"
#include "messages/api/apps/v1/daemon_set.pb.h"
#include "messages/api/apps/v1/deployment.pb.h"
#include "messages/api/apps/v1/replica_set.pb.h"
#include "messages/api/apps/v1/stateful_set.pb.h"
#include "messages/api/authentication/v1/self_subject_review.pb.h"
#include "messages/api/authorization/v1/self_subject_rules_review.pb.h"
#include "messages/api/authorization/v1/subject_access_review.pb.h"
#include "messages/api/autoscaling/v1/horizontal_pod_autoscaler.pb.h"
#include "messages/api/autoscaling/v2/horizontal_pod_autoscaler.pb.h"
#include "messages/api/batch/v1/cron_job.pb.h"
#include "messages/api/batch/v1/job.pb.h"
#include "messages/api/certificates/v1/certificate_signing_request.pb.h"
#include "messages/api/coordination/v1/lease.pb.h"
#include "messages/api/core/v1/binding.pb.h"
#include "messages/api/core/v1/component_status.pb.h"
#include "messages/api/core/v1/config_map.pb.h"
#include "messages/api/core/v1/endpoints.pb.h"
#include "messages/api/core/v1/event.pb.h"
#include "messages/api/core/v1/limit_range.pb.h"
#include "messages/api/core/v1/namespace.pb.h"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/persistent_volume.pb.h"
#include "messages/api/core/v1/persistent_volume_claim.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/core/v1/pod_template_kind.pb.h"
#include "messages/api/core/v1/replication_controller.pb.h"
#include "messages/api/core/v1/resource_quota.pb.h"
#include "messages/api/core/v1/secret.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/api/core/v1/service_account.pb.h"
#include "messages/api/discovery/v1/endpoint_slice.pb.h"
#include "messages/api/events/v1/event.pb.h"
#include "messages/api/flowcontrol/v1/flow_schema.pb.h"
#include "messages/api/flowcontrol/v1/priority_level_configuration.pb.h"
#include "messages/api/metrics/v1beta1/node_metrics.pb.h"
#include "messages/api/metrics/v1beta1/pod_metrics.pb.h"
#include "messages/api/networking/v1/ingress.pb.h"
#include "messages/api/networking/v1/ingress_class.pb.h"
#include "messages/api/networking/v1/ip_address.pb.h"
#include "messages/api/networking/v1/network_policy.pb.h"
#include "messages/api/networking/v1/service_cidr.pb.h"
#include "messages/api/node/v1/runtime_class.pb.h"
#include "messages/api/options.pb.h"
#include "messages/api/policy/v1/pod_disruption_budget.pb.h"
#include "messages/api/rbac/v1/role.pb.h"
#include "messages/api/rbac/v1/role_binding.pb.h"
#include "messages/api/resource/v1/device_class.pb.h"
#include "messages/api/resource/v1/resource_claim.pb.h"
#include "messages/api/resource/v1/resource_claim_template.pb.h"
#include "messages/api/resource/v1/resource_slice.pb.h"
#include "messages/api/scheduling/v1/priority_class.pb.h"
#include "messages/api/storage/v1/csi_driver.pb.h"
#include "messages/api/storage/v1/csi_node.pb.h"
#include "messages/api/storage/v1/csi_storage_capacity.pb.h"
#include "messages/api/storage/v1/storage_class.pb.h"
#include "messages/api/storage/v1/volume_attachment.pb.h"
#include "messages/api/storage/v1/volume_attributes_class.pb.h"
#include "messages/versions.hpp"

namespace kabuki {
namespace {

namespace admission = k8s::io::api::admissionregistration::v1;
namespace apiextensions = k8s::io::apiextensions_apiserver::pkg::apis::apiextensions::v1;
namespace apiregistration = k8s::io::kube_aggregator::pkg::apis::apiregistration::v1;
namespace apps = k8s::io::api::apps::v1;
namespace authorization = k8s::io::api::authorization::v1;
namespace autoscaling = k8s::io::api::autoscaling::v2;
namespace batch = k8s::io::api::batch::v1;
namespace certificates = k8s::io::api::certificates::v1;
namespace coordination = k8s::io::api::coordination::v1;
namespace core = k8s::io::api::core::v1;
namespace discovery = k8s::io::api::discovery::v1;
namespace flowcontrol = k8s::io::api::flowcontrol::v1;
namespace metrics = k8s::io::metrics::pkg::apis::metrics::v1beta1;
namespace networking = k8s::io::api::networking::v1;
namespace node = k8s::io::api::node::v1;
namespace policy = k8s::io::api::policy::v1;
namespace rbac = k8s::io::api::rbac::v1;
namespace resource = k8s::io::api::resource::v1;
namespace scheduling = k8s::io::api::scheduling::v1;
namespace storage = k8s::io::api::storage::v1;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

enum Flags : unsigned {
  kPlain = 0,
  kCluster = 1,
  kStatus = 2,
  kScale = 4,
  kGeneration = 8,
  kNoDeleteCollection = 16
};
using Words = std::vector<std::string>;

/// A label of a field selector; the field's JSON path where that is another one.
struct Label {
  Label(const char* both) : label(both), json_path(both) {}  // NOLINT: a label is its path
  Label(const char* name, const char* path) : label(name), json_path(path) {}
  const char* label;
  const char* json_path;
};

const FieldDescriptor* json_field(const Descriptor* descriptor, std::string_view name, std::vector<int>* numbers) {
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    if (!field->options().GetExtension(inlined)) {
      if (field->json_name() != name) continue;
      numbers->push_back(field->number());
      return field;
    }
    numbers->push_back(field->number());
    if (const auto* found = json_field(field->message_type(), name, numbers)) return found;
    numbers->pop_back();
  }
  return nullptr;
}

SelectableField selectable(const Descriptor* descriptor, const Label& label) {
  SelectableField field{label.label, {}};
  std::string_view rest = label.json_path;
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    [[maybe_unused]] const auto* found = json_field(descriptor, name, &field.numbers);
    assert(found && "the kinds table names a field that the message does not have");
    descriptor = found->message_type();
  }
  return field;
}

/// `api` is the apiVersion: "v1", "apps/v1".
Kind make_line(const Descriptor* descriptor, KindId id, std::string_view api, std::string plural, Words short_names,
               Words categories, unsigned flags, std::vector<Label> labels) {
  Kind kind;
  kind.id = id;
  const size_t slash = api.find('/');
  if (slash != std::string_view::npos) kind.group = api.substr(0, slash);
  kind.version = slash == std::string_view::npos ? api : api.substr(slash + 1);
  kind.descriptor = descriptor;
  kind.kind = kind.descriptor->name();
  kind.plural = std::move(plural);
  for (const char c : kind.kind) kind.singular += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  kind.short_names = std::move(short_names);
  kind.categories = std::move(categories);
  kind.namespaced = !(flags & kCluster);
  kind.has_status = flags & kStatus;
  kind.has_scale = flags & kScale;
  kind.has_delete_collection = !(flags & kNoDeleteCollection);
  kind.has_generation = flags & kGeneration;
  labels.insert(labels.begin(), {"metadata.name", "metadata.namespace"});
  for (const Label& label : labels) kind.selectable.push_back(selectable(kind.descriptor, label));
  return kind;
}

template <class Message>
Kind line(KindId id, std::string_view api, std::string plural, Words short_names, Words categories, unsigned flags,
          std::vector<Label> labels = {}) {
  return make_line(Message::descriptor(), id, api, std::move(plural), std::move(short_names), std::move(categories),
                   flags, std::move(labels));
}

}  // namespace

// clang-format off
std::vector<Kind> make_kinds_table() {
  using namespace kinds;
  const std::vector<Label> pod_labels = {
      "spec.nodeName",           "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
      "spec.hostNetwork",        "status.phase",       "status.podIP",       {"status.podIPs", "status.podIPs.ip"},
      "status.nominatedNodeName"};
  const std::vector<Label> event_labels = {"involvedObject.kind",
                                           "involvedObject.namespace",
                                           "involvedObject.name",
                                           "involvedObject.uid",
                                           "involvedObject.apiVersion",
                                           "involvedObject.resourceVersion",
                                           "involvedObject.fieldPath",
                                           "reason",
                                           {"source", "source.component"},
                                           "type",
                                           "reportingComponent"};
  const unsigned workload = kStatus | kScale | kGeneration;
  return {
      line<core::Pod>(                                   kPod,                              "v1",                              "pods",                              {"po"},          {"all"},            kStatus | kGeneration, pod_labels),
      line<core::Node>(                                  kNode,                             "v1",                              "nodes",                             {"no"},          {},                 kCluster | kStatus, {"spec.unschedulable"}),
      line<core::Namespace>(                             kNamespace,                        "v1",                              "namespaces",                        {"ns"},          {},                 kCluster | kStatus | kNoDeleteCollection, {"status.phase"}),
      line<core::ConfigMap>(                             kConfigMap,                        "v1",                              "configmaps",                        {"cm"},          {},                 kPlain),
      line<core::Secret>(                                kSecret,                           "v1",                              "secrets",                           {},              {},                 kPlain, {"type"}),
      line<core::Service>(                               kService,                          "v1",                              "services",                          {"svc"},         {"all"},            kStatus, {"spec.clusterIP", "spec.type"}),
      line<core::ServiceAccount>(                        kServiceAccount,                   "v1",                              "serviceaccounts",                   {"sa"},          {},                 kPlain),
      line<core::Event>(                                 kEvent,                            "v1",                              "events",                            {"ev"},          {},                 kPlain, event_labels),
      line<coordination::Lease>(                         kLease,                            "coordination.k8s.io/v1",          "leases",                            {},              {},                 kPlain),
      line<apps::Deployment>(                            kDeployment,                       "apps/v1",                         "deployments",                       {"deploy"},      {"all"},            workload),
      line<apps::ReplicaSet>(                            kReplicaSet,                       "apps/v1",                         "replicasets",                       {"rs"},          {"all"},            workload, {"status.replicas"}),
      line<core::Endpoints>(                             kEndpoints,                        "v1",                              "endpoints",                         {"ep"},          {},                 kPlain),
      line<core::LimitRange>(                            kLimitRange,                       "v1",                              "limitranges",                       {"limits"},      {},                 kPlain),
      line<core::PersistentVolume>(                      kPersistentVolume,                 "v1",                              "persistentvolumes",                 {"pv"},          {},                 kCluster | kStatus),
      line<core::PersistentVolumeClaim>(                 kPersistentVolumeClaim,            "v1",                              "persistentvolumeclaims",            {"pvc"},         {},                 kStatus),
      line<core::PodTemplate>(                           kPodTemplate,                      "v1",                              "podtemplates",                      {},              {},                 kPlain),
      line<core::ReplicationController>(                 kReplicationController,            "v1",                              "replicationcontrollers",            {"rc"},          {"all"},            workload, {"status.replicas"}),
      line<core::ResourceQuota>(                         kResourceQuota,                    "v1",                              "resourcequotas",                    {"quota"},       {},                 kStatus),
      line<apps::ControllerRevision>(                    kControllerRevision,               "apps/v1",                         "controllerrevisions",               {},              {},                 kPlain),
      line<apps::DaemonSet>(                             kDaemonSet,                        "apps/v1",                         "daemonsets",                        {"ds"},          {"all"},            kStatus | kGeneration),
      line<apps::StatefulSet>(                           kStatefulSet,                      "apps/v1",                         "statefulsets",                      {"sts"},         {"all"},            workload),
      line<batch::Job>(                                  kJob,                              "batch/v1",                        "jobs",                              {},              {"all"},            kStatus | kGeneration, {{"status.successful", "status.succeeded"}}),
      line<batch::CronJob>(                              kCronJob,                          "batch/v1",                        "cronjobs",                          {"cj"},          {"all"},            kStatus | kGeneration),
      line<autoscaling::HorizontalPodAutoscaler>(        kHorizontalPodAutoscaler,          "autoscaling/v2",                  "horizontalpodautoscalers",          {"hpa"},         {"all"},            kStatus),
      line<certificates::CertificateSigningRequest>(     kCertificateSigningRequest,        "certificates.k8s.io/v1",          "certificatesigningrequests",        {"csr"},         {},                 kCluster | kStatus, {"spec.signerName"}),
      line<discovery::EndpointSlice>(                    kEndpointSlice,                    "discovery.k8s.io/v1",             "endpointslices",                    {},              {},                 kGeneration),
      line<flowcontrol::FlowSchema>(                     kFlowSchema,                       "flowcontrol.apiserver.k8s.io/v1", "flowschemas",                       {},              {},                 kCluster | kStatus | kGeneration),
      line<flowcontrol::PriorityLevelConfiguration>(     kPriorityLevelConfiguration,       "flowcontrol.apiserver.k8s.io/v1", "prioritylevelconfigurations",       {},              {},                 kCluster | kStatus | kGeneration),
      line<networking::Ingress>(                         kIngress,                          "networking.k8s.io/v1",            "ingresses",                         {"ing"},         {},                 kStatus | kGeneration),
      line<networking::IngressClass>(                    kIngressClass,                     "networking.k8s.io/v1",            "ingressclasses",                    {},              {},                 kCluster | kGeneration),
      line<networking::IPAddress>(                       kIPAddress,                        "networking.k8s.io/v1",            "ipaddresses",                       {"ip"},          {},                 kCluster),
      line<networking::NetworkPolicy>(                   kNetworkPolicy,                    "networking.k8s.io/v1",            "networkpolicies",                   {"netpol"},      {},                 kGeneration),
      line<networking::ServiceCIDR>(                     kServiceCIDR,                      "networking.k8s.io/v1",            "servicecidrs",                      {},              {},                 kCluster | kStatus),
      line<node::RuntimeClass>(                          kRuntimeClass,                     "node.k8s.io/v1",                  "runtimeclasses",                    {},              {},                 kCluster),
      line<policy::PodDisruptionBudget>(                 kPodDisruptionBudget,              "policy/v1",                       "poddisruptionbudgets",              {"pdb"},         {},                 kStatus | kGeneration),
      line<rbac::Role>(                                  kRole,                             "rbac.authorization.k8s.io/v1",    "roles",                             {},              {},                 kPlain),
      line<rbac::RoleBinding>(                           kRoleBinding,                      "rbac.authorization.k8s.io/v1",    "rolebindings",                      {},              {},                 kPlain),
      line<rbac::ClusterRole>(                           kClusterRole,                      "rbac.authorization.k8s.io/v1",    "clusterroles",                      {},              {},                 kCluster),
      line<rbac::ClusterRoleBinding>(                    kClusterRoleBinding,               "rbac.authorization.k8s.io/v1",    "clusterrolebindings",               {},              {},                 kCluster),
      line<resource::DeviceClass>(                       kDeviceClass,                      "resource.k8s.io/v1",              "deviceclasses",                     {},              {},                 kCluster | kGeneration),
      line<resource::ResourceClaim>(                     kResourceClaim,                    "resource.k8s.io/v1",              "resourceclaims",                    {},              {},                 kStatus),
      line<resource::ResourceClaimTemplate>(             kResourceClaimTemplate,            "resource.k8s.io/v1",              "resourceclaimtemplates",            {},              {},                 kPlain),
      line<resource::ResourceSlice>(                     kResourceSlice,                    "resource.k8s.io/v1",              "resourceslices",                    {},              {},                 kCluster | kGeneration, {"spec.nodeName", "spec.driver"}),
      line<scheduling::PriorityClass>(                   kPriorityClass,                    "scheduling.k8s.io/v1",            "priorityclasses",                   {"pc"},          {},                 kCluster | kGeneration),
      line<storage::CSIDriver>(                          kCSIDriver,                        "storage.k8s.io/v1",               "csidrivers",                        {},              {},                 kCluster | kGeneration),
      line<storage::CSINode>(                            kCSINode,                          "storage.k8s.io/v1",               "csinodes",                          {},              {},                 kCluster),
      line<storage::CSIStorageCapacity>(                 kCSIStorageCapacity,               "storage.k8s.io/v1",               "csistoragecapacities",              {},              {},                 kPlain),
      line<storage::StorageClass>(                       kStorageClass,                     "storage.k8s.io/v1",               "storageclasses",                    {"sc"},          {},                 kCluster),
      line<storage::VolumeAttachment>(                   kVolumeAttachment,                 "storage.k8s.io/v1",               "volumeattachments",                 {},              {},                 kCluster | kStatus),
      line<storage::VolumeAttributesClass>(              kVolumeAttributesClass,            "storage.k8s.io/v1",               "volumeattributesclasses",           {"vac"},         {},                 kCluster),
      line<admission::MutatingWebhookConfiguration>(     kMutatingWebhookConfiguration,     "admissionregistration.k8s.io/v1", "mutatingwebhookconfigurations",     {},              {"api-extensions"}, kCluster | kGeneration),
      line<admission::ValidatingWebhookConfiguration>(   kValidatingWebhookConfiguration,   "admissionregistration.k8s.io/v1", "validatingwebhookconfigurations",   {},              {"api-extensions"}, kCluster | kGeneration),
      line<admission::MutatingAdmissionPolicy>(          kMutatingAdmissionPolicy,          "admissionregistration.k8s.io/v1", "mutatingadmissionpolicies",         {},              {"api-extensions"}, kCluster | kGeneration),
      line<admission::MutatingAdmissionPolicyBinding>(   kMutatingAdmissionPolicyBinding,   "admissionregistration.k8s.io/v1", "mutatingadmissionpolicybindings",   {},              {"api-extensions"}, kCluster | kGeneration),
      line<admission::ValidatingAdmissionPolicy>(        kValidatingAdmissionPolicy,        "admissionregistration.k8s.io/v1", "validatingadmissionpolicies",       {},              {"api-extensions"}, kCluster | kStatus | kGeneration),
      line<admission::ValidatingAdmissionPolicyBinding>( kValidatingAdmissionPolicyBinding, "admissionregistration.k8s.io/v1", "validatingadmissionpolicybindings", {},              {"api-extensions"}, kCluster | kGeneration),
      line<apiextensions::CustomResourceDefinition>(     kCustomResourceDefinition,         "apiextensions.k8s.io/v1",         "customresourcedefinitions",         {"crd", "crds"}, {"api-extensions"}, kCluster | kStatus | kGeneration),
      line<apiregistration::APIService>(                 kAPIService,                       "apiregistration.k8s.io/v1",       "apiservices",                       {},              {"api-extensions"}, kCluster | kStatus),
  };
}

std::vector<Kind> make_version_kinds() {
  using namespace kinds;
  const std::vector<Label> event_labels = {"regarding.kind",
                                           "regarding.namespace",
                                           "regarding.name",
                                           "regarding.uid",
                                           "regarding.apiVersion",
                                           "regarding.resourceVersion",
                                           "regarding.fieldPath",
                                           "reason",
                                           "reportingController",
                                           "type"};
  return {
      line<k8s::io::api::autoscaling::v1::HorizontalPodAutoscaler>(
                                   kHorizontalPodAutoscalerV1, "autoscaling/v1",         "horizontalpodautoscalers", {"hpa"}, {"all"}, kStatus),
      line<k8s::io::api::events::v1::Event>(
                                   kEventsEvent,               "events.k8s.io/v1",       "events",                   {"ev"},  {},      kPlain, event_labels),
      line<metrics::NodeMetrics>(  kNodeMetrics,               "metrics.k8s.io/v1beta1", "nodes",                    {},      {},      kCluster | kNoDeleteCollection),
      line<metrics::PodMetrics>(   kPodMetrics,                "metrics.k8s.io/v1beta1", "pods",                     {},      {},      kNoDeleteCollection),
      line<core::ComponentStatus>( kComponentStatus,           "v1",                     "componentstatuses",        {"cs"},  {},      kCluster | kNoDeleteCollection),
      line<core::Binding>(         kBinding,                   "v1",                     "bindings",                 {},      {},      kNoDeleteCollection),
      line<k8s::io::api::authentication::v1::SelfSubjectReview>(
                                   kSelfSubjectReview,         "authentication.k8s.io/v1", "selfsubjectreviews",     {},      {},      kCluster | kNoDeleteCollection),
      line<authorization::SelfSubjectAccessReview>(
                                   kSelfSubjectAccessReview,   "authorization.k8s.io/v1", "selfsubjectaccessreviews", {},     {},      kCluster | kNoDeleteCollection),
      line<authorization::SelfSubjectRulesReview>(
                                   kSelfSubjectRulesReview,    "authorization.k8s.io/v1", "selfsubjectrulesreviews", {},      {},      kCluster | kNoDeleteCollection),
      line<authorization::SubjectAccessReview>(
                                   kSubjectAccessReview,       "authorization.k8s.io/v1", "subjectaccessreviews",    {},      {},      kCluster | kNoDeleteCollection),
      line<authorization::LocalSubjectAccessReview>(
                                   kLocalSubjectAccessReview,  "authorization.k8s.io/v1", "localsubjectaccessreviews", {},    {},      kNoDeleteCollection),
  };
}
// clang-format on

}  // namespace kabuki
