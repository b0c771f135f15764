#include <filesystem>
#include <stdlib.h>

#include "store/engines/memory.hpp"
#include "store/engines/rocksdb.hpp"
#include "tests/store/running_engine.hpp"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {
namespace {

const ShardIdentity kIdentity{"pods", "objects=*;pods=pods"};

/// A place where engines of one kind keep a shard.
class Home {
 public:
  virtual ~Home() = default;
  virtual std::unique_ptr<Engine> engine(ShardIdentity identity = kIdentity) = 0;
};

class MemoryHome : public Home {
 public:
  std::unique_ptr<Engine> engine(ShardIdentity identity) override {
    return make_memory_engine(medium_, {.identity = std::move(identity)});
  }

 private:
  std::shared_ptr<MemoryMedium> medium_ = std::make_shared<MemoryMedium>();
};

class RocksdbHome : public Home {
 public:
  RocksdbHome() {
    char name[] = "/tmp/kabuki-store-XXXXXX";
    directory_ = mkdtemp(name);
  }
  ~RocksdbHome() override { std::filesystem::remove_all(directory_); }
  std::unique_ptr<Engine> engine(ShardIdentity identity) override {
    return make_rocksdb_engine({.directory = directory_ + "/shard", .identity = std::move(identity)});
  }

 private:
  std::string directory_;
};

class EngineTest : public testing::TestWithParam<std::string> {
 protected:
  EngineTest() {
    if (GetParam() == "memory") {
      home_ = std::make_unique<MemoryHome>();
    } else {
      home_ = std::make_unique<RocksdbHome>();
    }
  }
  std::unique_ptr<Home> home_;
};

TEST_P(EngineTest, JudgesEntriesOneByOneAndGivesEachItsRevision) {
  RunningEngine engine(home_->engine());
  EXPECT_EQ(engine.revision, 1u);
  EXPECT_EQ(engine.commit({put(thing("a", "1")), put(thing("b", "1")), put(thing("a", "2")), put(thing("a", "3"), 2),
                           remove(thing_key("b"), 2), remove(thing_key("b"), 3), put(thing("b", "2"), 3),
                           remove(thing_key("c"), 0), put(thing("b", "4"))}),
            (Results{{Outcome::committed, 2},
                     {Outcome::committed, 3},
                     {Outcome::conflict, 2},
                     {Outcome::committed, 4},
                     {Outcome::conflict, 3},
                     {Outcome::committed, 5},
                     {Outcome::conflict, 0},
                     {Outcome::conflict, 0},
                     {Outcome::committed, 6}}));
  EXPECT_EQ(engine.fed,
            (Texts{"put default/a@2=1 was null", "put default/b@3=1 was null", "put default/a@4=3 was default/a@2=1",
                   "deleted default/b@5=1 was default/b@3=1", "put default/b@6=4 was null"}));
  EXPECT_FALSE(engine.failure);
}

TEST_P(EngineTest, JudgesPipelinedSubmissionsInTheirOrder) {
  RunningEngine engine(home_->engine());
  for (uint64_t i = 0; i < 50; ++i)
    engine.submit({put(thing("a", std::to_string(i)), i == 0 ? 0 : i + 1), put(thing("a", "x"), i)});
  engine.wait(50);
  for (uint64_t i = 0; i < 50; ++i) {
    EXPECT_EQ(engine.answers[i], (Results{{Outcome::committed, i + 2}, {Outcome::conflict, i + 2}}));
    EXPECT_GE(engine.fed_before_answer[i], i + 1);
  }
}

TEST_P(EngineTest, AnswersABatchOfConflictsOnly) {
  RunningEngine engine(home_->engine());
  EXPECT_EQ(engine.commit({put(thing("a", "1"), 8)}), (Results{{Outcome::conflict, 0}}));
  EXPECT_EQ(engine.commit({}), Results{});
  EXPECT_EQ(engine.fed, Texts{});
}

TEST_P(EngineTest, FindsEverythingAgainInKeyOrder) {
  {
    RunningEngine engine(home_->engine());
    engine.commit({put(thing("b", "1")), put(thing("a", std::string("\0\xff", 2))), put(thing("a", "", 0, "a")),
                   put(thing("a", "3", 0, "default-2")), put(pod("p", "n")), put(thing("c", "")),
                   put(Object::make(kinds::kNode, "", "n", 0, "node"))});
    engine.commit({put(thing("b", "2"), 2), remove(thing_key("c"), 7)});
    engine.stop();
  }
  RunningEngine again(home_->engine());
  EXPECT_EQ(again.revision, 10u);
  EXPECT_EQ(texts(again.objects),
            (Texts{text(pod("p", "n", 6)), "/n@8=node", "a/a@4=", text(thing("a", std::string("\0\xff", 2), 3)),
                   "default/b@9=2", "default-2/a@5=3"}));
  EXPECT_EQ(again.commit({put(thing("b", "3"), 2), put(thing("b", "3"), 9)}),
            (Results{{Outcome::conflict, 9}, {Outcome::committed, 11}}));
}

TEST_P(EngineTest, NeverGivesARevisionTwiceThoughItsObjectIsGone) {
  {
    RunningEngine engine(home_->engine());
    engine.commit({put(thing("a", "1")), remove(thing_key("a"), 2)});
    engine.stop();
  }
  RunningEngine again(home_->engine());
  EXPECT_EQ(again.revision, 3u);
  EXPECT_EQ(texts(again.objects), Texts{});
  EXPECT_EQ(again.commit({put(thing("a", "2"))}), (Results{{Outcome::committed, 4}}));
}

TEST_P(EngineTest, StopMakesWhatWasSubmittedDurable) {
  {
    RunningEngine engine(home_->engine());
    for (int i = 0; i < 100; ++i) engine.submit({put(thing("t" + std::to_string(i), "1"))});
    engine.stop();
    EXPECT_EQ(engine.answers.size(), 100u);
    engine.submit({put(thing("late", "1"))});
    EXPECT_EQ(engine.answers.back(), (Results{{Outcome::unknown, 0}}));
  }
  RunningEngine again(home_->engine());
  EXPECT_EQ(again.objects.size(), 100u);
  EXPECT_EQ(again.revision, 101u);
}

TEST_P(EngineTest, RefusesToBeOpenedTwice) {
  const auto nothing = [](ObjectPtr) {};
  RunningEngine engine(home_->engine());
  const auto second = home_->engine()->load(nothing);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().reason, "ServiceUnavailable");
  EXPECT_THAT(second.error().message, testing::HasSubstr("in use by"));
  engine.stop();
  EXPECT_TRUE(home_->engine()->load(nothing).ok());
}

TEST_P(EngineTest, RefusesTheDataOfAnotherShardOrMapping) {
  { RunningEngine engine(home_->engine()); }
  const auto nothing = [](ObjectPtr) {};
  const auto other_shard = home_->engine({"leases", kIdentity.mapping})->load(nothing);
  ASSERT_FALSE(other_shard.ok());
  EXPECT_THAT(other_shard.error().message, testing::HasSubstr(R"(holds the shard "pods", not "leases")"));
  const auto other_mapping = home_->engine({"pods", "objects=*"})->load(nothing);
  ASSERT_FALSE(other_mapping.ok());
  EXPECT_THAT(other_mapping.error().message,
              testing::HasSubstr(R"(mapping "objects=*;pods=pods", but this process maps "objects=*")"));
}

INSTANTIATE_TEST_SUITE_P(Engines, EngineTest, testing::Values("memory", "rocksdb"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace kabuki::store::test
