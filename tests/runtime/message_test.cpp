#include "runtime/message.hpp"

#include "messages/bus/objects.pb.h"
#include "messages/kinds.hpp"
#include "tests/runtime/test_actor.hpp"

namespace kabuki::runtime {
namespace {

MessagePtr sample() {
  bus::GetObjectsReply verb;
  verb.set_revision(17);
  auto* item = verb.add_items();
  item->set_found(true);
  item->set_object(1);
  return make_message(verb, {Object::make(kinds::kPod, "default", "web-1", 5, "body-1"),
                             Object::make(kinds::kNode, "", "node-1", 1ull << 60, "")});
}

TEST(Message, ComesBackAsItWas) {
  const auto message = sample();
  auto decoded = decode_message(encode_message(*message));
  ASSERT_TRUE(decoded.ok());
  const auto* verb = (*decoded)->as<bus::GetObjectsReply>();
  ASSERT_TRUE(verb);
  EXPECT_EQ(verb->SerializeAsString(), message->body->SerializeAsString());
  ASSERT_EQ((*decoded)->objects.size(), 2u);
  for (int i = 0; i < 2; ++i) {
    const auto &a = *message->objects[i], &b = *(*decoded)->objects[i];
    EXPECT_EQ(b.key(), a.key());
    EXPECT_EQ(b.revision(), a.revision());
    EXPECT_EQ(b.body(), a.body());
  }
  EXPECT_EQ(encode_message(**decoded), encode_message(*message));
}

TEST(Message, EveryPrefixAndLongerFormIsRefused) {
  const std::string bytes = encode_message(*sample());
  for (size_t n = 0; n < bytes.size(); ++n) {
    auto decoded = decode_message(std::string_view(bytes).substr(0, n));
    ASSERT_FALSE(decoded.ok()) << n;
    EXPECT_EQ(decoded.error().code, 400);
  }
  EXPECT_FALSE(decode_message(bytes + "x").ok());
}

TEST(Message, AnyByteMayBeWrongWithoutHarm) {
  const std::string bytes = encode_message(*sample());
  for (size_t n = 0; n < bytes.size(); ++n) {
    for (const unsigned char flip : {0x01, 0x80, 0xff}) {
      std::string wrong = bytes;
      wrong[n] = static_cast<char>(wrong[n] ^ flip);
      auto decoded = decode_message(wrong);  // either a message or a refusal
      if (decoded.ok()) {
        EXPECT_TRUE((*decoded)->body);
      }
    }
  }
}

TEST(Message, OnlyVerbsOfTheBusAreRead) {
  const std::string known = encode_message(*empty());
  const auto renamed = [&](const std::string& name) {
    std::string bytes(1, '\1');
    bytes += static_cast<char>(name.size());
    return bytes + name + std::string(2, '\0');
  };
  EXPECT_TRUE(decode_message(known).ok());
  EXPECT_EQ(renamed("kabuki.bus.Empty"), known);
  EXPECT_FALSE(decode_message(renamed("kabuki.bus.Nothing")).ok());
  EXPECT_FALSE(decode_message(renamed("google.protobuf.FileOptions")).ok());
  EXPECT_FALSE(decode_message(renamed("")).ok());
}

TEST(Message, ManyObjectsThanBytesAreRefusedBeforeMemoryIsTaken) {
  std::string bytes = encode_message(*empty());
  bytes.pop_back();
  bytes += "\xff\xff\xff\xff\xff\xff\xff\xff\x01";
  EXPECT_FALSE(decode_message(bytes).ok());
}

}  // namespace
}  // namespace kabuki::runtime
