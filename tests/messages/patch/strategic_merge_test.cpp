#include "messages/patch/strategic_merge.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "messages/api/apps/v1/deployment.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/core/v1/service.pb.h"

namespace kabuki {
namespace {

using Json = nlohmann::json;

struct Case {
  const char* json;
  const char* patch;
  const char* expected;
};

template <class T, size_t n>
void expect_merged(const Case (&cases)[n]) {
  for (const Case& each : cases) {
    auto result = apply_strategic_merge(each.json, each.patch, T::descriptor());
    ASSERT_TRUE(result.ok()) << each.patch << ": " << result.error().message;
    EXPECT_EQ(Json::parse(*result), Json::parse(each.expected)) << each.patch;
  }
}

using Pod = k8s::io::api::core::v1::Pod;
using Deployment = k8s::io::api::apps::v1::Deployment;
using Service = k8s::io::api::core::v1::Service;

TEST(StrategicMerge, ListsMergeByTheirKey) {
  const Case cases[] = {
      {R"({"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"1"}]}})",
       R"({"spec":{"containers":[{"name":"b","image":"2"}]}})",
       R"({"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"2"}]}})"},
      {R"({"spec":{"containers":[{"name":"a","env":[{"name":"X","value":"1"},{"name":"Y","value":"2"}]}]}})",
       R"({"spec":{"containers":[{"name":"a","env":[{"name":"Y","value":"3"},{"name":"X","$patch":"delete"}]}]}})",
       R"({"spec":{"containers":[{"name":"a","env":[{"name":"Y","value":"3"}]}]}})"},
      // What is new comes before what only the server has.
      {R"({"spec":{"containers":[{"name":"a"}]}})", R"({"spec":{"containers":[{"name":"n"}]}})",
       R"({"spec":{"containers":[{"name":"n"},{"name":"a"}]}})"},
      {R"({"spec":{"containers":[{"name":"a"}]}})", R"({"spec":{"containers":[{"$patch":"replace"},{"name":"n"}]}})",
       R"({"spec":{"containers":[{"name":"n"}]}})"},
      // Tolerations have no strategy: they are replaced.
      {R"({"spec":{"tolerations":[{"key":"a"}]}})", R"({"spec":{"tolerations":[{"key":"b"}]}})",
       R"({"spec":{"tolerations":[{"key":"b"}]}})"},
      {R"({"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"x"}]}]}})",
       R"({"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"y"}]}]}})",
       R"({"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"y"}]}]}})"},
      {R"({"metadata":{"finalizers":["a","b"]}})", R"({"metadata":{"finalizers":["c","a"]}})",
       R"({"metadata":{"finalizers":["c","a","b"]}})"},
      {R"({"metadata":{"finalizers":["a","b"]}})", R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["a"]}})",
       R"({"metadata":{"finalizers":["b"]}})"},
  };
  expect_merged<Pod>(cases);
}

TEST(StrategicMerge, ObjectsMergeAndNullDeletes) {
  const Case cases[] = {
      {R"({"metadata":{"labels":{"a":"1","b":"2"}}})", R"({"metadata":{"labels":{"a":null,"c":"3","x":null}}})",
       R"({"metadata":{"labels":{"b":"2","c":"3"}}})"},
      {R"({})", R"({"metadata":{"labels":{"a":"1","x":null}}})", R"({"metadata":{"labels":{"a":"1"}}})"},
      {R"({"metadata":{"labels":{"a":"1"}}})", R"({"metadata":{"labels":{"$patch":"replace","b":"2"}}})",
       R"({"metadata":{"labels":{"b":"2"}}})"},
      {R"({"metadata":{"labels":{"a":"1"}}})", R"({"metadata":{"labels":{"$patch":"delete"}}})",
       R"({"metadata":{"labels":{}}})"},
      {R"({"spec":{"replicas":1}})", R"({"spec":{"replicas":2}})", R"({"spec":{"replicas":2}})"},
      {R"({"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}})",
       R"({"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}})",
       R"({"spec":{"strategy":{"type":"Recreate"}}})"},
      {R"({"spec":{"selector":{"matchLabels":{"a":"b"}}}})", R"({"spec":{"selector":null}})", R"({"spec":{}})"},
  };
  expect_merged<Deployment>(cases);
}

