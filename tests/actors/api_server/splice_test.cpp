#include "actors/api_server/write/splice.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <random>

#include "messages/api/core/v1/pod.pb.h"
#include "messages/encode.hpp"
#include "messages/json.hpp"
#include "messages/meta.hpp"
#include "messages/wire.hpp"
#include "tests/messages/random_message.hpp"

namespace kabuki::api_server {
namespace {

using google::protobuf::Message;
namespace core = ::k8s::io::api::core::v1;

Result<Decision> status_of(const ObjectPtr& current, const ObjectPtr& sent, bool parsed) {
  Write write{
      .verb = Write::Verb::update, .kind = &kind_of(current->kind()), .key = current->key(), .subresource = "status"};
  if (parsed) {
    auto object = *parse_current(*write.kind, sent);
    mutable_meta(object.get())->clear_resourceversion();
    write.object = object;
  } else {
    write.sent = sent;
  }
  return decide(write, current, {.now = {1'800'000'000'000'000'000}});
}

/// A valid object of every kind that has a status: those that the rules of validation are tried on, and bare ones of
/// the kinds that have none there.
std::map<KindId, std::unique_ptr<Message>> objects_with_status() {
  std::map<KindId, std::unique_ptr<Message>> objects;
  for (const Kind& kind : all_kinds()) {
    if (!kind.has_status) continue;
    auto& object = objects[kind.id];
    object.reset(kind.make());
    mutable_meta(object.get())->set_name("a");
    if (kind.namespaced) mutable_meta(object.get())->set_namespace_("default");
    mutable_meta(object.get())->set_uid("3f6c0a5e-0000-4000-8000-000000000001");
  }
  std::ifstream file(KABUKI_TEST_DATA "/../../messages/data/rule_objects.tsv");
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    const size_t tab = line.find('\t');
    for (auto& [id, object] : objects) {
      if (kind_of(id).kind != line.substr(0, tab)) continue;
      EXPECT_TRUE(decode_json(line.substr(tab + 1), object.get()).ok());
    }
  }
  return objects;
}

std::unique_ptr<Message> with_random_status(const Message& object, std::mt19937_64* random) {
  std::unique_ptr<Message> out(object.New());
  out->CopyFrom(object);
  const auto* field = out->GetDescriptor()->FindFieldByName("status");
  if ((*random)() % 8 == 0) {
    out->GetReflection()->ClearField(out.get(), field);
  } else {
    fill_randomly(random, out->GetReflection()->MutableMessage(out.get(), field));
  }
  return out;
}

TEST(SpliceStatus, DecidesAsWithEverythingParsed) {
  std::mt19937_64 random(7);
  size_t spliced = 0, left = 0, refused = 0;
  for (const auto& [id, object] : objects_with_status()) {
    SCOPED_TRACE(kind_of(id).kind);
    for (int round = 0; round < 40; ++round) {
      const auto old = with_random_status(*object, &random), asked = with_random_status(*object, &random);
      if (random() % 4 == 0) mutable_meta(asked.get())->set_uid("another");
      if (random() % 4 == 0) mutable_meta(asked.get())->clear_uid();
      if (random() % 4 == 0) (*mutable_meta(asked.get())->mutable_labels())["only"] = "asked";
      if (random() % 4 == 0) {
        mutable_meta(old.get())->mutable_deletiontimestamp()->set_seconds(1);
        mutable_meta(old.get())->set_deletiongraceperiodseconds(static_cast<int64_t>(random() % 2));
      }
      const ObjectPtr current = Object::encode(id, *old, 7);
      const ObjectPtr sent = random() % 8 == 0 ? current : Object::encode(id, *asked, 5);
      const auto fast = status_of(current, sent, false);
      const auto slow = status_of(current, sent, true);
      ASSERT_EQ(fast.ok(), slow.ok()) << (slow.ok() ? "" : slow.error().message);
      if (!slow.ok()) {
        ++refused;
        EXPECT_EQ(fast.error().message, slow.error().message);
        continue;
      }
      ++(fast->object ? left : spliced);
      ASSERT_EQ(fast->effect, slow->effect);
      EXPECT_EQ(fast->expected_revision, slow->expected_revision);
      if (slow->effect != Decision::Effect::put) continue;
      EXPECT_EQ(fast->next->key(), slow->next->key());
      EXPECT_EQ(fast->next->body(), slow->next->body());
    }
  }
  EXPECT_GT(spliced, 300u);
  EXPECT_GT(left, 50u);
  EXPECT_GT(refused, 50u);
}

/// A pod whose status is encoded as no encoder of ours does: fields in another order, one of them twice.
ObjectPtr oddly_encoded(const ObjectPtr& current) {
  std::string status;
  wire::append_bytes_field(core::PodStatus::kHostIPFieldNumber, "10.0.0.9", &status);
  wire::append_bytes_field(core::PodStatus::kPhaseFieldNumber, "Pending", &status);
  wire::append_bytes_field(core::PodStatus::kPhaseFieldNumber, "Running", &status);
  std::string body;
  wire::append_bytes_field(core::Pod::kStatusFieldNumber, status, &body);
  body.append(current->body());
  return Object::make(kinds::kPod, current->ns(), current->name(), 5, body);
}

TEST(SpliceStatus, WhatIsStoredIsCanonicalHoweverItWasSent) {
  core::Pod pod;
  pod.mutable_metadata()->set_name("a");
  pod.mutable_metadata()->set_namespace_("default");
  pod.mutable_spec()->add_containers()->set_name("c");
  const ObjectPtr current = Object::encode(kinds::kPod, pod, 7);
  const auto decision = status_of(current, oddly_encoded(current), false);
  ASSERT_TRUE(decision.ok());
  pod.mutable_status()->set_phase("Running");
  pod.mutable_status()->set_hostip("10.0.0.9");
  EXPECT_EQ(decision->next->body(), Object::encode(kinds::kPod, pod)->body());
}

TEST(SpliceStatus, AStatusThatIsNoMessageIsRefused) {
  core::Pod pod;
  pod.mutable_metadata()->set_name("a");
  pod.mutable_metadata()->set_namespace_("default");
  const ObjectPtr current = Object::encode(kinds::kPod, pod, 7);
  std::string body(current->body());
  wire::append_bytes_field(core::Pod::kStatusFieldNumber, "\xff\xff", &body);
  const auto decision = status_of(current, Object::make(kinds::kPod, "default", "a", 5, body), false);
  ASSERT_FALSE(decision.ok());
}

TEST(SpliceStatus, LosesNothingOfAnObjectThatCannotBeRead) {
  core::Pod pod;
  pod.mutable_metadata()->set_name("a");
  pod.mutable_metadata()->set_namespace_("default");
  pod.mutable_spec()->add_containers()->set_name("container");
  const ObjectPtr sent = Object::encode(kinds::kPod, pod, 7);
  const ObjectPtr cut = Object::make(kinds::kPod, "default", "a", 7, sent->body().substr(0, sent->body().size() - 3));
  EXPECT_FALSE(status_of(cut, sent, false).ok());
}

}  // namespace
}  // namespace kabuki::api_server
