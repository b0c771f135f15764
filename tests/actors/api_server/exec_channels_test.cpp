#include "actors/api_server/exec_channels.hpp"

#include <gtest/gtest.h>

#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

using namespace std::string_literals;

ChannelProtocol of(const std::string& name) { return *choose_channel_protocol({name}); }

TEST(ExecChannels, TheProtocolIsChosenAsAKubeApiserverChooses) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{}, ""},
      {{"v4.channel.k8s.io"}, "v4.channel.k8s.io"},
      {{"v4.channel.k8s.io", "v5.channel.k8s.io"}, "v5.channel.k8s.io"},
      {{"v3.channel.k8s.io", "base64.channel.k8s.io", "channel.k8s.io"}, "base64.channel.k8s.io"},
      {{"v4.base64.channel.k8s.io"}, "v4.base64.channel.k8s.io"},
  };
  for (const auto& [offered, name] : cases) {
    const auto chosen = choose_channel_protocol(offered);
    ASSERT_TRUE(chosen.ok());
    EXPECT_EQ(chosen->name, name);
  }
  EXPECT_EQ(of("v5.channel.k8s.io"),
            (ChannelProtocol{.name = "v5.channel.k8s.io", .json_status = true, .closes = true}));
  const auto none = choose_channel_protocol({"v3.channel.k8s.io", "chat"});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, 403);
  EXPECT_EQ(none.error().message,
            "requested protocol(s) are not supported: [v3.channel.k8s.io chat]; supports [v5.channel.k8s.io "
            "v4.channel.k8s.io v4.base64.channel.k8s.io channel.k8s.io base64.channel.k8s.io]");
}

TEST(ExecChannels, AMessageIsAByteAndWhatFollows) {
  const ChannelProtocol binary = of("v5.channel.k8s.io"), text = of("base64.channel.k8s.io");
  EXPECT_EQ(channel_message(binary, Channel::out, "a\0b"s), "\1a\0b"s);
  EXPECT_EQ(channel_message(binary, Channel::err, ""), "\2");
  EXPECT_EQ(channel_message(text, Channel::out, "a\0b"s), "1YQBi");
  EXPECT_EQ(read_channel_message(binary, "\0abc"s), (ChannelInput{0, "abc"}));
  EXPECT_EQ(read_channel_message(binary, "\xff\0"s), (ChannelInput{255, "\0"s}));
  EXPECT_EQ(read_channel_message(binary, "\4{}"), (ChannelInput{4, "{}"}));
  EXPECT_EQ(read_channel_message(binary, ""), std::nullopt);
  EXPECT_EQ(read_channel_message(text, "0YWJj"), (ChannelInput{0, "abc"}));
  EXPECT_EQ(read_channel_message(text, "0%%%"), std::nullopt);
  EXPECT_EQ(read_channel_message(text, "xYWJj"), std::nullopt);
}

TEST(ExecChannels, TheEndIsToldAsTheProtocolTellsIt) {
  const ChannelProtocol v4 = of("v4.channel.k8s.io"), v1 = of("channel.k8s.io");
  EXPECT_EQ(exit_status(v4, 0), R"({"metadata":{},"status":"Success"})");
  EXPECT_EQ(exit_status(v4, 3),
            R"({"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: command )"
            R"(terminated with exit code 3","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode",)"
            R"("message":"3"}]}})");
  EXPECT_EQ(error_status(v4, internal_error("no")),
            R"({"metadata":{},"status":"Failure","message":"Internal error occurred: no","reason":"InternalError",)"
            R"("details":{"causes":[{"message":"no"}]},"code":500})");
  EXPECT_EQ(exit_status(v1, 0), "");
  EXPECT_EQ(exit_status(v1, 3), "command terminated with non-zero exit code: command terminated with exit code 3");
  EXPECT_EQ(error_status(v1, internal_error("no")), "Internal error occurred: no");
}

}  // namespace
}  // namespace kabuki::api_server
