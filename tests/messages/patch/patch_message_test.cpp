#include "messages/patch/patch_message.hpp"

#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "messages/api/apps/v1/deployment.pb.h"

namespace kabuki {
namespace {

using Deployment = k8s::io::api::apps::v1::Deployment;
using google::protobuf::util::MessageDifferencer;

Deployment deployment(const std::string& text) {
  Deployment message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

const std::string kBefore = R"(metadata { name: "d" labels { key: "a" value: "1" } }
  spec { replicas: 1 template { spec { containers { name: "c" image: "i:1" } } } })";

TEST(PatchMessage, EachTypeChangesTheMessage) {
  const std::tuple<PatchType, const char*, const char*> cases[] = {
      {PatchType::strategic, R"({"spec":{"template":{"spec":{"containers":[{"name":"c","image":"i:2"}]}}}})",
       R"(metadata { name: "d" labels { key: "a" value: "1" } }
          spec { replicas: 1 template { spec { containers { name: "c" image: "i:2" } } } })"},
      {PatchType::merge, R"({"metadata":{"labels":{"a":null,"b":"2"}},"spec":{"replicas":0}})",
       R"(metadata { name: "d" labels { key: "b" value: "2" } }
          spec { replicas: 0 template { spec { containers { name: "c" image: "i:1" } } } })"},
      {PatchType::json, R"([{"op":"replace","path":"/spec/replicas","value":7}])",
       R"(metadata { name: "d" labels { key: "a" value: "1" } }
          spec { replicas: 7 template { spec { containers { name: "c" image: "i:1" } } } })"},
  };
  for (const auto& [type, patch, expected] : cases) {
    Deployment object = deployment(kBefore);
    JsonNotes notes;
    auto patched = patch_message(type, patch, kind_of(kinds::kDeployment), &object, &notes);
    ASSERT_TRUE(patched.ok()) << patched.error().message;
    EXPECT_TRUE(MessageDifferencer::Equals(object, deployment(expected))) << object.DebugString();
    EXPECT_EQ(notes.notes, std::vector<std::string>{});
  }
}

TEST(PatchMessage, NamesTheFieldsThatAreNotThere) {
  Deployment object = deployment(kBefore);
  JsonNotes notes;
  EXPECT_TRUE(
      patch_message(PatchType::merge, R"({"spec":{"foo":1}})", kind_of(kinds::kDeployment), &object, &notes).ok());
  EXPECT_EQ(notes.notes, std::vector<std::string>{R"(unknown field "spec.foo")"});
}

TEST(PatchMessage, LeavesTheMessageAloneWhenItFails) {
  const std::string_view kWrongType = R"({"spec":{"replicas":"x"}})";
  for (const std::string_view patch :
       {std::string_view(R"({"kind":"Pod"})"), std::string_view(R"({"apiVersion":"v1"})"), kWrongType,
        std::string_view("[]")}) {
    Deployment object = deployment(kBefore);
    auto patched = patch_message(PatchType::merge, patch, kind_of(kinds::kDeployment), &object);
    ASSERT_FALSE(patched.ok()) << patch;
    EXPECT_EQ(patched.error().code, patch == kWrongType ? 422 : 400) << patch;
    EXPECT_TRUE(MessageDifferencer::Equals(object, deployment(kBefore))) << patch;
  }
}

/// Of an empty Deployment, whose outcome is short enough to be shown here.
Error refusal(PatchType type, std::string_view patch, bool strict = false) {
  Deployment object;
  const auto patched = patch_message(type, patch, kind_of(kinds::kDeployment), &object, nullptr, strict);
  return patched ? Error{.code = 200} : patched.error();
}

TEST(PatchMessage, ShowsOfAMergeTheOutcomeThatIsNoObjectOfTheKind) {
  const Error error = refusal(PatchType::merge, R"({"spec":{"replicas":"x"},"metadata":null,"status":null})");
  EXPECT_EQ(error.code, 422);
  EXPECT_EQ(error.reason, "Invalid");
  EXPECT_EQ(error.kind + error.name + error.group, "");
  ASSERT_EQ(error.causes.size(), 1u);
  EXPECT_EQ(error.causes[0].field, "patch");
  EXPECT_TRUE(error.causes[0].message.starts_with("Invalid value: \"{\\\"apiVersion\\\":\\\"apps/v1\\\""))
      << error.causes[0].message;
  EXPECT_TRUE(error.causes[0].message.ends_with(
      "\": json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"))
      << error.causes[0].message;
  EXPECT_EQ(error.message, " \"\" is invalid: patch: " + error.causes[0].message);
  EXPECT_TRUE(
      refusal(PatchType::json, R"([{"op":"add","path":"/spec/replicas","value":[]}])")
          .message.ends_with("json: cannot unmarshal array into Go struct field DeploymentSpec.spec.replicas of "
                             "type int32"));
}

TEST(PatchMessage, ShowsOfAStrategicMergeThePatch) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"spec":{"replicas":"x"}})", R"("map[spec:map[replicas:x]]": unrecognized type: int32)"},
      {R"({"spec":{"replicas":1.5}})", R"("map[spec:map[replicas:1.5]]": cannot convert float64 to int32)"},
      {R"({"spec":{"paused":"true","minReadySeconds":3}})",
       R"("map[spec:map[minReadySeconds:3 paused:true]]": unrecognized type: bool)"},
      {R"({"metadata":{"labels":{"a":5}}})",
       R"("map[metadata:map[labels:map[a:5]]]": cannot convert int64 to string)"},
      {R"({"metadata":{"labels":{"a":true}}})",
       R"("map[metadata:map[labels:map[a:true]]]": unrecognized type: string)"},
      {R"({"metadata":{"labels":"a"}})", R"("map[metadata:map[labels:a]]": cannot restore map from string)"},
      {R"({"spec":{"template":{"spec":{"containers":7}}}})",
       R"("map[spec:map[template:map[spec:map[containers:7]]]]": cannot restore slice from int64)"},
      {R"({"spec":["a",null,{"b":1e30}]})",
       R"("map[spec:[a <nil> map[b:1e+30]]]": cannot restore struct from: slice)"},
  };
  for (const auto& [patch, why] : cases) {
    EXPECT_EQ(refusal(PatchType::strategic, patch).message,
              std::string(" \"\" is invalid: patch: Invalid value: ") + why);
  }
  EXPECT_EQ(refusal(PatchType::strategic, "[]").message,
            "json: cannot unmarshal array into Go value of type map[string]interface {}");
  EXPECT_EQ(refusal(PatchType::strategic, "{").message, "unexpected end of JSON input");
}

TEST(PatchMessage, StrictRefusesFieldsThatTheKindDoesNotHave) {
  EXPECT_EQ(refusal(PatchType::strategic, R"({"spec":{"foo":1},"bar":2})", true).message,
            " \"\" is invalid: patch: Invalid value: \"map[bar:2 spec:map[foo:1]]\": strict decoding error: unknown "
            "field \"bar\", unknown field \"spec.foo\"");
  EXPECT_EQ(refusal(PatchType::merge, R"({"spec":{"foo":1}})", true).code, 422);
  EXPECT_EQ(refusal(PatchType::merge, R"({"spec":{"paused":true}})", true).code, 200);
}

}  // namespace
}  // namespace kabuki
