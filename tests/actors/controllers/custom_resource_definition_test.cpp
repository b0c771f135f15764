#include "actors/controllers/custom_resource_definition.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "messages/api/apiextensions/v1/custom_resource_definition.pb.h"

namespace kabuki::controllers {
namespace {

namespace extensions = ::k8s::io::apiextensions_apiserver::pkg::apis::apiextensions::v1;

constexpr const char* kSpec = R"(
  metadata { name: "shoes.example.com" }
  spec { group: "example.com" scope: "Namespaced" names { plural: "shoes" kind: "Shoe" } })";

extensions::CustomResourceDefinition read(const std::string& text) {
  extensions::CustomResourceDefinition out;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &out)) << text;
  return out;
}

TEST(CustomResourceDefinitions, AreToldThatTheirResourcesAreNotServed) {
  const Key key{kinds::kCustomResourceDefinition, "", "shoes.example.com"};
  const Instant now{{77'000'000'000}, {}};
  View view;
  EXPECT_EQ(reconcile_custom_resource_definition(view, key, now), Plan());
  view.put(Object::encode(key.kind, read(kSpec), 1));
  const Plan plan = reconcile_custom_resource_definition(view, key, now);
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(plan.steps[0].write.verb, bus::WriteObjects::UPDATE_STATUS);
  EXPECT_EQ(plan.steps[0].write.object->as<extensions::CustomResourceDefinition>().DebugString(),
            read(std::string(kSpec) + R"(
    status {
      conditions { type: "NamesAccepted" status: "True" lastTransitionTime { seconds: 77 } reason: "NoConflicts"
                   message: "no conflicts found" }
      conditions { type: "Established" status: "False" lastTransitionTime { seconds: 77 } reason: "NotServed"
                   message: "definitions are kept here, custom resources are not served" }
      acceptedNames { plural: "shoes" kind: "Shoe" } })")
                .DebugString());
  view.put(Object::at_revision(*plan.steps[0].write.object, 2));
  EXPECT_EQ(reconcile_custom_resource_definition(view, key, {{99'000'000'000}, {}}), Plan());
}

}  // namespace
}  // namespace kabuki::controllers
