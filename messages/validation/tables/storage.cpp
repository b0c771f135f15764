// Classes and drivers of storage.
#include "messages/validation/rule.hpp"

namespace kabuki::validation {
namespace {

using namespace kinds;

// clang-format off
constexpr Rule kRules[] = {
    {kStorageClass, "provisioner", Check::required},
    {kStorageClass, "provisioner", Check::qualified_name},
    {kStorageClass, "reclaimPolicy", Check::one_of, "Delete|Retain"},
    {kStorageClass, "volumeBindingMode", Check::one_of, "Immediate|WaitForFirstConsumer"},
    {kStorageClass, "provisioner", Check::no_change, "updates to provisioner are forbidden."},
    {kStorageClass, "parameters", Check::no_change, "updates to parameters are forbidden."},
    {kStorageClass, "reclaimPolicy", Check::no_change, "updates to reclaimPolicy are forbidden."},
    {kStorageClass, "volumeBindingMode", Check::immutable},

    {kVolumeAttachment, "spec.attacher", Check::required},
    {kVolumeAttachment, "spec.nodeName", Check::required},
    {kVolumeAttachment, "spec.source", Check::exactly_one,
     "persistentVolumeName|inlineVolumeSpec;must specify exactly one of inlineVolumeSpec and "
     "persistentVolumeName;must specify exactly one of inlineVolumeSpec and persistentVolumeName"},
    {kVolumeAttachment, "spec", Check::immutable},

    {kVolumeAttributesClass, "driverName", Check::required},
    {kVolumeAttributesClass, "driverName", Check::dns_subdomain},
    {kVolumeAttributesClass, "parameters", Check::required, "must contain at least one key/value pair"},
    {kVolumeAttributesClass, "driverName", Check::immutable},
    {kVolumeAttributesClass, "parameters", Check::immutable},

    {kCSIDriver, "spec.fsGroupPolicy", Check::one_of, "File|None|ReadWriteOnceWithFSType"},
    {kCSIDriver, "spec.volumeLifecycleModes[]", Check::one_of, "Ephemeral|Persistent"},
    {kCSIDriver, "spec.tokenRequests", Check::unique, "audience"},
    {kCSIDriver, "spec.tokenRequests[].expirationSeconds", Check::minimum, "600"},
    {kCSIDriver, "spec.attachRequired", Check::immutable},
    {kCSIDriver, "spec.volumeLifecycleModes", Check::immutable},

    {kCSINode, "spec.drivers", Check::unique, "name"},
    {kCSINode, "spec.drivers[].name", Check::required},
    {kCSINode, "spec.drivers[].nodeID", Check::required},
    {kCSINode, "spec.drivers[].nodeID", Check::max_length, "256"},
    {kCSINode, "spec.drivers[].topologyKeys[]", Check::qualified_name},
    {kCSINode, "spec.drivers[].allocatable.count", Check::minimum, "0"},

    {kCSIStorageCapacity, "storageClassName", Check::required},
    {kCSIStorageCapacity, "storageClassName", Check::dns_subdomain},
    {kCSIStorageCapacity, "capacity", Check::quantity},
    {kCSIStorageCapacity, "maximumVolumeSize", Check::quantity},
    {kCSIStorageCapacity, "nodeTopology", Check::selector},
    {kCSIStorageCapacity, "nodeTopology", Check::immutable},
    {kCSIStorageCapacity, "storageClassName", Check::immutable},
};
// clang-format on

}  // namespace

std::span<const Rule> storage_rules() { return kRules; }

}  // namespace kabuki::validation
