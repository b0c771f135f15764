#include "actors/api_server/openapi/openapi.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>

#include "messages/openapi/openapi_v2.pb.h"

namespace kabuki::api_server {
namespace {

using Json = nlohmann::json;

const OpenApi& documents() {
  static const OpenApi out = make_openapi_documents(all_kinds());
  return out;
}

const Json& v2() {
  static const Json out = Json::parse(documents().v2_json);
  return out;
}

void collect_references(const Json& node, std::set<std::string>* out) {
  if (node.is_object() && node.contains("$ref") && node["$ref"].is_string()) out->insert(node["$ref"]);
  if (!node.is_structured()) return;
  for (const Json& child : node) collect_references(child, out);
}

TEST(OpenApi, StreamsToContainersAreConnected) {
  const Json& path = v2()["paths"]["/api/v1/namespaces/{namespace}/pods/{name}/exec"];
  EXPECT_EQ(path["get"]["operationId"], "connectCoreV1GetNamespacedPodExec");
  EXPECT_EQ(path["post"]["operationId"], "connectCoreV1PostNamespacedPodExec");
  EXPECT_EQ(path["post"]["x-kubernetes-action"], "connect");
  EXPECT_EQ(path["get"]["x-kubernetes-group-version-kind"]["kind"], "PodExecOptions");
  EXPECT_EQ(path["get"]["parameters"][0]["name"], "command");
  EXPECT_EQ(path["get"]["responses"]["200"]["schema"]["type"], "string");
  EXPECT_FALSE(path["post"].contains("body"));
  const Json& attach = v2()["paths"]["/api/v1/namespaces/{namespace}/pods/{name}/attach"];
  EXPECT_EQ(attach["get"]["parameters"][0]["name"], "container");
}

TEST(OpenApi, EveryReferenceLeadsToADefinition) {
  std::set<std::string> references;
  collect_references(v2(), &references);
  EXPECT_GT(references.size(), 100u);
  for (const std::string& reference : references) {
    EXPECT_TRUE(v2()["definitions"].contains(reference.substr(std::string("#/definitions/").size()))) << reference;
  }
  for (const auto& [name, body] : documents().v3_json) {
    Json v3 = Json::parse(body);
    references.clear();
    collect_references(v3, &references);
    for (const std::string& reference : references) {
      EXPECT_TRUE(v3["components"]["schemas"].contains(reference.substr(std::string("#/components/schemas/").size())))
          << name << " " << reference;
    }
  }
}

TEST(OpenApi, FieldsCarryTypesAndMergeRules) {
  const Json& definitions = v2()["definitions"];
  const Json& pod = definitions["io.k8s.api.core.v1.Pod"];
  EXPECT_EQ(pod["x-kubernetes-group-version-kind"], Json::parse(R"([{"group":"","kind":"Pod","version":"v1"}])"));
  EXPECT_EQ(pod["properties"]["metadata"],
            Json::parse(R"({"$ref":"#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"})"));
  EXPECT_EQ(pod["properties"]["kind"]["type"], "string");
  const Json& spec = definitions["io.k8s.api.core.v1.PodSpec"];
  EXPECT_EQ(spec["required"], Json::parse(R"(["containers"])"));
  EXPECT_EQ(spec["properties"]["containers"],
            Json::parse(R"({"type":"array","items":{"$ref":"#/definitions/io.k8s.api.core.v1.Container"},)"
                        R"("x-kubernetes-list-map-keys":["name"],"x-kubernetes-list-type":"map",)"
                        R"("x-kubernetes-patch-merge-key":"name","x-kubernetes-patch-strategy":"merge"})"));
  EXPECT_EQ(spec["properties"]["volumes"]["x-kubernetes-patch-strategy"], "merge,retainKeys");
  EXPECT_EQ(
      spec["properties"]["nodeSelector"],
      Json::parse(R"({"type":"object","additionalProperties":{"type":"string"},"x-kubernetes-map-type":"atomic"})"));
  EXPECT_EQ(spec["properties"]["terminationGracePeriodSeconds"],
            Json::parse(R"({"type":"integer","format":"int64"})"));
  // Inlined messages stand in their parent.
  EXPECT_TRUE(definitions["io.k8s.api.core.v1.Volume"]["properties"].contains("configMap"));
  EXPECT_FALSE(definitions["io.k8s.api.core.v1.Volume"]["properties"].contains("volumeSource"));
  EXPECT_EQ(definitions["io.k8s.api.core.v1.Secret"]["properties"]["data"]["additionalProperties"],
            Json::parse(R"({"type":"string","format":"byte"})"));
  EXPECT_EQ(definitions["io.k8s.apimachinery.pkg.util.intstr.IntOrString"],
            Json::parse(R"({"type":"string","format":"int-or-string"})"));
  EXPECT_EQ(definitions["io.k8s.apimachinery.pkg.apis.meta.v1.Time"],
            Json::parse(R"({"type":"string","format":"date-time"})"));
}

TEST(OpenApi, Version3AllowsBothTypesOfQuantitiesAndPorts) {
  Json schemas = Json::parse(documents().v3_json.at("api/v1"))["components"]["schemas"];
  EXPECT_EQ(schemas["io.k8s.apimachinery.pkg.api.resource.Quantity"],
            Json::parse(R"({"oneOf":[{"type":"string"},{"type":"number"}]})"));
  EXPECT_EQ(schemas["io.k8s.apimachinery.pkg.util.intstr.IntOrString"],
            Json::parse(R"({"oneOf":[{"type":"string"},{"type":"integer"}],"format":"int-or-string"})"));
}

// How kubectl decides whether the server validates: the patch operation of the kind must know the parameter.
TEST(OpenApi, PatchesOfEveryKindKnowDryRunAndFieldValidation) {
  std::map<std::string, Json> v3;
  for (const auto& [name, body] : documents().v3_json) v3[name] = Json::parse(body);
  for (const Kind& kind : all_kinds()) {
    const std::string root = (kind.group.empty() ? "api/" : "apis/") + kind.api_version();
    const std::string path =
        "/" + root + (kind.namespaced ? "/namespaces/{namespace}/" : "/") + kind.plural + "/{name}";
    const Json expected = {{"group", kind.group}, {"version", kind.version}, {"kind", kind.kind}};
    for (const Json* chosen : {static_cast<const Json*>(&v3.at(root)), &v2()}) {
      const Json& document = *chosen;
      ASSERT_TRUE(document["paths"].contains(path)) << path;
      const Json& patch = document["paths"][path]["patch"];
      EXPECT_EQ(patch["x-kubernetes-group-version-kind"], expected);
      std::set<std::string> names;
      for (const Json& parameter : patch["parameters"]) {
        if (parameter["in"] == "query") names.insert(parameter["name"]);
      }
      EXPECT_EQ(names, (std::set<std::string>{"dryRun", "fieldManager", "fieldValidation", "force"})) << path;
    }
  }
}

TEST(OpenApi, OperationIdsAreUnique) {
  std::set<std::string> seen;
  for (const Json& path : v2()["paths"]) {
    for (const auto& [method, operation] : path.items()) {
      if (method == "parameters") continue;
      EXPECT_TRUE(seen.insert(operation["operationId"]).second) << operation["operationId"];
    }
  }
}

TEST(OpenApi, TheProtobufFormSaysTheSame) {
  openapi::v2::Document document;
  ASSERT_TRUE(document.ParseFromString(documents().v2_protobuf));
  EXPECT_EQ(document.swagger(), "2.0");
  EXPECT_EQ(static_cast<size_t>(document.definitions().additional_properties_size()), v2()["definitions"].size());
  EXPECT_EQ(static_cast<size_t>(document.paths().path_size()), v2()["paths"].size());
  const openapi::v2::Schema* spec = nullptr;
  for (const auto& named : document.definitions().additional_properties()) {
    if (named.name() == "io.k8s.api.core.v1.PodSpec") spec = &named.value();
  }
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->required(0), "containers");
  for (const auto& property : spec->properties().additional_properties()) {
    if (property.name() != "containers") continue;
    EXPECT_EQ(property.value().type().value(0), "array");
    EXPECT_EQ(property.value().items().schema(0).ref(), "#/definitions/io.k8s.api.core.v1.Container");
    ASSERT_EQ(property.value().vendor_extension_size(), 4);
    EXPECT_EQ(property.value().vendor_extension(0).name(), "x-kubernetes-list-map-keys");
    EXPECT_EQ(property.value().vendor_extension(0).value().yaml(), R"(["name"])");
  }
}

}  // namespace
}  // namespace kabuki::api_server
