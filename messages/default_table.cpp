// The defaults that are data. Source: Kubernetes' pkg/apis/*/v1/defaults.go.
#include "messages/default_rules.hpp"

namespace kabuki {
namespace {

using namespace kinds;

// clang-format off
constexpr DefaultRule kRules[] = {
    {kDeployment, "spec.replicas", "1"},
    {kDeployment, "spec.strategy.type", "RollingUpdate"},
    {kDeployment, "spec.strategy.rollingUpdate!.maxUnavailable", "25%", "type=RollingUpdate"},
    {kDeployment, "spec.strategy.rollingUpdate!.maxSurge", "25%", "type=RollingUpdate"},
    {kDeployment, "spec.revisionHistoryLimit", "10"},
    {kDeployment, "spec.progressDeadlineSeconds", "600"},
    {kDeployment, "spec.template", "pods"},

    {kReplicaSet, "spec.replicas", "1"},
    {kReplicaSet, "spec.template", "pods"},

    {kReplicationController, "spec.replicas", "1"},
    {kReplicationController, "spec.template", "pods", "template"},

    {kPodTemplate, "template", "pods"},

    {kDaemonSet, "spec.updateStrategy.type", "RollingUpdate"},
    {kDaemonSet, "spec.updateStrategy.rollingUpdate!.maxUnavailable", "1", "type=RollingUpdate"},
    {kDaemonSet, "spec.updateStrategy.rollingUpdate!.maxSurge", "0", "type=RollingUpdate"},
    {kDaemonSet, "spec.revisionHistoryLimit", "10"},
    {kDaemonSet, "spec.template", "pods"},

    {kStatefulSet, "spec.podManagementPolicy", "OrderedReady"},
    {kStatefulSet, "spec.updateStrategy.type", "RollingUpdate"},
    {kStatefulSet, "spec.updateStrategy.rollingUpdate!.partition", "0", "type=RollingUpdate"},
    {kStatefulSet, "spec.persistentVolumeClaimRetentionPolicy!.whenDeleted", "Retain"},
    {kStatefulSet, "spec.persistentVolumeClaimRetentionPolicy!.whenScaled", "Retain"},
    {kStatefulSet, "spec.replicas", "1"},
    {kStatefulSet, "spec.revisionHistoryLimit", "10"},
    {kStatefulSet, "spec.template", "pods"},
    {kStatefulSet, "spec.volumeClaimTemplates[].spec.volumeMode", "Filesystem"},
    {kStatefulSet, "spec.volumeClaimTemplates[].status.phase", "Pending"},

    {kJob, "spec.completions", "1", "!parallelism"},
    {kJob, "spec.parallelism", "1"},
    {kJob, "spec.backoffLimit", "2147483647", "backoffLimitPerIndex"},
    {kJob, "spec.backoffLimit", "6"},
    {kJob, "spec.completionMode", "NonIndexed"},
    {kJob, "spec.suspend", "false"},
    {kJob, "spec.podReplacementPolicy", "Failed", "podFailurePolicy"},
    {kJob, "spec.podReplacementPolicy", "TerminatingOrFailed"},
    {kJob, "spec.podFailurePolicy.rules[].onPodConditions[].status", "True"},
    {kJob, "spec.template", "pods"},

    {kCronJob, "spec.concurrencyPolicy", "Allow"},
    {kCronJob, "spec.suspend", "false"},
    {kCronJob, "spec.successfulJobsHistoryLimit", "3"},
    {kCronJob, "spec.failedJobsHistoryLimit", "1"},
    {kCronJob, "spec.jobTemplate.spec.template", "pods"},

    {kHorizontalPodAutoscaler, "spec.minReplicas", "1"},

    {kEndpoints, "subsets[].ports[].protocol", "TCP"},

    {kEndpointSlice, "ports[].name", ""},
    {kEndpointSlice, "ports[].protocol", "TCP"},

    {kNetworkPolicy, "spec.ingress[].ports[].protocol", "TCP"},
    {kNetworkPolicy, "spec.egress[].ports[].protocol", "TCP"},

    {kIngressClass, "spec.parameters.scope", "Cluster"},

    {kPersistentVolume, "status.phase", "Pending"},
    {kPersistentVolume, "spec.persistentVolumeReclaimPolicy", "Retain"},
    {kPersistentVolume, "spec.volumeMode", "Filesystem"},
    {kPersistentVolume, "spec.hostPath.type", ""},
    {kPersistentVolume, "spec.iscsi.iscsiInterface", "default"},
    {kPersistentVolume, "spec.rbd.pool", "rbd"},
    {kPersistentVolume, "spec.rbd.user", "admin"},
    {kPersistentVolume, "spec.rbd.keyring", "/etc/ceph/keyring"},
    {kPersistentVolume, "spec.azureDisk.cachingMode", "ReadWrite"},
    {kPersistentVolume, "spec.azureDisk.kind", "Shared"},
    {kPersistentVolume, "spec.azureDisk.fsType", "ext4"},
    {kPersistentVolume, "spec.azureDisk.readOnly", "false"},
    {kPersistentVolume, "spec.scaleIO.storageMode", "ThinProvisioned"},
    {kPersistentVolume, "spec.scaleIO.fsType", "xfs"},

    {kPersistentVolumeClaim, "status.phase", "Pending"},
    {kPersistentVolumeClaim, "spec.volumeMode", "Filesystem"},

    {kStorageClass, "reclaimPolicy", "Delete"},
    {kStorageClass, "volumeBindingMode", "Immediate"},

    {kCSIDriver, "spec.attachRequired", "true"},
    {kCSIDriver, "spec.podInfoOnMount", "false"},
    {kCSIDriver, "spec.storageCapacity", "false"},
    {kCSIDriver, "spec.fsGroupPolicy", "ReadWriteOnceWithFSType"},
    {kCSIDriver, "spec.volumeLifecycleModes", "[Persistent]"},
    {kCSIDriver, "spec.requiresRepublish", "false"},
    {kCSIDriver, "spec.seLinuxMount", "false"},

    {kRoleBinding, "roleRef.apiGroup", "rbac.authorization.k8s.io"},
    {kRoleBinding, "subjects[].apiGroup", "rbac.authorization.k8s.io", "kind=User|Group"},

    {kClusterRoleBinding, "roleRef.apiGroup", "rbac.authorization.k8s.io"},
    {kClusterRoleBinding, "subjects[].apiGroup", "rbac.authorization.k8s.io", "kind=User|Group"},

    {kPriorityClass, "preemptionPolicy", "PreemptLowerPriority"},

    {kMutatingWebhookConfiguration, "webhooks[].failurePolicy", "Fail"},
    {kMutatingWebhookConfiguration, "webhooks[].matchPolicy", "Equivalent"},
    {kMutatingWebhookConfiguration, "webhooks[].namespaceSelector", "{}"},
    {kMutatingWebhookConfiguration, "webhooks[].objectSelector", "{}"},
    {kMutatingWebhookConfiguration, "webhooks[].timeoutSeconds", "10"},
    {kMutatingWebhookConfiguration, "webhooks[].reinvocationPolicy", "Never"},
    {kMutatingWebhookConfiguration, "webhooks[].clientConfig.service.port", "443"},
    {kMutatingWebhookConfiguration, "webhooks[].rules[].scope", "*"},

    {kValidatingWebhookConfiguration, "webhooks[].failurePolicy", "Fail"},
    {kValidatingWebhookConfiguration, "webhooks[].matchPolicy", "Equivalent"},
    {kValidatingWebhookConfiguration, "webhooks[].namespaceSelector", "{}"},
    {kValidatingWebhookConfiguration, "webhooks[].objectSelector", "{}"},
    {kValidatingWebhookConfiguration, "webhooks[].timeoutSeconds", "10"},
    {kValidatingWebhookConfiguration, "webhooks[].clientConfig.service.port", "443"},
    {kValidatingWebhookConfiguration, "webhooks[].rules[].scope", "*"},

    {kMutatingAdmissionPolicy, "spec.failurePolicy", "Fail"},
    {kMutatingAdmissionPolicy, "spec.matchConstraints.matchPolicy", "Equivalent"},
    {kMutatingAdmissionPolicy, "spec.matchConstraints.namespaceSelector", "{}"},
    {kMutatingAdmissionPolicy, "spec.matchConstraints.objectSelector", "{}"},
    {kMutatingAdmissionPolicy, "spec.matchConstraints.resourceRules[].scope", "*"},
    {kMutatingAdmissionPolicy, "spec.matchConstraints.excludeResourceRules[].scope", "*"},

    {kValidatingAdmissionPolicy, "spec.failurePolicy", "Fail"},
    {kValidatingAdmissionPolicy, "spec.matchConstraints.matchPolicy", "Equivalent"},
    {kValidatingAdmissionPolicy, "spec.matchConstraints.namespaceSelector", "{}"},
    {kValidatingAdmissionPolicy, "spec.matchConstraints.objectSelector", "{}"},
    {kValidatingAdmissionPolicy, "spec.matchConstraints.resourceRules[].scope", "*"},
    {kValidatingAdmissionPolicy, "spec.matchConstraints.excludeResourceRules[].scope", "*"},

    {kMutatingAdmissionPolicyBinding, "spec.matchResources.matchPolicy", "Equivalent"},
    {kMutatingAdmissionPolicyBinding, "spec.matchResources.namespaceSelector", "{}"},
    {kMutatingAdmissionPolicyBinding, "spec.matchResources.objectSelector", "{}"},
    {kMutatingAdmissionPolicyBinding, "spec.matchResources.resourceRules[].scope", "*"},
    {kMutatingAdmissionPolicyBinding, "spec.matchResources.excludeResourceRules[].scope", "*"},

    {kValidatingAdmissionPolicyBinding, "spec.matchResources.matchPolicy", "Equivalent"},
    {kValidatingAdmissionPolicyBinding, "spec.matchResources.namespaceSelector", "{}"},
    {kValidatingAdmissionPolicyBinding, "spec.matchResources.objectSelector", "{}"},
    {kValidatingAdmissionPolicyBinding, "spec.matchResources.resourceRules[].scope", "*"},
    {kValidatingAdmissionPolicyBinding, "spec.matchResources.excludeResourceRules[].scope", "*"},

    {kCustomResourceDefinition, "spec.conversion!.strategy", "None"},
    {kCustomResourceDefinition, "spec.conversion.webhook.clientConfig.service.port", "443"},

    {kAPIService, "spec.service.port", "443"},

    {kFlowSchema, "spec.matchingPrecedence", "1000"},

    {kPriorityLevelConfiguration, "spec.limited.nominalConcurrencyShares", "30"},
    {kPriorityLevelConfiguration, "spec.limited.lendablePercent", "0"},
    {kPriorityLevelConfiguration, "spec.limited.limitResponse.queuing.queues", "64"},
    {kPriorityLevelConfiguration, "spec.limited.limitResponse.queuing.handSize", "8"},
    {kPriorityLevelConfiguration, "spec.limited.limitResponse.queuing.queueLengthLimit", "50"},
    {kPriorityLevelConfiguration, "spec.exempt!.nominalConcurrencyShares", "0", "type=Exempt"},
    {kPriorityLevelConfiguration, "spec.exempt!.lendablePercent", "0", "type=Exempt"},

    {kResourceClaim, "spec.devices.requests[].exactly.allocationMode", "ExactCount"},
    {kResourceClaim, "spec.devices.requests[].exactly.count", "1", "allocationMode=ExactCount"},
    {kResourceClaim, "spec.devices.requests[].exactly.tolerations[].operator", "Equal"},
    {kResourceClaim, "spec.devices.requests[].firstAvailable[].allocationMode", "ExactCount"},
    {kResourceClaim, "spec.devices.requests[].firstAvailable[].count", "1", "allocationMode=ExactCount"},
    {kResourceClaim, "spec.devices.requests[].firstAvailable[].tolerations[].operator", "Equal"},

    {kResourceClaimTemplate, "spec.spec.devices.requests[].exactly.allocationMode", "ExactCount"},
    {kResourceClaimTemplate, "spec.spec.devices.requests[].exactly.count", "1", "allocationMode=ExactCount"},
    {kResourceClaimTemplate, "spec.spec.devices.requests[].exactly.tolerations[].operator", "Equal"},
    {kResourceClaimTemplate, "spec.spec.devices.requests[].firstAvailable[].allocationMode", "ExactCount"},
    {kResourceClaimTemplate, "spec.spec.devices.requests[].firstAvailable[].count", "1", "allocationMode=ExactCount"},
    {kResourceClaimTemplate, "spec.spec.devices.requests[].firstAvailable[].tolerations[].operator", "Equal"},
};
// clang-format on

}  // namespace

std::span<const DefaultRule> default_rules() { return kRules; }

}  // namespace kabuki
