// Volumes, claims, quotas and the rest of the core group.
#include "messages/validation/rule.hpp"

namespace kabuki::validation {
namespace {

using namespace kinds;

// clang-format off
constexpr Rule kRules[] = {
    {kEndpoints, "subsets[]", Check::any_of,
     "addresses|notReadyAddresses;must specify `addresses` or `notReadyAddresses`"},
    {kEndpoints, "subsets[].addresses[].ip", Check::required},
    {kEndpoints, "subsets[].addresses[].ip", Check::ip_address},
    {kEndpoints, "subsets[].notReadyAddresses[].ip", Check::required},
    {kEndpoints, "subsets[].notReadyAddresses[].ip", Check::ip_address},
    {kEndpoints, "subsets[].addresses[].hostname", Check::dns_label},
    {kEndpoints, "subsets[].addresses[].nodeName", Check::dns_subdomain},
    {kEndpoints, "subsets[].ports[].name", Check::dns_label},
    {kEndpoints, "subsets[].ports[].port", Check::port},
    {kEndpoints, "subsets[].ports[].protocol", Check::one_of, "SCTP|TCP|UDP"},

    {kLimitRange, "spec.limits", Check::unique, "type"},
    {kLimitRange, "spec.limits[].type", Check::required},
    {kLimitRange, "spec.limits[].type", Check::qualified_name},
    {kLimitRange, "spec.limits[].max{key}", Check::qualified_name},
    {kLimitRange, "spec.limits[].min{key}", Check::qualified_name},
    {kLimitRange, "spec.limits[].default{key}", Check::qualified_name},
    {kLimitRange, "spec.limits[].defaultRequest{key}", Check::qualified_name},
    {kLimitRange, "spec.limits[].maxLimitRequestRatio{key}", Check::qualified_name},
    {kLimitRange, "spec.limits[].max{}", Check::quantity},
    {kLimitRange, "spec.limits[].min{}", Check::quantity},
    {kLimitRange, "spec.limits[].default", Check::forbidden, "may not be specified when `type` is 'Pod'", "type=Pod"},
    {kLimitRange, "spec.limits[].defaultRequest", Check::forbidden,
     "may not be specified when `type` is 'Pod'", "type=Pod"},

    {kPersistentVolume, "spec.accessModes", Check::required},
    {kPersistentVolume, "spec.accessModes[]", Check::one_of,
     "ReadOnlyMany|ReadWriteMany|ReadWriteOnce|ReadWriteOncePod"},
    {kPersistentVolume, "spec.capacity", Check::required},
    {kPersistentVolume, "spec.capacity{key}", Check::one_of, "storage"},
    {kPersistentVolume, "spec.capacity{}", Check::positive_quantity},
    {kPersistentVolume, "spec.persistentVolumeReclaimPolicy", Check::one_of, "Delete|Recycle|Retain"},
    {kPersistentVolume, "spec.volumeMode", Check::one_of, "Block|Filesystem"},
    {kPersistentVolume, "spec.storageClassName", Check::dns_subdomain},
    {kPersistentVolume, "spec", Check::exactly_one,
     "hostPath|nfs|csi|local|iscsi|fc|rbd|cephfs|cinder|glusterfs|flocker|flexVolume|azureFile|azureDisk|"
     "vsphereVolume|quobyte|photonPersistentDisk|portworxVolume|scaleIO|storageos|gcePersistentDisk|"
     "awsElasticBlockStore;must specify a volume type;forbidden:may not specify more than 1 volume type"},
    {kPersistentVolume, "spec.nodeAffinity.required", Check::required, "must specify required node constraints"},
    {kPersistentVolume, "spec.nodeAffinity", Check::required, "Local volume requires node affinity", "local"},
    {kPersistentVolume, "spec.hostPath.path", Check::required},
    {kPersistentVolume, "spec.nfs.server", Check::required},
    {kPersistentVolume, "spec.nfs.path", Check::required},
    {kPersistentVolume, "spec.csi.driver", Check::required},
    {kPersistentVolume, "spec.csi.volumeHandle", Check::required},
    {kPersistentVolume, "spec.local.path", Check::required},
    {kPersistentVolume, "spec.iscsi.targetPortal", Check::required},
    {kPersistentVolume, "spec.iscsi.iqn", Check::required},
    {kPersistentVolume, "spec.rbd.image", Check::required},
    {kPersistentVolume, "spec.volumeMode", Check::immutable},
    {kPersistentVolume, "spec", Check::only_changes,
     "capacity,accessModes,claimRef,persistentVolumeReclaimPolicy,storageClassName,mountOptions,volumeMode,"
     "nodeAffinity,volumeAttributesClassName;spec.persistentvolumesource is immutable after creation"},

    {kPersistentVolumeClaim, "spec.accessModes", Check::required, "at least 1 access mode is required"},
    {kPersistentVolumeClaim, "spec.accessModes[]", Check::one_of,
     "ReadOnlyMany|ReadWriteMany|ReadWriteOnce|ReadWriteOncePod"},
    {kPersistentVolumeClaim, "spec.resources.requests{}", Check::positive_quantity},
    {kPersistentVolumeClaim, "spec.storageClassName", Check::dns_subdomain, "", "storageClassName!="},
    {kPersistentVolumeClaim, "spec.volumeMode", Check::one_of, "Block|Filesystem"},
    {kPersistentVolumeClaim, "spec.selector", Check::selector},
    {kPersistentVolumeClaim, "spec.dataSource.name", Check::required},
    {kPersistentVolumeClaim, "spec.dataSource.kind", Check::required},
    {kPersistentVolumeClaim, "spec.dataSourceRef.name", Check::required},
    {kPersistentVolumeClaim, "spec.dataSourceRef.kind", Check::required},
    {kPersistentVolumeClaim, "spec", Check::only_changes,
     "resources,volumeName,volumeAttributesClassName;spec is immutable after creation except resources.requests "
     "and volumeAttributesClassName for bound claims"},
    {kPersistentVolumeClaim, "spec.volumeName", Check::set_once},

    {kPodTemplate, "template", Check::pod_template},

    {kReplicationController, "spec.replicas", Check::minimum, "0"},
    {kReplicationController, "spec.minReadySeconds", Check::minimum, "0"},
    {kReplicationController, "spec.selector", Check::required},
    {kReplicationController, "spec.template", Check::required},
    {kReplicationController, "spec.template", Check::selects_template},
    {kReplicationController, "spec.template", Check::pod_template, "Always"},

    {kResourceQuota, "spec.hard{key}", Check::qualified_name},
    {kResourceQuota, "spec.hard{}", Check::quantity},
    {kResourceQuota, "spec.scopes[]", Check::one_of,
     "BestEffort|CrossNamespacePodAffinity|NotBestEffort|NotTerminating|PriorityClass|Terminating|"
     "VolumeAttributesClass"},
    {kResourceQuota, "spec.scopes", Check::unique},
    {kResourceQuota, "spec.scopeSelector.matchExpressions[].scopeName", Check::one_of,
     "BestEffort|CrossNamespacePodAffinity|NotBestEffort|NotTerminating|PriorityClass|Terminating|"
     "VolumeAttributesClass"},
    {kResourceQuota, "spec.scopeSelector.matchExpressions[].operator", Check::one_of, "DoesNotExist|Exists|In|NotIn"},
    {kResourceQuota, "spec.scopeSelector.matchExpressions[].values", Check::required,
     "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector", "operator=In|NotIn"},
    {kResourceQuota, "spec.scopes", Check::immutable},
};
// clang-format on

}  // namespace

std::span<const Rule> core_rules() { return kRules; }

}  // namespace kabuki::validation
