#include <gmock/gmock.h>

#include "actors/store_shard/store_shard_actor.hpp"
#include "tests/runtime/sim_test.hpp"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {
namespace {

using runtime::make_message;
using namespace std::chrono_literals;

/// Has no room for puts while `*full`.
class FullEngine : public Engine {
 public:
  explicit FullEngine(const bool* full) : full_(*full) {}
  Result<uint64_t> load(const std::function<void(ObjectPtr)>&) override { return kFirstRevision; }
  void start(Feed feed, Failed) override { feed_ = std::move(feed); }
  void submit(std::vector<Mutation> batch, Done done) override {
    std::vector<MutationResult> results;
    for (const auto& mutation : batch) {
      if (full_ && mutation.object) {
        results.push_back({Outcome::refused, 0});
        continue;
      }
      ++revision_;
      results.push_back({Outcome::committed, revision_});
      const bool puts = mutation.object != nullptr;
      const ObjectPtr object =
          puts ? mutation.object : Object::make(mutation.key.kind, mutation.key.ns, mutation.key.name, 0, "");
      feed_(revision_,
            {{puts ? Change::Type::put : Change::Type::deleted, Object::at_revision(*object, revision_), nullptr}});
    }
    done(std::move(results));
  }
  void stop() override {}

 private:
  const bool& full_;
  Feed feed_;
  uint64_t revision_ = kFirstRevision;
};

struct FullShard : runtime::sim::SimTest {
  bool full = false;

  void SetUp() override {
    runtime::ChildSpec shard;
    shard.name = "shard";
    shard.make = store_shard({.name = "pods"}, [this] { return std::unique_ptr<Engine>(new FullEngine(&full)); });
    add("s", runtime::tree({std::move(shard)}));
  }
  bus::CommitReply::Outcome commit(const std::string& name, bool put) {
    bus::Commit request;
    auto* mutation = request.add_mutations();
    mutation->mutable_key()->set_kind(kinds::kPod);
    mutation->mutable_key()->set_namespace_("default");
    mutation->mutable_key()->set_name(name);
    mutation->set_put(put);
    std::vector<ObjectPtr> objects;
    if (put) objects.push_back(pod(name, ""));
    const auto answer = ask("s", "s/shard", make_message(std::move(request), std::move(objects)));
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return (*answer)->as<bus::CommitReply>()->items(0).outcome();
  }
  /// By the metric and by what `kabuki status` shows.
  bool alarm() {
    const bool metric = world->host("s")->metrics().prometheus_text().find("kabuki_store_full{shard=\"pods\"} 1") !=
                        std::string::npos;
    EXPECT_EQ(inspect("s", "s/shard").health().find(", full") != std::string::npos, metric);
    return metric;
  }
  void wait(io::Duration duration) {
    const auto until = world->clock().mono() + duration;
    world->run_until([&] { return world->clock().mono() >= until; }, duration + 1s);
  }
};

TEST_F(FullShard, AFullStoreRaisesAnAlarmThatEndsWhenNothingIsRefusedAnyMore) {
  EXPECT_EQ(commit("a", true), bus::CommitReply::COMMITTED);
  EXPECT_FALSE(alarm());
  full = true;
  EXPECT_EQ(commit("b", true), bus::CommitReply::REFUSED);
  EXPECT_TRUE(alarm());
  EXPECT_EQ(commit("a", false), bus::CommitReply::COMMITTED) << "deletes still work";
  EXPECT_TRUE(alarm());
  wait(limits::kFullAlarmInterval - 1s);
  EXPECT_EQ(commit("b", true), bus::CommitReply::REFUSED);
  wait(limits::kFullAlarmInterval - 1s);
  EXPECT_TRUE(alarm()) << "it was full less than a minute ago";
  full = false;
  EXPECT_EQ(commit("b", true), bus::CommitReply::COMMITTED);
  wait(2 * limits::kFullAlarmInterval);
  EXPECT_FALSE(alarm());
}

TEST_F(FullShard, WhatStartsAnewIsNotFullUntilItRefusesAgain) {
  full = true;
  EXPECT_EQ(commit("a", true), bus::CommitReply::REFUSED);
  EXPECT_TRUE(alarm());
  ASSERT_TRUE(ask("s", "s/shard", make_message(bus::KillActor())).ok());
  wait(10s);
  EXPECT_FALSE(alarm());
  EXPECT_EQ(commit("a", true), bus::CommitReply::REFUSED);
  EXPECT_TRUE(alarm());
}

}  // namespace
}  // namespace kabuki::store::test
