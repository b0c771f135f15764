#include <gtest/gtest.h>

#include "messages/api/apiextensions/v1/json_schema.pb.h"
#include "messages/api/apps/v1/deployment.pb.h"
#include "messages/api/coordination/v1/lease.pb.h"
#include "messages/api/core/v1/config_map.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/api/meta/v1/options.pb.h"
#include "tests/messages/json_test_support.hpp"

namespace kabuki {
namespace {

namespace core = k8s::io::api::core::v1;
namespace apps = k8s::io::api::apps::v1;
namespace meta = k8s::io::apimachinery::pkg::apis::meta::v1;

template <class Message>
std::vector<std::string> notes_of(std::string_view text) {
  Message message;
  JsonNotes notes;
  EXPECT_EQ(decode_outcome(text, &message, &notes), "ok");
  return notes.notes;
}

TEST(JsonDecode, ReadsWhatEncodingWrites) {
  const char* documents[] = {
      R"({"metadata":{"name":"web","generation":9007199254740993,"labels":{"a":"b","c":"d"}},"spec":{"containers":)"
      R"([{"name":"c","resources":{"limits":{"cpu":"500m"}}}],"terminationGracePeriodSeconds":0},"status":{}})",
      R"({"metadata":{},"spec":{"volumes":[{"name":"v","configMap":{"name":"m","defaultMode":420}},{"name":"e",)"
      R"("emptyDir":{}}],"containers":[{"name":"c","resources":{},"livenessProbe":{"httpGet":{"port":"http"},)"
      R"("periodSeconds":3}}]},"status":{}})",
  };
  for (const char* document : documents) EXPECT_EQ(through<core::Pod>(document), document);
}

TEST(JsonDecode, ReadsSchemasAndWhatStandsInTheirPlace) {
  using Schema = k8s::io::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
  const char* documents[] = {
      R"({"type":"object","additionalProperties":true})",
      R"({"type":"object","additionalProperties":false})",
      R"({"additionalProperties":{}})",
      R"({"default":{"a":[1,null]},"enum":["x",null,1.5],"additionalItems":{"type":"string"}})",
      R"({"items":{"type":"string","x-kubernetes-int-or-string":true}})",
      R"({"items":{}})",
      R"({"items":[{"type":"string"},{}]})",
      R"({"dependencies":{"a":["b","c"],"d":{"required":["e"]}}})",
      R"({"$ref":"#/a","maximum":1.5,"exclusiveMaximum":true,"not":{"anyOf":[{"minLength":1}]}})",
  };
  for (const char* document : documents) EXPECT_EQ(through<Schema>(document), document);
  Schema schema;
  EXPECT_EQ(decode_outcome(R"({"additionalProperties":1})", &schema),
            "additionalProperties: expected true, false or an object, got a number 1");
  EXPECT_EQ(decode_outcome(R"({"items":"x"})", &schema), "items: expected an object or an array, got a string \"x\"");
}

TEST(JsonDecode, MakesValuesCanonical) {
  EXPECT_EQ(through<core::ResourceRequirements>(R"({"limits":{"a":"0.5","b":1,"c":1.5,"d":"1024Mi"}})"),
            R"({"limits":{"a":"500m","b":"1","c":"1500m","d":"1Gi"}})");
  EXPECT_EQ(through<meta::ObjectMeta>(R"({"creationTimestamp":"2026-11-22T12:25:47.9+02:00"})"),
            R"({"creationTimestamp":"2026-11-22T10:25:47Z"})");
  EXPECT_EQ(through<k8s::io::api::coordination::v1::LeaseSpec>(R"({"renewTime":"2026-11-22T10:25:47.123456789Z"})"),
            R"({"renewTime":"2026-11-22T10:25:47.123456Z"})");
  EXPECT_EQ(through<meta::ManagedFieldsEntry>(
                "{\"fieldsV1\": { \"f:b\" : {}, \"f:a\": [1, 2.5, null, true, \"\\u00e9<\"] }}"),
            "{\"fieldsV1\":{\"f:b\":{},\"f:a\":[1,2.5,null,true,\"\u00e9\\u003c\"]}}");
  EXPECT_EQ(through<core::ConfigMap>(R"({"binaryData":{"b":"AP8="}})"),
            R"({"metadata":{},"binaryData":{"b":"AP8="}})");
}

TEST(JsonDecode, KeepsNoEmptyStructs) {
  core::Pod pod;
  ASSERT_EQ(decode_outcome(R"({"metadata":{},"spec":{"containers":[]},"status":{"phase":""}})", &pod), "ok");
  EXPECT_EQ(pod.SerializeAsString(), "");
  core::ServicePort port;
  ASSERT_EQ(decode_outcome(R"({"targetPort":0})", &port), "ok");
  EXPECT_FALSE(port.has_targetport());
  core::ResourceFieldSelector selector;
  ASSERT_EQ(decode_outcome(R"({"divisor":"0"})", &selector), "ok");
  EXPECT_FALSE(selector.has_divisor());
}

TEST(JsonDecode, KeepsEmptyPointers) {
  core::PodSpec spec;
  ASSERT_EQ(decode_outcome(R"({"securityContext":{},"enableServiceLinks":false})", &spec), "ok");
  EXPECT_TRUE(spec.has_securitycontext());
  EXPECT_TRUE(spec.has_enableservicelinks());
}

TEST(JsonDecode, TakesNullForAbsent) {
  core::Pod pod;
  ASSERT_EQ(decode_outcome(R"({"metadata":{"creationTimestamp":null,"labels":null},"spec":{"containers":null,)"
                           R"("priority":null,"securityContext":null},"status":null})",
                           &pod),
            "ok");
  EXPECT_EQ(pod.SerializeAsString(), "");
  EXPECT_EQ(through<meta::ObjectMeta>(R"({"labels":{"a":null},"finalizers":["x",null]})"),
            R"({"labels":{"a":""},"finalizers":["x",""]})");
  core::ResourceRequirements null, zero;
  ASSERT_EQ(decode_outcome(R"({"limits":{"cpu":null}})", &null), "ok");
  ASSERT_EQ(decode_outcome(R"({"limits":{"cpu":"0"}})", &zero), "ok");
  EXPECT_EQ(null.DebugString(), zero.DebugString()) << "one quantity, one encoding";
}

TEST(JsonDecode, SaysWhatIsWrongAsGoDoes) {
  const auto cannot = [](const std::string& what) { return "json: cannot unmarshal " + what; };
  const std::pair<const char*, std::string> cases[] = {
      {R"({"spec":{"replicas":"x"}})",
       cannot("string into Go struct field DeploymentSpec.spec.replicas of type int32")},
      {R"({"spec":{"replicas":1.5}})",
       cannot("number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32")},
      {R"({"spec":{"replicas":3000000000}})",
       cannot("number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32")},
      {R"({"metadata":{"generation":18446744073709551615}})",
       cannot("number 18446744073709551615 into Go struct field ObjectMeta.metadata.generation of type int64")},
      {R"({"spec":{"paused":1}})", cannot("number into Go struct field DeploymentSpec.spec.paused of type bool")},
      {R"({"metadata":{"name":5}})", cannot("number into Go struct field ObjectMeta.metadata.name of type string")},
      {R"({"metadata":{"labels":{"app":5}}})",
       cannot("number into Go struct field ObjectMeta.metadata.labels of type string")},
      {R"({"metadata":{"labels":[]}})",
       cannot("array into Go struct field ObjectMeta.metadata.labels of type map[string]string")},
      {R"({"metadata":{"finalizers":"x"}})",
       cannot("string into Go struct field ObjectMeta.metadata.finalizers of type []string")},
      {R"({"metadata":{"finalizers":[true]}})",
       cannot("bool into Go struct field ObjectMeta.metadata.finalizers of type string")},
      {R"({"metadata":{"creationTimestamp":"now"}})",
       R"(parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006")"},
      {R"({"metadata":{"creationTimestamp":"2026-01-02 03:04:05Z"}})",
       R"(parsing time "2026-01-02 03:04:05Z" as "2006-01-02T15:04:05Z07:00": cannot parse " 03:04:05Z" as "T")"},
      {R"({"metadata":{"creationTimestamp":5}})", cannot("number into Go value of type string")},
      {R"({"spec":[]})", cannot("array into Go struct field Deployment.spec of type v1.DeploymentSpec")},
      {R"({"spec":{"strategy":{"rollingUpdate":{"maxSurge":true}}}})", cannot("bool into Go value of type int32")},
      {R"({"spec":{"template":{"spec":{"containers":{}}}}})",
       cannot("object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container")},
      {R"({"spec":{"template":{"spec":{"containers":[{},{"ports":[{"containerPort":"80"}]}]}}}})",
       cannot("string into Go struct field ContainerPort.spec.template.spec.containers.ports.containerPort of type "
              "int32")},
      {R"({"spec":{"template":{"spec":{"volumes":[{"emptyDir":3}]}}}})",
       cannot("number into Go struct field Volume.spec.template.spec.volumes.emptyDir of type "
              "v1.EmptyDirVolumeSource")},
      {R"([])", cannot("array into Go value of type v1.Deployment")},
      {R"({"spec":)", "json parse error: unexpected end of JSON input"},
      {R"({"spec":NaN})", "json parse error: invalid character 'N' looking for beginning of value"},
      {"{\"metadata\":{\"name\":\"\xff\"}}", "json parse error: invalid UTF-8 in a string"},
      {R"({"metadata":{"generation":1e999}})", "json parse error: a number is out of range"},
  };
  for (const auto& [text, expected] : cases) {
    apps::Deployment out;
    const auto decoded = decode_json(text, &out);
    ASSERT_FALSE(decoded.ok()) << text;
    EXPECT_EQ(decoded.error().message, expected) << text;
    EXPECT_EQ(decoded.error().reason, "BadRequest");
  }
  core::ConfigMap config;
  EXPECT_EQ(decode_outcome(R"({"binaryData":{"b":"?"}})", &config), "illegal base64 data at input byte 0");
  EXPECT_EQ(decode_outcome(R"({"binaryData":{"b":"AAA"}})", &config), "illegal base64 data at input byte 0");
  EXPECT_EQ(decode_outcome(R"({"binaryData":{"b":"AAAA!"}})", &config), "illegal base64 data at input byte 4");
  core::ResourceRequirements resources;
  EXPECT_EQ(decode_outcome(R"({"limits":{"cpu":"lots"}})", &resources),
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
}

TEST(JsonDecode, NotesUnknownAndDuplicateFieldsInOrder) {
  EXPECT_EQ(notes_of<apps::Deployment>(
                R"({"kind":"Deployment","apiVersion":"apps/v1","spec":{"foo":1,"replicas":1,"replicas":2,"template":)"
                R"({"kind":"x","spec":{"containers":[{"name":"a","bar":{}}]}}},"Metadata":{}})"),
            (std::vector<std::string>{R"(unknown field "spec.foo")", R"(duplicate field "spec.replicas")",
                                      R"(unknown field "spec.template.kind")",
                                      R"(unknown field "spec.template.spec.containers[0].bar")",
                                      R"(unknown field "Metadata")"}));
  EXPECT_EQ(notes_of<core::ConfigMap>(R"({"data":{"a":"1","b":"2","a":"3"}})"),
            (std::vector<std::string>{R"(duplicate field "data.a")"}));
  EXPECT_EQ(notes_of<core::Volume>(R"({"name":"v","emptyDir":{},"foo":1,"emptyDir":{"medium":"Memory"}})"),
            (std::vector<std::string>{R"(duplicate field "emptyDir")", R"(unknown field "foo")"}));
  EXPECT_EQ(notes_of<meta::DeleteOptions>(R"({"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0})"),
            (std::vector<std::string>{}));
}

TEST(JsonDecode, LetsTheLastOfDuplicateFieldsCount) {
  EXPECT_EQ(through<meta::ObjectMeta>(R"({"name":"a","finalizers":["x"],"name":"b","finalizers":["y"]})"),
            R"({"name":"b","finalizers":["y"]})");
  EXPECT_EQ(through<meta::ObjectMeta>(R"({"labels":{"a":"1","a":"2"}})"), R"({"labels":{"a":"2"}})");
}

TEST(JsonDecode, RefusesNestingBeyondItsLimitWithoutCrashing) {
  std::string deep = R"({"metadata":{"managedFields":[{"fieldsV1":)";
  for (int i = 0; i < 100000; ++i) deep += "[";
  core::Pod pod;
  EXPECT_EQ(decode_outcome(deep, &pod), "json parse error: exceeded max depth");
}

TEST(PeekTypeMeta, ReadsOnlyTheTop) {
  const auto peeked = peek_type_meta(R"({"metadata":{"kind":"no"},"kind":"Pod","apiVersion":"v1"})");
  ASSERT_TRUE(peeked.ok());
  EXPECT_EQ(peeked->kind, "Pod");
  EXPECT_EQ(peeked->api_version, "v1");
  EXPECT_EQ(peek_type_meta("{}")->kind, "");
}

TEST(PeekTypeMeta, ReportsBrokenJsonInGosWords) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"metadata":{"name":)", "unexpected end of JSON input"},
      {"", "unexpected end of JSON input"},
      {R"({"a" 1})", "invalid character '1' after object key"},
      {R"({"a":1 "b"})", "invalid character '\"' after object key:value pair"},
      {R"({a:1})", "invalid character 'a' looking for beginning of object key string"},
      {R"([1 2])", "invalid character '2' after array element"},
      {R"({"a":tru})", "invalid character '}' in literal true (expecting 'e')"},
      {R"({"a":-x})", "invalid character 'x' in numeric literal"},
      {R"({"a":1.x})", "invalid character 'x' after decimal point in numeric literal"},
      {R"({"a":"\x"})", "invalid character 'x' in string escape code"},
      {"{\"a\":\"\n\"}", "invalid character '\\n' in string literal"},
      {R"({} x)", "invalid character 'x' after top-level value"},
      {R"(hello)", "invalid character 'h' looking for beginning of value"},
  };
  for (const auto& [text, expected] : cases) {
    const auto peeked = peek_type_meta(text);
    ASSERT_FALSE(peeked.ok()) << text;
    EXPECT_EQ(peeked.error().message, std::string("couldn't get version/kind; json parse error: ") + expected)
        << text;
  }
}

}  // namespace
}  // namespace kabuki
