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
}  // namespace kinds

}  // namespace kabuki
