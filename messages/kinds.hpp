#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class Descriptor;
class Message;
}  // namespace google::protobuf

namespace kabuki {

/// Stands for a kind on the bus and on disk; never reused, never renumbered. 0 is no kind.
using KindId = uint16_t;

/// A field that clients may select on. `path` is the selector's label (`spec.nodeName`); `numbers` the Protobuf
/// field numbers that lead to it.
struct SelectableField {
  std::string path;
  std::vector<int> numbers;
};

/// One line of the kinds table: all that the generic machinery needs to know of a kind.
struct Kind {
  KindId id = 0;
  std::string group;     // "" is the core group
  std::string version;   // "v1"
  std::string kind;      // "Pod"
  std::string plural;    // "pods"
  std::string singular;  // "pod"
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  bool namespaced = true;
  bool has_status = false;  // /status is served, and the main endpoint ignores status
  bool has_scale = false;   // /scale is served
  bool has_delete_collection = true;
  bool has_generation = false;  // metadata.generation counts changes of what is not metadata or status
  const google::protobuf::Descriptor* descriptor = nullptr;
  std::vector<SelectableField> selectable;

  /// "v1" or "apps/v1".
  std::string api_version() const { return group.empty() ? version : group + "/" + version; }
  /// "pods" or "deployments.apps": how Kubernetes names a resource in messages.
  std::string resource() const { return group.empty() ? plural : plural + "." + group; }
  /// A new, empty message of this kind; the caller owns it.
  google::protobuf::Message* make() const;
};

/// Every kind that is stored and served, in the order of the table. Valid for the life of the process.
std::span<const Kind> all_kinds();

/// Null where there is none.
const Kind* find_kind(KindId id);
const Kind* find_kind(std::string_view group, std::string_view kind);
const Kind* find_resource(std::string_view group, std::string_view version, std::string_view plural);

/// The kind with this id; asserts that there is one.
const Kind& kind_of(KindId id);

/// Ids of the table, for code that speaks of one kind.
namespace kinds {
inline constexpr KindId kPod = 1;
inline constexpr KindId kNode = 2;
inline constexpr KindId kNamespace = 3;
inline constexpr KindId kConfigMap = 4;
inline constexpr KindId kSecret = 5;
inline constexpr KindId kService = 6;
inline constexpr KindId kServiceAccount = 7;
inline constexpr KindId kEvent = 8;
inline constexpr KindId kLease = 9;
inline constexpr KindId kDeployment = 10;
inline constexpr KindId kReplicaSet = 11;
inline constexpr KindId kEndpoints = 12;
inline constexpr KindId kLimitRange = 13;
inline constexpr KindId kPersistentVolume = 14;
inline constexpr KindId kPersistentVolumeClaim = 15;
inline constexpr KindId kPodTemplate = 16;
inline constexpr KindId kReplicationController = 17;
inline constexpr KindId kResourceQuota = 18;
inline constexpr KindId kControllerRevision = 19;
inline constexpr KindId kDaemonSet = 20;
inline constexpr KindId kStatefulSet = 21;
inline constexpr KindId kJob = 22;
inline constexpr KindId kCronJob = 23;
inline constexpr KindId kHorizontalPodAutoscaler = 24;
inline constexpr KindId kCertificateSigningRequest = 25;
inline constexpr KindId kEndpointSlice = 26;
inline constexpr KindId kFlowSchema = 27;
inline constexpr KindId kPriorityLevelConfiguration = 28;
inline constexpr KindId kIngress = 29;
inline constexpr KindId kIngressClass = 30;
inline constexpr KindId kIPAddress = 31;
inline constexpr KindId kNetworkPolicy = 32;
inline constexpr KindId kServiceCIDR = 33;
inline constexpr KindId kRuntimeClass = 34;
inline constexpr KindId kPodDisruptionBudget = 35;
inline constexpr KindId kRole = 36;
inline constexpr KindId kRoleBinding = 37;
inline constexpr KindId kClusterRole = 38;
inline constexpr KindId kClusterRoleBinding = 39;
inline constexpr KindId kDeviceClass = 40;
inline constexpr KindId kResourceClaim = 41;
inline constexpr KindId kResourceClaimTemplate = 42;
inline constexpr KindId kResourceSlice = 43;
inline constexpr KindId kPriorityClass = 44;
inline constexpr KindId kCSIDriver = 45;
inline constexpr KindId kCSINode = 46;
inline constexpr KindId kCSIStorageCapacity = 47;
inline constexpr KindId kStorageClass = 48;
inline constexpr KindId kVolumeAttachment = 49;
inline constexpr KindId kVolumeAttributesClass = 50;
inline constexpr KindId kMutatingWebhookConfiguration = 51;
inline constexpr KindId kValidatingWebhookConfiguration = 52;
inline constexpr KindId kMutatingAdmissionPolicy = 53;
inline constexpr KindId kMutatingAdmissionPolicyBinding = 54;
inline constexpr KindId kValidatingAdmissionPolicy = 55;
inline constexpr KindId kValidatingAdmissionPolicyBinding = 56;
inline constexpr KindId kCustomResourceDefinition = 57;
inline constexpr KindId kAPIService = 58;
}  // namespace kinds

}  // namespace kabuki
