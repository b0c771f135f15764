#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "messages/kinds.hpp"

namespace google::protobuf {
class Descriptor;
}

namespace kabuki::api_server::openapi {

/// Keeps the order of insertion, so that documents read as they were written.
using Json = nlohmann::ordered_json;

/// "io.k8s.api.core.v1.Pod" for the message k8s.io.api.core.v1.Pod.
std::string definition_name(const google::protobuf::Descriptor* descriptor);
/// The same for the list of a kind: "io.k8s.api.core.v1.PodList".
std::string list_definition_name(const Kind& kind);

enum class Version { v2, v3 };

/// Definitions of messages, by name, and of all that they refer to.
class Schemas {
 public:
  explicit Schemas(Version version) : version_(version) {}

  /// Adds the message and whatever it refers to. A kind's own message carries apiVersion, kind and its group, version
  /// and kind.
  void add(const google::protobuf::Descriptor* descriptor);
  void add_kind(const Kind& kind);
  /// Adds `group_version_kind` to a definition, which also gets apiVersion and kind: for messages that are no
  /// stored kinds, such as Scale and DeleteOptions.
  void add_typed(const google::protobuf::Descriptor* descriptor, const std::vector<Json>& group_version_kinds);

  /// {"$ref": ...} of a definition.
  Json reference(const std::string& name) const;
  const std::map<std::string, Json>& definitions() const { return definitions_; }

 private:
  Json message_schema(const google::protobuf::Descriptor* descriptor, bool typed);

  const Version version_;
  std::map<std::string, Json> definitions_;
};

/// {"group": "apps", "kind": "Deployment", "version": "v1"}.
Json group_version_kind(std::string_view group, std::string_view version, std::string_view kind);

}  // namespace kabuki::api_server::openapi
