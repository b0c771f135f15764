#include "runtime/transport/join_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/transport/batch.hpp"
#include "runtime/transport/endpoint.hpp"

namespace kabuki::runtime {
namespace {

using testing::AllOf;
using testing::HasSubstr;

JoinFile sample() {
  return {.id = "4f1c",
          .endpoint = "tcp://10.0.0.5:7600",
          .server_host = "host-1",
          .server_key = generate_curve_keys().public_key,
          .secret = generate_curve_keys(),
          .uses = 3};
}

std::string without(const std::string& text, const std::string& field) {
  auto begin = text.find("  \"" + field + "\"");
  auto end = text.find('\n', begin);
  return text.substr(0, begin) + text.substr(end + 1);
}

TEST(JoinFile, ReadsBackWhatItWrote) {
  auto file = sample();
  auto read = parse_join_file(encode_join_file(file), "join.json");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, file);
}

TEST(JoinFile, NamesOtherDoorsAndWhomItAdmits) {
  auto file = sample();
  file.control_plane = true;
  file.others = {{"tcp://10.0.0.6:7600", "host-2", generate_curve_keys().public_key},
                 {"tcp://10.0.0.7:7600", "host-3", generate_curve_keys().public_key}};
  const auto text = encode_join_file(file);
  auto read = parse_join_file(text, "join.json");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, file);
  auto broken = text;
  broken.replace(broken.find("host-3"), 6, "h");
  broken.replace(broken.find(file.others[1].key), 40, "short");
  EXPECT_THAT(parse_join_file(broken, "join.json").error().message, HasSubstr("\"alsoAt\""));
}

TEST(JoinFile, ErrorsNameTheFileTheFieldAndTheRemedy) {
  auto text = encode_join_file(sample());
  for (const std::string field : {"kabukiJoin", "id", "address", "host", "serverKey", "secret"}) {
    auto read = parse_join_file(without(text, field), "/etc/join.json");
    ASSERT_FALSE(read.ok()) << field;
    EXPECT_THAT(read.error().message,
                AllOf(HasSubstr("/etc/join.json"), HasSubstr("\"" + field + "\""), HasSubstr("kabuki up --listen")));
  }
  EXPECT_THAT(parse_join_file("hello", "x").error().message, HasSubstr("is not JSON"));
  EXPECT_THAT(parse_join_file("{\"kabukiJoin\": 2}", "x").error().message, HasSubstr("has format 2"));
}

TEST(JoinFile, IsReadableByItsOwnerAlone) {
  auto path = testing::TempDir() + "kabuki_join_" + std::to_string(::getpid()) + ".json";
  auto file = sample();
  ASSERT_TRUE(write_join_file(path, file).ok());
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  auto read = read_join_file(path);
  ::unlink(path.c_str());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, file);
  EXPECT_THAT(read_join_file(path).error().message, HasSubstr(path));
}

TEST(KeyRing, OneKeyOneNameEitherWay) {
  KeyRing ring;
  ring.allow("key-a", "host-1");
  ring.allow("key-b", "host-1");
  EXPECT_EQ(ring.name_of("key-a"), std::nullopt);
  EXPECT_EQ(ring.name_of("key-b"), "host-1");
  ring.allow("key-b", "host-2");
  EXPECT_EQ(ring.key_of("host-1"), std::nullopt);
  EXPECT_EQ(ring.key_of("host-2"), "key-b");
  ring.revoke("key-b");
  EXPECT_EQ(ring.key_of("host-2"), std::nullopt);
}

TEST(Batch, ComesApartAsItWasPutTogether) {
  auto bytes = begin_batch(BatchKind::frames, "host-7");
  append_frame(&bytes, "one");
  append_frame(&bytes, "");
  append_frame(&bytes, std::string(70'000, 'x'));
  auto batch = parse_batch(bytes);
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(batch->kind, BatchKind::frames);
  EXPECT_EQ(batch->sender, "host-7");
  EXPECT_EQ(batch->frames, (std::vector<std::string>{"one", "", std::string(70'000, 'x')}));
}

TEST(Batch, RefusesEveryTruncationOtherThanBetweenFrames) {
  auto head = begin_batch(BatchKind::frames, "h");
  auto bytes = head;
  append_frame(&bytes, "abc");
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(parse_batch(std::string_view(bytes).substr(0, size)).ok(), size == head.size()) << size;
  }
  EXPECT_FALSE(parse_batch(std::string("\x02\x01\0\0\0\0", 6)).ok());
  EXPECT_FALSE(parse_batch(std::string("\x01\x09\0\0\0\0", 6)).ok());
}

TEST(Endpoint, KnowsLoopback) {
  for (const char* yes : {"tcp://127.0.0.1:7600", "tcp://127.8.0.1:*", "tcp://localhost:1", "tcp://[::1]:7600",
                          "ipc:///tmp/x", "inproc://x"}) {
    EXPECT_TRUE(is_loopback_endpoint(yes)) << yes;
  }
  for (const char* no : {"tcp://10.0.0.5:7600", "tcp://*:7600", "tcp://0.0.0.0:7600", "tcp://127.evil.example:1",
                         "tcp://[fd00::1]:1", "udp://127.0.0.1:1", "127.0.0.1:1"}) {
    EXPECT_FALSE(is_loopback_endpoint(no)) << no;
  }
}

TEST(Endpoint, ReadsWhatPeopleType) {
  EXPECT_EQ(*parse_endpoint("10.0.0.5", 7600), "tcp://10.0.0.5:7600");
  EXPECT_EQ(*parse_endpoint("10.0.0.5:99", 7600), "tcp://10.0.0.5:99");
  EXPECT_EQ(*parse_endpoint("tcp://[fd00::5]", 7600), "tcp://[fd00::5]:7600");
  EXPECT_EQ(*parse_endpoint("[fd00::5]:*", 7600), "tcp://[fd00::5]:*");
  for (const char* bad : {"", ":7600", "host:port", "fd00::5", "http://x", "a b"}) {
    EXPECT_THAT(parse_endpoint(bad, 7600).error().message, HasSubstr("10.0.0.5:7600")) << bad;
  }
}

}  // namespace
}  // namespace kabuki::runtime
