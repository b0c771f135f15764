#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/kinds.hpp"
#include "messages/object.hpp"

namespace kabuki {

/// A form in which a kind is served that is not the one in which it is stored: an older version, another group's name
/// of the same objects, or something that is not stored at all but worked out when it is asked for.
struct Version {
  /// Its id is its own, for those who render it; it stands neither on the bus nor on disk.
  Kind kind;
  /// The kind that is stored; 0: computed.
  KindId stored = 0;
  /// Pure, total and without loss: `to_stored` of `from_stored` says the same again, if perhaps in another order of a
  /// list. Null where it is computed.
  void (*from_stored)(const google::protobuf::Message& stored, google::protobuf::Message* out) = nullptr;
  void (*to_stored)(const google::protobuf::Message& version, google::protobuf::Message* out) = nullptr;
  /// Labels of field selectors that are called otherwise where it is stored.
  std::vector<std::pair<std::string, std::string>> labels = {};
  /// Of what is computed: the verbs that it knows, sorted.
  std::vector<std::string> verbs = {};

  /// The name that a label of a field selector has where the kind is stored.
  std::string stored_label(const std::string& label) const;
};

namespace kinds {
inline constexpr KindId kHorizontalPodAutoscalerV1 = 1001;
inline constexpr KindId kEventsEvent = 1002;
inline constexpr KindId kNodeMetrics = 1003;
inline constexpr KindId kPodMetrics = 1004;
inline constexpr KindId kComponentStatus = 1005;
inline constexpr KindId kBinding = 1006;
inline constexpr KindId kSelfSubjectReview = 1007;
inline constexpr KindId kSelfSubjectAccessReview = 1008;
inline constexpr KindId kSelfSubjectRulesReview = 1009;
inline constexpr KindId kSubjectAccessReview = 1010;
inline constexpr KindId kLocalSubjectAccessReview = 1011;
}  // namespace kinds

/// Every other version there is. Valid for the life of the process.
std::span<const Version> all_versions();
/// Null where there is none: a kind that is stored as it is served.
const Version* find_version(KindId id);
const Version* find_version(std::string_view group, std::string_view version, std::string_view plural);

/// All kinds that clients find: the kinds table's, then the other versions'.
std::span<const Kind> served_kinds();

/// `stored` as a message of `version`, metadata included; and back. Both must be of the right kind.
std::unique_ptr<google::protobuf::Message> from_stored(const Version& version,
                                                       const google::protobuf::Message& stored);
std::unique_ptr<google::protobuf::Message> to_stored(const Version& version,
                                                     const google::protobuf::Message& message);
/// A stored object in the other version, at its revision.
ObjectPtr as_version(const Version& version, const Object& stored);

// What is done per kind; versions_autoscaling.cpp, versions_events.cpp.
void autoscaler_to_v1(const google::protobuf::Message& stored, google::protobuf::Message* out);
void autoscaler_from_v1(const google::protobuf::Message& version, google::protobuf::Message* out);
void event_to_events(const google::protobuf::Message& stored, google::protobuf::Message* out);
void event_from_events(const google::protobuf::Message& version, google::protobuf::Message* out);

}  // namespace kabuki
