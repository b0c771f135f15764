#include "messages/api/core/v1/config_map.pb.h"
#include "tests/actors/api_server/api_sim.hpp"

namespace kabuki::api_server {
namespace {

/// A store whose disk takes its time, so that a write can be at a shard while its API server dies.
struct Barrier : ApiSim {
  void SetUp() override {
    sync = 200ms;
    ApiSim::SetUp();
  }
  using Answer = std::shared_ptr<std::unique_ptr<Result<runtime::MessagePtr>>>;
  Answer begin(const std::string& host, runtime::MessagePtr message) {
    auto answer = std::make_shared<std::unique_ptr<Result<runtime::MessagePtr>>>();
    world->host(host)->ask({"@api-server"}, std::move(message), 5s, [answer](Result<runtime::MessagePtr> result) {
      *answer = std::make_unique<Result<runtime::MessagePtr>>(std::move(result));
    });
    return answer;
  }
  Answer begin_write(const std::string& name) {
    ::k8s::io::api::core::v1::ConfigMap object;
    object.mutable_metadata()->set_name(name);
    object.mutable_metadata()->set_namespace_("default");
    const std::vector<actors::Write> writes{actors::Write::create(kinds::kConfigMap, object)};
    return begin("host-1", actors::write_message(writes, "test"));
  }
  void kill_api_server() {
    ASSERT_TRUE(ask("host-1", "host-1/api", runtime::make_message(bus::KillActor()), 10ms).ok());
  }
  bool is_there(const std::string& name) {
    bus::GetObjects request;
    auto* key = request.add_keys();
    key->set_kind(kinds::kConfigMap);
    key->set_namespace_("default");
    key->set_name(name);
    auto answer = ask("host-1", "@api-server", runtime::make_message(std::move(request)), 5s);
    return answer && (*answer)->as<bus::GetObjectsReply>()->items(0).found();
  }
};

TEST_F(Barrier, IsAnsweredAfterWhatTheFormerLifeOfTheApiServerHasCommitted) {
  const Answer lost = begin_write("late");
  world->run_for(20ms);
  ASSERT_NO_FATAL_FAILURE(kill_api_server());
  ASSERT_FALSE(is_there("late")) << "the write is to be under way";
  const Answer barrier = begin("host-1", runtime::make_message(bus::WriteObjects()));
  ASSERT_TRUE(world->run_until([&] { return *barrier != nullptr; }, 5s));
  ASSERT_TRUE((*barrier)->ok()) << (*barrier)->error().message;
  EXPECT_TRUE(is_there("late"));
  EXPECT_TRUE(*lost && !(*lost)->ok()) << "who wrote was told that nobody knows";
}

TEST_F(Barrier, IsAnsweredAfterTheWritesOfThisLife) {
  const Answer write = begin_write("mine");
  const Answer barrier = begin("host-1", runtime::make_message(bus::WriteObjects()));
  ASSERT_TRUE(world->run_until([&] { return *barrier != nullptr; }, 5s));
  EXPECT_TRUE((*barrier)->ok());
  EXPECT_TRUE(*write != nullptr);
  EXPECT_TRUE(is_there("mine"));
}

TEST_F(Barrier, FailsOrHoldsWhenAShardDiesMeanwhile) {
  const Answer lost = begin_write("late");
  world->run_for(20ms);
  ASSERT_NO_FATAL_FAILURE(kill_api_server());
  const Answer barrier = begin("host-1", runtime::make_message(bus::WriteObjects()));
  world->run_for(5ms);
  ASSERT_TRUE(ask("host-1", "host-1/objects", runtime::make_message(bus::KillActor()), 10ms).ok());
  ASSERT_TRUE(world->run_until([&] { return *barrier != nullptr; }, 15s));
  const bool then = is_there("late");
  world->run_for(10s);
  EXPECT_TRUE(!(*barrier)->ok() || then == is_there("late"));
  const Answer again = begin("host-1", runtime::make_message(bus::WriteObjects()));
  ASSERT_TRUE(world->run_until([&] { return *again != nullptr; }, 15s));
  EXPECT_TRUE((*again)->ok());
}

}  // namespace
}  // namespace kabuki::api_server
