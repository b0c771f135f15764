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
  for (const char* patch : {R"({"kind":"Pod"})", R"({"apiVersion":"v1"})", R"({"spec":{"replicas":"x"}})", "[]"}) {
    Deployment object = deployment(kBefore);
    auto patched = patch_message(PatchType::merge, patch, kind_of(kinds::kDeployment), &object);
    ASSERT_FALSE(patched.ok()) << patch;
    EXPECT_EQ(patched.error().code, 400) << patch;
    EXPECT_TRUE(MessageDifferencer::Equals(object, deployment(kBefore))) << patch;
  }
}

}  // namespace
}  // namespace kabuki
