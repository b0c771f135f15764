#include "actors/api_server/openapi/openapi.hpp"

#include <algorithm>

#include "actors/api_server/discovery.hpp"
#include "actors/api_server/openapi/operations.hpp"
#include "actors/api_server/openapi/schemas.hpp"
#include "actors/api_server/openapi/v2_protobuf.hpp"
#include "messages/api/autoscaling/v1/scale.pb.h"
#include "messages/api/core/v1/binding.pb.h"
#include "messages/api/meta/v1/options.pb.h"
#include "messages/api/meta/v1/status.pb.h"
#include "messages/api/policy/v1/eviction.pb.h"

namespace kabuki::api_server {
namespace {

using namespace openapi;  // NOLINT: the parts of this document

namespace meta = ::k8s::io::apimachinery::pkg::apis::meta::v1;

constexpr const char* kPatchDefinition = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";
const std::vector<std::string> kProduces = {"application/json", "application/yaml",
                                            "application/vnd.kubernetes.protobuf"};

Json info() { return {{"title", "Kubernetes"}, {"version", "v1.36.0"}}; }

/// What the operations of `groups` speak of.
std::map<std::string, Json> definitions_of(std::span<const GroupVersion> groups,
                                           std::span<const GroupVersion> all_groups, Version version) {
  Schemas schemas(version);
  std::vector<Json> every_group;
  for (const GroupVersion& group : all_groups) {
    every_group.push_back(group_version_kind(group.group, group.version, "DeleteOptions"));
  }
  for (const GroupVersion& group : groups) {
    for (const Kind* kind : group.kinds) {
      const std::vector<std::string> verbs = verbs_of(*kind);
      if (std::find(verbs.begin(), verbs.end(), "list") != verbs.end()) {
        schemas.add_kind(*kind);
      } else {
        schemas.add_typed(kind->descriptor, {group_version_kind(kind->group, kind->version, kind->kind)});
      }
      if (kind->has_scale) {
        schemas.add_typed(::k8s::io::api::autoscaling::v1::Scale::descriptor(),
                          {group_version_kind("autoscaling", "v1", "Scale")});
      }
      if (kind->id == kinds::kPod) {
        schemas.add_typed(::k8s::io::api::core::v1::Binding::descriptor(), {group_version_kind("", "v1", "Binding")});
        schemas.add_typed(::k8s::io::api::policy::v1::Eviction::descriptor(),
                          {group_version_kind("policy", "v1", "Eviction")});
      }
    }
  }
  schemas.add_typed(meta::DeleteOptions::descriptor(), every_group);
  schemas.add_typed(meta::Status::descriptor(), {group_version_kind("", "v1", "Status")});
  std::map<std::string, Json> out = schemas.definitions();
  out[kPatchDefinition] = {{"description", "A patch, in the form that the Content-Type names."}, {"type", "object"}};
  return out;
}

Json reference(const std::string& name, Version version) {
  return Schemas(version).reference(name == "patch" ? kPatchDefinition : name);
}

Json parameter_json(const Parameter& parameter, Version version) {
  Json out = {
      {"name", parameter.name}, {"in", parameter.in_path ? "path" : "query"}, {"description", parameter.description}};
  if (parameter.in_path) out["required"] = true;
  if (version == Version::v2) {
    out["type"] = parameter.type;
    out["uniqueItems"] = true;
  } else {
    out["schema"] = {{"type", parameter.type}, {"uniqueItems", true}};
  }
  return out;
}

Json parameters_json(const std::vector<Parameter>& parameters, Version version) {
  Json out = Json::array();
  for (const Parameter& parameter : parameters) out.push_back(parameter_json(parameter, version));
  return out;
}

Json content(const std::vector<std::string>& media_types, const Json& schema) {
  Json out;
  for (const std::string& media : media_types) out[media]["schema"] = schema;
  return out;
}

Json operation_json(const Operation& operation, Version version) {
  Json out = {{"tags", Json::array({operation.tag})}, {"operationId", operation.id}};
  Json parameters = parameters_json(operation.parameters, version);
  const Json answer = operation.answer.empty() ? Json{{"type", "string"}} : reference(operation.answer, version);
  const char* code = operation.action == "post" ? "201" : "200";
  const char* word = operation.action == "post" ? "Created" : "OK";
  if (version == Version::v2) {
    out["consumes"] = operation.consumes.empty() ? std::vector<std::string>{"*/*"} : operation.consumes;
    out["produces"] = kProduces;
    out["schemes"] = Json::array({"https"});
    if (!operation.body.empty()) {
      parameters.push_back(
          {{"name", "body"}, {"in", "body"}, {"required", true}, {"schema", reference(operation.body, version)}});
    }
    out["responses"][code] = {{"description", word}, {"schema", answer}};
  } else {
    if (!operation.body.empty()) {
      out["requestBody"]["content"] = content(operation.consumes, reference(operation.body, version));
    }
    out["responses"][code] = {{"description", word}, {"content", content(kProduces, answer)}};
  }
  if (!parameters.empty()) out["parameters"] = parameters;
  out["x-kubernetes-action"] = operation.action;
  out["x-kubernetes-group-version-kind"] = group_version_kind(operation.group, operation.version, operation.kind);
  return out;
}

Json paths_json(std::span<const GroupVersion> groups, Version version) {
  Json out = Json::object();
  for (const GroupVersion& group : groups) {
    for (const Path& path : paths_of(group.kinds)) {
      Json item;
      for (const Operation& operation : path.operations) item[operation.method] = operation_json(operation, version);
      if (!path.parameters.empty()) item["parameters"] = parameters_json(path.parameters, version);
      out[path.path] = std::move(item);
    }
  }
  return out;
}

}  // namespace

OpenApi make_openapi_documents(std::span<const Kind> kinds) {
  const std::vector<GroupVersion> groups = group_versions(kinds);
  OpenApi out;
  const Json v2 = {{"swagger", "2.0"},
                   {"info", info()},
                   {"paths", paths_json(groups, Version::v2)},
                   {"definitions", Json(definitions_of(groups, groups, Version::v2))}};
  out.v2_json = v2.dump();
  out.v2_protobuf = to_v2_protobuf(v2);
  for (const GroupVersion& group : groups) {
    const std::span<const GroupVersion> one(&group, 1);
    const Json v3 = {{"openapi", "3.0.0"},
                     {"info", info()},
                     {"paths", paths_json(one, Version::v3)},
                     {"components", {{"schemas", Json(definitions_of(one, groups, Version::v3))}}}};
    out.v3_json[group.path().substr(1)] = v3.dump();
  }
  return out;
}

}  // namespace kabuki::api_server
