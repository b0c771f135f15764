#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/actors/api_server/api_sim.hpp"

namespace kabuki::api_server {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

const std::string kMaps = "/api/v1/namespaces/default/configmaps";

struct WatchWebSocket : ApiSim {
  static http::Headers upgrade(http::Headers more = {}) {
    http::Headers headers = {{"upgrade", "websocket"},
                             {"connection", "Upgrade"},
                             {"sec-websocket-version", "13"},
                             {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="}};
    headers.insert(headers.end(), more.begin(), more.end());
    return headers;
  }
  std::shared_ptr<FakeSink> open(const std::string& path, http::Headers more = {}) {
    auto sink = send("GET", path, "", upgrade(std::move(more)));
    EXPECT_TRUE(world->run_until([&] { return sink->status != 0; }, 1min));
    world->run_for(1s);
    return sink;
  }
  static std::vector<std::string> types(const FakeSink& sink) {
    std::vector<std::string> out;
    for (const std::string& message : sink.messages) out.push_back(nlohmann::json::parse(message)["type"]);
    return out;
  }
};

TEST_F(WatchWebSocket, HasOneEventInEachMessage) {
  config_map("a");
  auto sink =
      open(kMaps + "?watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
  EXPECT_TRUE(sink->web_socket);
  EXPECT_FALSE(sink->binary);
  EXPECT_EQ(sink->protocol, "");
  config_map("b");
  http("DELETE", kMaps + "/a");
  world->run_for(1s);
  EXPECT_THAT(sink->events(), ElementsAre("ADDED a", "BOOKMARK initial", "ADDED b", "DELETED a"));
  EXPECT_THAT(types(*sink), ElementsAre("ADDED", "BOOKMARK", "ADDED", "DELETED"));
}

TEST_F(WatchWebSocket, IsHadByTheOldPathsAndByASelectorToo) {
  config_map("a");
  config_map("b");
  for (const std::string path : {"/api/v1/watch/namespaces/default/configmaps/a",
                                 "/api/v1/namespaces/default/configmaps?watch=1&fieldSelector=metadata.name=a"}) {
    auto sink = open(path);
    EXPECT_TRUE(sink->web_socket) << path;
    EXPECT_THAT(sink->events(), ElementsAre("ADDED a")) << path;
  }
}

TEST_F(WatchWebSocket, SharesTheBytesOfAStreamInJson) {
  auto stream = watch(kMaps + "?watch=1");
  auto messages = open(kMaps + "?watch=1");
  config_map("a");
  world->run_for(1s);
  EXPECT_EQ(stream->body, messages->body);
  EXPECT_THAT(messages->messages, SizeIs(1));
}

TEST_F(WatchWebSocket, OfTablesHasATableInEachMessage) {
  auto sink = open(kMaps + "?watch=1", {{"accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}});
  config_map("a");
  config_map("b");
  world->run_for(1s);
  ASSERT_THAT(sink->messages, SizeIs(2));
  for (const std::string& message : sink->messages) {
    EXPECT_EQ(nlohmann::json::parse(message)["object"]["kind"], "Table");
  }
}

// In a stream each event has its length before it, and is else the same.
TEST_F(WatchWebSocket, OfProtobufIsBinaryAndHasNoLengths) {
  const http::Headers accept = {{"accept", "application/vnd.kubernetes.protobuf"}};
  const std::string path = kMaps + "?watch=1&timeoutSeconds=60&allowWatchBookmarks=true";
  auto stream = send("GET", path, "", accept);
  auto sink = open(path, accept);
  EXPECT_TRUE(sink->binary);
  config_map("a");
  config_map("b");
  world->run_until([&] { return sink->ended && stream->ended; }, 2min);
  std::vector<std::string> events;
  for (size_t at = 0; at + 4 <= stream->body.size();) {
    size_t size = 0;
    for (int i = 0; i < 4; ++i) size = size << 8 | static_cast<uint8_t>(stream->body[at++]);
    events.push_back(stream->body.substr(at, size));
    at += size;
  }
  EXPECT_GE(events.size(), 2u);
  EXPECT_EQ(sink->messages, events);
}

TEST_F(WatchWebSocket, TellsErrorsInAMessageOnceItHasBegun) {
  auto sink = open(kMaps + "?watch=1&resourceVersion=1000000");
  world->run_until([&] { return sink->ended; }, 2min);
  EXPECT_EQ(sink->status, 101);
  ASSERT_THAT(sink->messages, SizeIs(1));
  EXPECT_EQ(nlohmann::json::parse(sink->messages[0])["type"], "ERROR");
}

TEST_F(WatchWebSocket, ASlowReaderIsParkedAndMissesNothing) {
  auto sink = open(kMaps + "?watch=1");
  sink->full = true;
  for (int i = 0; i < 20; ++i) config_map("m" + std::to_string(10 + i));
  world->run_for(1s);
  EXPECT_THAT(sink->messages, SizeIs(0));
  EXPECT_GT(sink->refused, 0);
  sink->full = false;
  sink->writable();
  world->run_for(5s);
  EXPECT_THAT(sink->messages, SizeIs(20));
}

TEST_F(WatchWebSocket, TakesTheFirstSubprotocolOfferedButNoToken) {
  auto sink =
      open(kMaps + "?watch=1",
           {{"sec-websocket-protocol", "base64url.bearer.authorization.k8s.io.dG9rZW4, base64.binary.k8s.io, chat"}});
  EXPECT_EQ(sink->protocol, "base64.binary.k8s.io");
}

TEST_F(WatchWebSocket, OfABrokenHandshakeIsRefused) {
  auto old = http("GET", kMaps + "?watch=1", "",
                  {{"upgrade", "websocket"}, {"connection", "Upgrade"}, {"sec-websocket-version", "8"}});
  EXPECT_EQ(old->status, 426);
  EXPECT_EQ(old->json()["kind"], "Status");
  auto keyless = http("GET", kMaps + "?watch=1", "",
                      {{"upgrade", "websocket"}, {"connection", "Upgrade"}, {"sec-websocket-version", "13"}});
  EXPECT_EQ(keyless->status, 400);
}

TEST_F(WatchWebSocket, WhatIsRefusedBeforeItIsRefusedOverHttp) {
  auto sink = http("GET", "/api/v1/namespaces/default/nothings?watch=1", "", upgrade());
  EXPECT_EQ(sink->status, 404);
  EXPECT_FALSE(sink->web_socket);
}

TEST_F(WatchWebSocket, OtherRequestsAreAnsweredAsIfTheyHadNotAsked) {
  config_map("a");
  EXPECT_EQ(http("GET", kMaps + "/a", "", upgrade())->status, 200);
  EXPECT_EQ(http("GET", kMaps, "", upgrade())->json()["items"].size(), 1u);
  EXPECT_EQ(http("GET", "/version", "", upgrade())->web_socket, false);
}

}  // namespace
}  // namespace kabuki::api_server
