#include "messages/api/core/v1/config_map.pb.h"
#include "tests/actors/api_server/api_sim.hpp"

namespace kabuki::api_server {
namespace {

const std::string kConfigMaps = "/api/v1/namespaces/default/configmaps";

struct Overload : ApiSim {
  void begin_with(HttpGate::Bounds at_gate) {
    gate = std::make_shared<HttpGate>(at_gate);
    ApiSim::SetUp();
  }
  void SetUp() override {}

  std::shared_ptr<FakeSink> create(const std::string& name) {
    return send("POST", kConfigMaps, R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":")" + name + "\"}}");
  }
  /// How many have which status. A 429 must say when to come again.
  static std::map<int, int> statuses(const std::vector<std::shared_ptr<FakeSink>>& sinks) {
    std::map<int, int> out;
    for (const auto& sink : sinks) {
      ++out[sink->status];
      if (sink->status != 429) continue;
      EXPECT_NE(std::find(sink->headers.begin(), sink->headers.end(), http::Headers::value_type("retry-after", "1")),
                sink->headers.end());
      EXPECT_EQ(sink->json()["reason"], "TooManyRequests");
      EXPECT_EQ(sink->json()["details"]["retryAfterSeconds"], 1);
    }
    return out;
  }
};

TEST_F(Overload, TheGateRefusesWhatWouldWaitBehindTooMany) {
  begin_with({.requests = 20});
  std::vector<std::shared_ptr<FakeSink>> flood;
  for (int i = 0; i < 200; ++i) flood.push_back(create("a" + std::to_string(i)));
  EXPECT_EQ(statuses(flood), (std::map<int, int>{{0, 20}, {429, 180}}));
  world->run_for(1s);
  EXPECT_EQ(statuses(flood), (std::map<int, int>{{201, 20}, {429, 180}}));
  EXPECT_EQ(http("GET", kConfigMaps)->json()["items"].size(), 20u);
  config_map("after");
}

TEST_F(Overload, TheGateCountsBodies) {
  begin_with({.requests = 20, .bytes = 1000});
  std::vector<std::shared_ptr<FakeSink>> flood;
  for (int i = 0; i < 9; ++i) flood.push_back(send("POST", kConfigMaps, std::string(300, ' ')));
  EXPECT_EQ(statuses(flood), (std::map<int, int>{{0, 3}, {429, 6}}));
  world->run_for(1s);
  EXPECT_EQ(statuses(flood), (std::map<int, int>{{400, 3}, {429, 6}}));
}

TEST_F(Overload, WhatWouldWaitTooLongForAShardIsRefused) {
  sync = 10ms;
  waiting = {.gets = 8, .commits = 8};
  begin_with({});
  std::vector<std::shared_ptr<FakeSink>> flood;
  for (int i = 0; i < 500; ++i) flood.push_back(create("a" + std::to_string(i)));
  world->run_for(1s);
  auto seen = statuses(flood);
  EXPECT_GE(seen[201], 8);
  EXPECT_GE(seen[429], 400);
  EXPECT_EQ(seen[201] + seen[429], 500);
  EXPECT_EQ(http("GET", kConfigMaps)->json()["items"].size(), static_cast<size_t>(seen[201]));
  config_map("after");
}

TEST_F(Overload, AShardsRefusalReachesHttpAndActors) {
  sync = 10ms;
  bounds.mutations = 4;
  waiting.messages = 4;
  begin_with({});
  std::vector<std::shared_ptr<FakeSink>> flood;
  std::map<int, int> seen;
  for (int i = 0; i < 1000; ++i) {
    flood.push_back(create("a" + std::to_string(i)));
    world->run_for(100us);
  }
  world->run_for(1s);
  seen = statuses(flood);
  EXPECT_GE(seen[201], 20) << "the disk syncs every 10 ms and is never idle";
  EXPECT_GE(seen[429], 20);
  EXPECT_EQ(seen[201] + seen[429], 1000);

  std::vector<std::unique_ptr<Result<runtime::MessagePtr>>> answers(1000);
  for (size_t i = 0; i < answers.size(); ++i) {
    ::k8s::io::api::core::v1::ConfigMap object;
    object.mutable_metadata()->set_name("b" + std::to_string(i));
    object.mutable_metadata()->set_namespace_("default");
    const std::vector<actors::Write> writes{actors::Write::create(kinds::kConfigMap, object)};
    world->host("host-1")->ask({"@api-server"}, actors::write_message(writes, "test"), 5s,
                               [&answers, i](Result<runtime::MessagePtr> answer) {
                                 answers[i] = std::make_unique<Result<runtime::MessagePtr>>(std::move(answer));
                               });
    world->run_for(100us);
  }
  world->run_for(1s);
  seen.clear();
  for (const auto& answer : answers) {
    ASSERT_TRUE(answer);
    const auto outcome = actors::read_outcomes(*answer, 1)[0];
    ++seen[outcome.error ? outcome.error->code : 0];
    EXPECT_EQ(outcome.error ? outcome.error->retry_after_seconds : 1, 1);
  }
  EXPECT_GE(seen[0], 20);
  EXPECT_GE(seen[429], 20);
  EXPECT_EQ(seen[0] + seen[429], 1000);
  config_map("after");
}

}  // namespace
}  // namespace kabuki::api_server
