#include "messages/json_encode.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "messages/api/apps/v1/deployment.pb.h"
#include "messages/api/coordination/v1/lease.pb.h"
#include "messages/api/core/v1/config_map.pb.h"
#include "messages/api/core/v1/event.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/api/meta/v1/discovery.pb.h"
#include "messages/api/meta/v1/watch.pb.h"
#include "messages/kinds.hpp"
#include "tests/messages/json_test_support.hpp"

namespace kabuki {
namespace {

namespace core = k8s::io::api::core::v1;
namespace apps = k8s::io::api::apps::v1;
namespace meta = k8s::io::apimachinery::pkg::apis::meta::v1;

TEST(JsonEncode, WritesGoStructsEvenWhenTheyAreEmpty) {
  EXPECT_EQ(json_of(core::Pod(), "Pod", "v1"),
            R"({"kind":"Pod","apiVersion":"v1","metadata":{},"spec":{"containers":null},"status":{}})");
  EXPECT_EQ(json_of(apps::Deployment(), "Deployment", "apps/v1"),
            R"({"kind":"Deployment","apiVersion":"apps/v1","metadata":{},"spec":{"selector":null,"template":)"
            R"({"metadata":{},"spec":{"containers":null}},"strategy":{}},"status":{}})");
  EXPECT_EQ(json_of(core::Event(), "Event", "v1"),
            R"({"kind":"Event","apiVersion":"v1","metadata":{},"involvedObject":{},"source":{},)"
            R"("firstTimestamp":null,"lastTimestamp":null,"eventTime":null,"reportingComponent":"",)"
            R"("reportingInstance":""})");
  EXPECT_EQ(json_of(core::ConfigMapList()), R"({"metadata":{},"items":[]})");
}

TEST(JsonEncode, WritesAnUnsetMessageLikeAnEmptyOne) {
  core::Pod pod;
  pod.mutable_metadata();
  pod.mutable_spec()->mutable_containers();
  pod.mutable_status();
  EXPECT_EQ(json_of(pod), json_of(core::Pod()));
}

TEST(JsonEncode, WritesPointersWhenPresentEvenIfZero) {
  core::PodSpec spec;
  spec.set_terminationgraceperiodseconds(0);
  spec.set_enableservicelinks(false);
  spec.mutable_securitycontext();
  EXPECT_EQ(json_of(spec), R"({"containers":null,"terminationGracePeriodSeconds":0,"securityContext":{},)"
                           R"("enableServiceLinks":false})");
}

TEST(JsonEncode, FlattensInlinedMessages) {
  core::Volume volume;
  volume.set_name("v");
  auto* map = volume.mutable_volumesource()->mutable_configmap();
  map->mutable_localobjectreference()->set_name("cm");
  map->set_defaultmode(420);
  EXPECT_EQ(json_of(volume), R"({"name":"v","configMap":{"name":"cm","defaultMode":420}})");
  EXPECT_EQ(json_of(core::Volume()), R"({"name":""})");
}

TEST(JsonEncode, GivesSpecialTypesTheirOwnForm) {
  core::ServicePort port;
  EXPECT_EQ(json_of(port), R"({"port":0,"targetPort":0})");
  port.set_port(80);
  port.mutable_targetport()->set_type(1);
  port.mutable_targetport()->set_strval("http");
  EXPECT_EQ(json_of(port), R"({"port":80,"targetPort":"http"})");
  port.mutable_targetport()->Clear();
  port.mutable_targetport()->set_intval(-8080);
  EXPECT_EQ(json_of(port), R"({"port":80,"targetPort":-8080})");

  k8s::io::api::coordination::v1::LeaseSpec lease;
  lease.mutable_renewtime()->set_seconds(1795343147);
  lease.mutable_renewtime()->set_nanos(123000);
  EXPECT_EQ(json_of(lease), R"({"renewTime":"2026-11-22T10:25:47.000123Z"})");

  core::ResourceRequirements resources;
  (*resources.mutable_requests())["memory"].set_string("1Gi");
  (*resources.mutable_requests())["cpu"].set_string("100m");
  (*resources.mutable_limits())["cpu"];
  EXPECT_EQ(json_of(resources), R"({"limits":{"cpu":"0"},"requests":{"cpu":"100m","memory":"1Gi"}})");

  core::ResourceFieldSelector selector;
  EXPECT_EQ(json_of(selector), R"({"resource":"","divisor":"0"})");

  meta::ManagedFieldsEntry entry;
  entry.mutable_time()->set_seconds(1795343147);
  entry.mutable_fieldsv1()->set_raw(R"({"f:data":{".":{}}})");
  EXPECT_EQ(json_of(entry), R"({"time":"2026-11-22T10:25:47Z","fieldsV1":{"f:data":{".":{}}}})");

  meta::WatchEvent event;
  EXPECT_EQ(json_of(event), R"({"type":"","object":null})");

  meta::APIResource resource;
  resource.mutable_verbs()->add_items("get");
  resource.mutable_verbs()->add_items("list");
  EXPECT_EQ(json_of(resource),
            R"({"name":"","singularName":"","namespaced":false,"kind":"","verbs":["get","list"]})");

  core::ConfigMap config;
  (*config.mutable_binarydata())["b"] = std::string("\0\xff", 2);
  EXPECT_EQ(json_of(config), R"({"metadata":{},"binaryData":{"b":"AP8="}})");
}

TEST(JsonEncode, WritesUnsetTimesAsNullExceptTheCreationTimestamp) {
  meta::ObjectMeta metadata;
  metadata.mutable_creationtimestamp();
  EXPECT_EQ(json_of(metadata), "{}");
  metadata.mutable_creationtimestamp()->set_seconds(1);
  EXPECT_EQ(json_of(metadata), R"({"creationTimestamp":"1970-01-01T00:00:01Z"})");
  core::PodCondition condition;
  condition.set_type("Ready");
  condition.mutable_lastprobetime();
  EXPECT_EQ(json_of(condition), R"({"type":"Ready","status":"","lastProbeTime":null,"lastTransitionTime":null})");
}

TEST(JsonEncode, SortsMapsByKey) {
  meta::ObjectMeta metadata;
  for (const char* key : {"b", "a/x", "c", "B", ""}) (*metadata.mutable_labels())[key] = key;
  EXPECT_EQ(json_of(metadata), R"({"labels":{"":"","B":"B","a/x":"a/x","b":"b","c":"c"}})");
}

TEST(JsonEncode, EscapesStringsAsGoDoes) {
  const std::pair<std::string, std::string> cases[] = {
      {"plain", R"("plain")"},
      {"<none> & \"x\" \\", R"("\u003cnone\u003e \u0026 \"x\" \\")"},
      {"\b\f\n\r\t\x01\x1f\x7f", "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\""},
      {"\u00e9\u20ac\U0001F600", "\"\u00e9\u20ac\U0001F600\""},
      {"a\u2028b\u2029", R"("a\u2028b\u2029")"},
      {"x\xffy\xc3", R"("x\ufffdy\ufffd")"},
      {"\xed\xa0\x80", R"("\ufffd\ufffd\ufffd")"},
      {std::string("\0", 1), R"("\u0000")"},
  };
  for (const auto& [text, expected] : cases) {
    std::string out;
    append_json_string(text, &out);
    EXPECT_EQ(out, expected);
  }
}

TEST(JsonEncode, WritesNumbersAsGoDoes) {
  const std::pair<double, const char*> cases[] = {{0, "0"},
                                                  {1, "1"},
                                                  {-2.5, "-2.5"},
                                                  {1e20, "100000000000000000000"},
                                                  {1e21, "1e+21"},
                                                  {1e-6, "0.000001"},
                                                  {1e-7, "1e-7"},
                                                  {1.5e-10, "1.5e-10"},
                                                  {std::numeric_limits<double>::infinity(), "null"}};
  for (const auto& [value, expected] : cases) {
    std::string out;
    append_json_number(value, &out);
    EXPECT_EQ(out, expected);
  }
}

TEST(JsonEncode, TakesTheLastOfASingleFieldThatComesTwice) {
  std::string body;
  body +=
      "\x0a\x01"
      "a";
  body +=
      "\x12\x01"
      "i";
  body +=
      "\x0a\x01"
      "b";
  std::string out;
  encode_json_bytes(core::Container::descriptor(), body, &out);
  EXPECT_EQ(out, R"({"name":"b","image":"i","resources":{}})");
}

TEST(JsonEncode, EndsAMalformedMessageWithoutBreakingTheDocument) {
  core::Pod pod;
  pod.mutable_metadata()->set_name("web");
  pod.mutable_spec()->add_containers()->set_name("c");
  const std::string body = pod.SerializeAsString();
  for (size_t size = 0; size <= body.size(); ++size) {
    std::string out;
    encode_json_bytes(core::Pod::descriptor(), std::string_view(body).substr(0, size), &out, "Pod", "v1");
    EXPECT_TRUE(nlohmann::json::accept(out)) << out;
  }
}

TEST(JsonEncode, KeepsAnObservedDeployment) {
  std::stringstream file;
  file << std::ifstream(KABUKI_TEST_DATA "/observed_deployment.json").rdbuf();
  apps::Deployment deployment;
  JsonNotes notes;
  ASSERT_EQ(decode_outcome(file.str(), &deployment, &notes), "ok");
  EXPECT_EQ(notes.notes, std::vector<std::string>{});
  EXPECT_EQ(nlohmann::json::parse(json_of(deployment, "Deployment", "apps/v1")), nlohmann::json::parse(file.str()));
}

}  // namespace
}  // namespace kabuki
