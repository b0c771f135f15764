#include <google/protobuf/message.h>
#include <gtest/gtest.h>
#include <memory>
#include <rapidcheck.h>

#include "messages/api/core/v1/pod.pb.h"
#include "messages/encode.hpp"
#include "messages/envelope.hpp"
#include "messages/json.hpp"
#include "messages/json_encode.hpp"
#include "messages/json_plan.hpp"
#include "messages/kinds.hpp"
#include "messages/object.hpp"
#include "messages/yaml.hpp"
#include "tests/messages/api_messages.hpp"
#include "tests/messages/random_message.hpp"

namespace kabuki {
namespace {

using google::protobuf::Message;

struct Sample {
  const Kind* kind;
  std::unique_ptr<Message> message;
};

Sample random_sample() {
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  const Kind& kind = all_kinds()[random() % all_kinds().size()];
  Sample sample{&kind, std::unique_ptr<Message>(kind.make())};
  fill_randomly(&random, sample.message.get());
  return sample;
}

std::string to_json(const Message& message) {
  std::string out;
  encode_json(message, &out);
  return out;
}

TEST(CodecProperty, JsonKeepsEveryMessage) {
  EXPECT_TRUE(rc::check([] {
    const Sample sample = random_sample();
    const std::string json = to_json(*sample.message);
    std::unique_ptr<Message> back(sample.kind->make());
    JsonNotes notes;
    const auto decoded = decode_json(json, back.get(), &notes);
    if (!decoded) RC_FAIL(decoded.error().message);
    RC_ASSERT(notes.notes.empty());
    RC_ASSERT(serialize(*back) == serialize(*sample.message));
  }));
}

TEST(CodecProperty, JsonKeepsEveryMessageOfTheApi) {
  auto* factory = google::protobuf::MessageFactory::generated_factory();
  for (const auto* descriptor : api_messages()) {
    if (json::form_of_message(descriptor) != json::Form::message) continue;
    std::mt19937_64 random(descriptor->file()->package().size() * 1000 + descriptor->full_name().size());
    for (int round = 0; round < 20; ++round) {
      const std::unique_ptr<Message> message(factory->GetPrototype(descriptor)->New());
      fill_randomly(&random, message.get());
      const std::string json = to_json(*message);
      const std::unique_ptr<Message> back(message->New());
      JsonNotes notes;
      const auto decoded = decode_json(json, back.get(), &notes);
      ASSERT_TRUE(decoded.ok()) << descriptor->full_name() << ": " << decoded.error().message << json;
      EXPECT_TRUE(notes.notes.empty()) << descriptor->full_name() << ": " << notes.notes[0];
      ASSERT_EQ(serialize(*back), serialize(*message)) << descriptor->full_name() << json;
    }
  }
}

TEST(CodecProperty, YamlKeepsEveryMessage) {
  EXPECT_TRUE(rc::check([] {
    const Sample sample = random_sample();
    const auto yaml = json_to_yaml(to_json(*sample.message));
    RC_ASSERT(yaml.ok());
    const auto json = yaml_to_json(*yaml);
    if (!json) RC_FAIL(json.error().message + "\n" + *yaml);
    std::unique_ptr<Message> back(sample.kind->make());
    const auto decoded = decode_json(*json, back.get());
    if (!decoded) RC_FAIL(decoded.error().message + "\n" + *yaml);
    std::string again = to_json(*back);
    RC_ASSERT(again == to_json(*sample.message));
  }));
}

TEST(CodecProperty, EqualMessagesHaveEqualBytes) {
  EXPECT_TRUE(rc::check([] {
    const Sample sample = random_sample();
    const std::string bytes = serialize(*sample.message);
    std::unique_ptr<Message> back(sample.kind->make());
    RC_ASSERT(back->ParseFromString(bytes));
    RC_ASSERT(serialize(*back) == bytes);
  }));
}

TEST(CodecProperty, EnvelopesKeepEveryMessageAndAreCanonical) {
  EXPECT_TRUE(rc::check([] {
    const Sample sample = random_sample();
    const std::string bytes = serialize(*sample.message);
    std::string body;
    append_envelope(sample.kind->api_version(), sample.kind->kind, bytes, &body);
    std::unique_ptr<Message> back(sample.kind->make());
    RC_ASSERT(decode_envelope(body, back.get()).ok());
    RC_ASSERT(serialize(*back) == bytes);
  }));
}

TEST(CodecProperty, ObjectsKeepEveryMessageButItsResourceVersion) {
  EXPECT_TRUE(rc::check([] {
    const Sample sample = random_sample();
    const ObjectPtr object = Object::encode(sample.kind->id, *sample.message, 7);
    std::unique_ptr<Message> expected(sample.kind->make());
    expected->CopyFrom(*sample.message);
    const auto* metadata = expected->GetDescriptor()->FindFieldByName("metadata");
    Message* meta = expected->GetReflection()->MutableMessage(expected.get(), metadata);
    const auto* version = meta->GetDescriptor()->FindFieldByName("resourceVersion");
    meta->GetReflection()->SetString(meta, version, "7");
    std::unique_ptr<Message> parsed(sample.kind->make());
    RC_ASSERT(object->parse(parsed.get()).ok());
    RC_ASSERT(serialize(*parsed) == serialize(*expected));
  }));
}

TEST(CodecProperty, DecodingSurvivesBrokenDocuments) {
  EXPECT_TRUE(rc::check([] {
    const Sample sample = random_sample();
    std::string json = to_json(*sample.message);
    std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
    for (uint64_t i = random() % 4; i-- > 0;) json[random() % json.size()] = static_cast<char>(random());
    json.resize(random() % 2 ? json.size() : random() % json.size());
    std::unique_ptr<Message> back(sample.kind->make());
    JsonNotes notes;
    const auto decoded = decode_json(json, back.get(), &notes);
    if (!decoded) RC_ASSERT(decoded.error().code == 400);
    if (decoded) RC_ASSERT(decode_json(to_json(*back), back.get()).ok());
  }));
}

TEST(CodecProperty, EncodingSurvivesBrokenBytes) {
  EXPECT_TRUE(rc::check([] {
    const Sample sample = random_sample();
    std::string body = serialize(*sample.message);
    std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
    for (uint64_t i = random() % 8; i-- > 0 && !body.empty();) {
      body[random() % body.size()] = static_cast<char>(random());
    }
    std::string json;
    encode_json_bytes(sample.kind->descriptor, body, &json);
    RC_ASSERT(json.front() == '{' && json.back() == '}');
    std::unique_ptr<Message> back(sample.kind->make());
    (void)decode_envelope(body, back.get());
    (void)decode_envelope(std::string("k8s\0", 4) + body, back.get());
  }));
}

}  // namespace
}  // namespace kabuki
