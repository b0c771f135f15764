#include "actors/api_server/pod_log.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace kabuki::api_server {
namespace {

using Pod = ::k8s::io::api::core::v1::Pod;

http::Request asked(std::vector<std::pair<std::string, std::string>> query) {
  http::Request out;
  out.query = std::move(query);
  return out;
}

Pod pod_of(const std::string& spec) {
  Pod out;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString("metadata { name: 'web' } spec { " + spec + " }", &out));
  return out;
}

TEST(LogOptions, AreReadAsKubernetesReadsThem) {
  const auto options = log_options(asked({{"container", "a"},
                                          {"follow", "true"},
                                          {"previous", "false"},
                                          {"timestamps", "1"},
                                          {"tailLines", "0"},
                                          {"limitBytes", "10"},
                                          {"sinceTime", "2026-01-01T00:00:01Z"}}),
                                   "web");
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->container, "a");
  EXPECT_TRUE(options->follow);
  EXPECT_FALSE(options->previous);
  EXPECT_TRUE(options->timestamps);
  EXPECT_EQ(options->tail_lines, 0);
  EXPECT_EQ(options->limit_bytes, 10);
  EXPECT_EQ(options->since_ns, 1'767'225'601'000'000'000);
  EXPECT_FALSE(options->since_seconds);
}

TEST(LogMessages, AreChosenByTheFirstSubprotocolThatIsSpoken) {
  const http::Headers upgrade = {{"upgrade", "websocket"},
                                 {"connection", "Upgrade"},
                                 {"sec-websocket-version", "13"},
                                 {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="}};
  const auto choice = [&](const std::string& offered) {
    http::Request request;
    request.method = "GET";
    request.headers = upgrade;
    if (!offered.empty()) request.headers.emplace_back("sec-websocket-protocol", offered);
    auto messages = log_messages(request);
    return messages ? **messages : LogMessages{"refused with " + std::to_string(messages.error().code)};
  };
  EXPECT_EQ(choice(""), (LogMessages{""}));
  EXPECT_EQ(choice("binary.k8s.io"), (LogMessages{"binary.k8s.io"}));
  EXPECT_EQ(choice("chat, base64.binary.k8s.io, binary.k8s.io"), (LogMessages{"base64.binary.k8s.io", true}));
  EXPECT_EQ(choice("v4.channel.k8s.io"), (LogMessages{"refused with 400"}));
  EXPECT_EQ(*log_messages(asked({})), std::nullopt);
}

TEST(LogOptions, AreRefusedAsKubernetesRefusesThem) {
  struct {
    std::vector<std::pair<std::string, std::string>> query;
    int code;
    const char* message;
  } cases[] = {
      {{{"tailLines", "x"}}, 400, "strconv.ParseInt: parsing \"x\": invalid syntax"},
      {{{"tailLines", "-1"}},
       422,
       "PodLogOptions \"web\" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0"},
      {{{"limitBytes", "0"}},
       422,
       "PodLogOptions \"web\" is invalid: limitBytes: Invalid value: 0: must be greater than 0"},
      {{{"sinceSeconds", "0"}},
       422,
       "PodLogOptions \"web\" is invalid: sinceSeconds: Invalid value: 0: must be greater than 0"},
  };
  for (const auto& c : cases) {
    const auto options = log_options(asked(c.query), "web");
    ASSERT_FALSE(options.ok());
    EXPECT_EQ(options.error().code, c.code);
    EXPECT_EQ(options.error().message, c.message);
  }
  const auto both = log_options(asked({{"sinceSeconds", "1"}, {"sinceTime", "2026-01-01T00:00:01Z"}}), "web");
  ASSERT_FALSE(both.ok());
  EXPECT_NE(both.error().message.find("at most one of `sinceTime` or `sinceSeconds` may be specified"),
            std::string::npos);
}

TEST(LogContainer, IsTheOnlyOneOrHasToBeNamed) {
  const Pod one = pod_of("containers { name: 'a' }");
  EXPECT_EQ(*log_container(one, ""), "a");
  EXPECT_EQ(log_container(one, "b").error().message, "container b is not valid for pod web");
  const Pod many = pod_of("containers { name: 'a' } containers { name: 'b' } initContainers { name: 'i' }");
  EXPECT_EQ(*log_container(many, "i"), "i");
  EXPECT_EQ(
      log_container(many, "").error().message,
      "a container name must be specified for pod web, choose one of: [a b] or one of the init containers: [i]");
}

}  // namespace
}  // namespace kabuki::api_server
