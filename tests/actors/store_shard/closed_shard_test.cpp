#include <gmock/gmock.h>

#include "actors/store_shard/store_shard_actor.hpp"
#include "messages/status.hpp"
#include "store/engines/memory.hpp"
#include "tests/runtime/sim_test.hpp"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {
namespace {

using runtime::make_message;
using runtime::MessagePtr;
using namespace std::chrono_literals;

/// What cannot be opened while `broken` holds: some objects are read before that is found.
class BrokenEngine : public Engine {
 public:
  Result<uint64_t> load(const std::function<void(ObjectPtr)>& sink) override {
    sink(pod("half-read", "n1", 7));
    return internal_error("000004.log is corrupt at offset 42");
  }
  void start(Feed, Failed) override {}
  void submit(std::vector<Mutation>, Done) override { FAIL(); }
  void stop() override {}
};

/// Two shards below one supervisor with the tree's intensity; that of pods may break.
struct ClosedShard : runtime::sim::SimTest {
  std::map<std::string, std::shared_ptr<MemoryMedium>> media{{"pods", std::make_shared<MemoryMedium>()},
                                                             {"objects", std::make_shared<MemoryMedium>()}};
  bool broken = false;

  Result<> start(bool may_be_closed = false) {
    std::vector<runtime::ChildSpec> shards;
    for (const auto& [name, medium] : media) {
      ShardOptions options{.name = name, .may_be_closed = may_be_closed, .when_closed = "put another in its place"};
      shards.push_back({.name = name, .make = store_shard(options, [this, name = name, medium = medium, options] {
                                        if (name == "pods" && broken)
                                          return std::unique_ptr<Engine>(new BrokenEngine());
                                        return make_memory_engine(medium, {.identity = options.mapping.identity(name),
                                                                           .timers = &world->timers()});
                                      })});
    }
    runtime::SupervisorSpec store{.intensity = 10, .period = 10s, .children = std::move(shards)};
    runtime::Host& host = world->add_host(named("s"), {});
    return host.start(runtime::tree({runtime::supervisor_child("store", std::move(store))}));
  }
  /// "revision 3: a@2 b@3", or the error.
  std::string list(const std::string& shard, KindId kind) {
    bus::ListObjects request;
    request.mutable_selection()->set_kind(kind);
    const auto answer = ask("s", "s/store/" + shard, make_message(std::move(request)));
    if (!answer) return std::to_string(answer.error().code) + " " + answer.error().message;
    std::string out = "revision " + std::to_string((*answer)->as<bus::ListObjectsReply>()->revision()) + ":";
    for (const auto& name : names((*answer)->objects)) out += " " + name;
    return out;
  }
  void create(const std::string& shard, const ObjectPtr& object) {
    bus::Commit request;
    auto* mutation = request.add_mutations();
    mutation->mutable_key()->set_kind(object->kind());
    mutation->mutable_key()->set_namespace_(std::string(object->ns()));
    mutation->mutable_key()->set_name(std::string(object->name()));
    mutation->set_put(true);
    EXPECT_TRUE(ask("s", "s/store/" + shard, make_message(std::move(request), {object})).ok());
  }
  void wait(io::Duration duration) {
    const auto until = world->clock().mono() + duration;
    world->run_until([&] { return world->clock().mono() >= until; }, duration + 1s);
  }
  std::string metric(const std::string& line) {
    const std::string text = world->host("s")->metrics().prometheus_text();
    const auto at = text.find(line + " ");
    return at == std::string::npos ? "none"
                                   : text.substr(at + line.size() + 1, text.find('\n', at) - at - line.size() - 1);
  }
};

constexpr const char* kWhy =
    "503 shard pods: Internal error occurred: 000004.log is corrupt at offset 42; put another in its place";

TEST_F(ClosedShard, WhatCannotBeOpenedWhenItsProcessStartsRefusesTheStart) {
  broken = true;
  const auto started = start();
  ASSERT_FALSE(started.ok());
  EXPECT_THAT(started.error().message, testing::HasSubstr("000004.log is corrupt at offset 42"));
}

TEST_F(ClosedShard, OneThatIsLostLaterIsDownAloneAndComesBack) {
  ASSERT_TRUE(start().ok());
  create("pods", pod("a", "n1"));
  create("objects", thing("x", ""));
  broken = true;
  ASSERT_TRUE(ask("s", "s/store/pods", make_message(bus::KillActor())).ok());
  wait(1min);
  EXPECT_EQ(list("pods", kinds::kPod), kWhy);
  EXPECT_EQ(list("objects", kinds::kConfigMap), "revision 2: x@2");
  create("objects", thing("y", ""));
  EXPECT_EQ(list("objects", kinds::kConfigMap), "revision 3: x@2 y@3");
  EXPECT_THAT(inspect("s", "s/store/pods").health(), testing::HasSubstr("cannot be opened"));
  EXPECT_EQ(metric("kabuki_store_open{shard=\"pods\"}"), "0");
  EXPECT_EQ(metric("kabuki_store_open{shard=\"objects\"}"), "1");
  // Trying again ends nobody: neither the supervisor nor, a hundred times, this actor.
  EXPECT_LE(inspect("s", "s/store/pods").restarts(), 1u);
  broken = false;
  wait(limits::kOpenAgain + 1s);
  EXPECT_EQ(list("pods", kinds::kPod), "revision 2: a@2") << "with nothing of what was read before the error";
  EXPECT_EQ(metric("kabuki_store_open{shard=\"pods\"}"), "1");
}

TEST_F(ClosedShard, AHostThatComesBackByItselfServesWhatItCan) {
  broken = true;
  ASSERT_TRUE(start(true).ok());
  EXPECT_EQ(list("pods", kinds::kPod), kWhy);
  EXPECT_EQ(list("objects", kinds::kConfigMap), "revision 1:");
  broken = false;
  wait(limits::kOpenAgain + 1s);
  EXPECT_EQ(list("pods", kinds::kPod), "revision 1:");
}

}  // namespace
}  // namespace kabuki::store::test