TEST(StrategicMerge, SetElementOrderOrdersTheList) {
  const Case cases[] = {
      {R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]}})",
       R"({"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}})",
       R"({"spec":{"containers":[{"name":"b"},{"name":"a"}]}})"},
      {R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]}})",
       R"({"spec":{"$setElementOrder/containers":[{"name":"a"},{"name":"c"}],
                   "containers":[{"name":"c","image":"x"},{"name":"b","$patch":"delete"}]}})",
       R"({"spec":{"containers":[{"name":"a"},{"name":"c","image":"x"}]}})"},
      // The server's own keep their place.
      {R"({"spec":{"containers":[{"name":"a"},{"name":"s"},{"name":"b"}]}})",
       R"({"spec":{"$setElementOrder/containers":[{"name":"a"},{"name":"b"}],"containers":[{"name":"b","image":"x"}]}})",
       R"({"spec":{"containers":[{"name":"a"},{"name":"s"},{"name":"b","image":"x"}]}})"},
      {R"({"metadata":{"finalizers":["a","b","c"]}})",
       R"({"metadata":{"$setElementOrder/finalizers":["c","d"],"finalizers":["d"],
                       "$deleteFromPrimitiveList/finalizers":["a"]}})",
       R"({"metadata":{"finalizers":["b","c","d"]}})"},
      {R"({"spec":{}})", R"({"spec":{"$setElementOrder/containers":[{"name":"a"}],"containers":[{"name":"a"}]}})",
       R"({"spec":{"containers":[{"name":"a"}]}})"},
      {R"({"spec":{"containers":[{"name":"a","env":[{"name":"X","value":"1"}]}]}})",
       R"({"spec":{"$setElementOrder/containers":[{"name":"a"}],"containers":[{"name":"a",
             "$setElementOrder/env":[{"name":"X"},{"name":"Y"}],"env":[{"name":"Y","value":"2"}]}]}})",
       R"({"spec":{"containers":[{"name":"a","env":[{"name":"X","value":"1"},{"name":"Y","value":"2"}]}]}})"},
  };
  expect_merged<Pod>(cases);
}

TEST(StrategicMerge, FieldsOfInlinedMessagesAreTheParents) {
  const Case cases[] = {
      {R"({"spec":{"volumes":[{"name":"v","emptyDir":{}}]}})",
       R"({"spec":{"volumes":[{"name":"v","$retainKeys":["name","configMap"],"configMap":{"name":"c",
             "items":[{"key":"k"}]}}]}})",
       R"({"spec":{"volumes":[{"name":"v","configMap":{"name":"c","items":[{"key":"k"}]}}]}})"},
      {R"({"spec":{"volumes":[{"name":"v","projected":{"sources":[{"secret":{"name":"s"}}],"defaultMode":420}}]}})",
       R"({"spec":{"volumes":[{"name":"v","projected":{"defaultMode":256}}]}})",
       R"({"spec":{"volumes":[{"name":"v","projected":{"sources":[{"secret":{"name":"s"}}],"defaultMode":256}}]}})"},
  };
  expect_merged<Pod>(cases);
}

TEST(StrategicMerge, ServicePortsMergeByPort) {
  const Case cases[] = {
      {R"({"spec":{"ports":[{"port":80,"nodePort":30000},{"port":443}]}})",
       R"({"spec":{"ports":[{"port":80,"targetPort":"http"}]}})",
       R"({"spec":{"ports":[{"port":80,"nodePort":30000,"targetPort":"http"},{"port":443}]}})"},
  };
  expect_merged<Service>(cases);
}

TEST(StrategicMerge, RefusesWhatDoesNotFit) {
  const std::pair<const char*, int> cases[] = {
      {R"([])", 400},
      {R"({)", 400},
      {R"({"spec":{"$patch":"frob"}})", 422},
      {R"({"spec":{"containers":[{"image":"x"}]}})", 422},
      {R"({"spec":{"containers":[{"$patch":"delete"}]}})", 422},
      {R"({"spec":{"containers":["a"]}})", 422},
      {R"({"spec":{"$retainKeys":["a"],"hostname":"x"}})", 400},
      {R"({"spec":{"$retainKeys":"a"}})", 400},
      {R"({"spec":{"$setElementOrder/containers":"a"}})", 400},
      {R"({"metadata":{"$deleteFromPrimitiveList/finalizers":"a"}})", 400},
      {R"({"spec":{"$setElementOrder/containers":[{"name":"a"}],"containers":[{"name":"b"}]}})", 500},
  };
  for (auto [patch, code] : cases) {
    auto result = apply_strategic_merge(R"({"metadata":{"finalizers":["f"]},"spec":{"containers":[{"name":"a"}]}})",
                                        patch, Pod::descriptor());
    ASSERT_FALSE(result.ok()) << patch;
    EXPECT_EQ(result.error().code, code) << patch;
  }
}

TEST(StrategicMerge, RefusesWhatIsNoDocument) {
  using namespace std::string_view_literals;
  EXPECT_EQ(apply_strategic_merge("8", "{}", Pod::descriptor()).error().code, 400);
  EXPECT_EQ(apply_strategic_merge("{}", "{}\0x"sv, Pod::descriptor()).error().code, 400);
}

}  // namespace
}  // namespace kabuki
