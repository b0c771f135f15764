#include <map>

#include "tests/store/engine_suite.hpp"

// What engines do that alone write, and those that share their data.
namespace kabuki::store::test {
namespace {

class ExclusiveEngineTest : public HomeTest {};
class SharedEngineTest : public HomeTest {};

TEST_P(ExclusiveEngineTest, GivesEachChangeTheNextRevision) {
  RunningEngine engine(this->engine());
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

TEST_P(ExclusiveEngineTest, JudgesPipelinedSubmissionsInTheirOrder) {
  RunningEngine engine(this->engine());
  for (uint64_t i = 0; i < 50; ++i)
    engine.submit({put(thing("a", std::to_string(i)), i == 0 ? 0 : i + 1), put(thing("a", "x"), i)});
  engine.wait(50);
  for (uint64_t i = 0; i < 50; ++i) {
    EXPECT_EQ(engine.answers[i], (Results{{Outcome::committed, i + 2}, {Outcome::conflict, i + 2}}));
    EXPECT_GE(engine.fed_before_answer[i], i + 1);
  }
}

TEST_P(ExclusiveEngineTest, RefusesToBeOpenedTwice) {
  const auto nothing = [](ObjectPtr) {};
  RunningEngine engine(this->engine());
  const auto second = this->engine()->load(nothing);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().reason, "ServiceUnavailable");
  EXPECT_THAT(second.error().message, testing::HasSubstr("in use by"));
  engine.stop();
  EXPECT_TRUE(this->engine()->load(nothing).ok());
}

TEST_P(ExclusiveEngineTest, RefusesTheDataOfAnotherShard) {
  { RunningEngine engine(this->engine()); }
  const auto other = engine({"leases", kIdentity.mapping})->load([](ObjectPtr) {});
  ASSERT_FALSE(other.ok());
  EXPECT_THAT(other.error().message, testing::HasSubstr(R"(holds the shard "pods", not "leases")"));
}

TEST_P(SharedEngineTest, EnginesOfOneShardAreFedTheSame) {
  RunningEngine one(this->engine()), two(this->engine());
  std::map<std::string, uint64_t> revisions;
  for (int i = 0; i < 40; ++i) {
    RunningEngine& writer = i % 2 == 0 ? one : two;
    const std::string name = "k" + std::to_string(i % 4);
    const auto results = writer.commit({put(thing(name, std::to_string(i)), revisions[name])});
    ASSERT_EQ(outcomes(results), "committed");
    revisions[name] = results[0].revision;
  }
  const uint64_t newest = std::max({revisions["k0"], revisions["k1"], revisions["k2"], revisions["k3"]});
  one.wait_for_revision(newest);
  two.wait_for_revision(newest);
  EXPECT_EQ(one.changes.size(), 40u);
  EXPECT_EQ(told(one.changes), told(two.changes));
}

TEST_P(SharedEngineTest, OfTwoWritersOneWins) {
  RunningEngine one(this->engine()), two(this->engine());
  for (int i = 0; i < 20; ++i) {
    const std::string name = "k" + std::to_string(i);
    one.submit({put(thing(name, "one"))});
    two.submit({put(thing(name, "two"))});
    one.wait(i + 1);
    two.wait(i + 1);
    const auto first = one.answers[i], second = two.answers[i];
    const bool one_won = first[0].outcome == Outcome::committed;
    EXPECT_EQ(outcomes(one_won ? second : first), "conflict");
    EXPECT_EQ(outcomes(one_won ? first : second), "committed");
    EXPECT_EQ(first[0].revision, second[0].revision);
  }
}

TEST_P(SharedEngineTest, ABarrierCoversWhatWasAcknowledgedToOthers) {
  RunningEngine writer(this->engine()), reader(this->engine());
  RunningEngine elsewhere(this->engine({"leases", kIdentity.mapping}));
  for (int i = 0; i < 20; ++i) {
    const auto committed = writer.commit({put(thing("k" + std::to_string(i), ""))});
    const auto barrier = reader.barrier();
    ASSERT_TRUE(barrier.ok());
    EXPECT_GE(*barrier, committed[0].revision);
    reader.wait_for_revision(*barrier);
    EXPECT_EQ(reader.changes.size(), static_cast<size_t>(i + 1));
  }
  // Though nothing of its own has changed, the feed gets there.
  const auto barrier = elsewhere.barrier();
  ASSERT_TRUE(barrier.ok());
  elsewhere.wait_for_revision(*barrier);
  EXPECT_EQ(elsewhere.fed, Texts{});
}

TEST_P(SharedEngineTest, ShardsSeeNothingOfEachOther) {
  RunningEngine pods(this->engine()), leases(this->engine({"leases", kIdentity.mapping}));
  EXPECT_EQ(outcomes(pods.commit({put(thing("a", "pods"))})), "committed");
  EXPECT_EQ(outcomes(leases.commit({put(thing("a", "leases"))})), "committed");
  EXPECT_EQ(told(leases.changes), Texts{"put a=leases"});
  RunningEngine again(this->engine());
  EXPECT_EQ(again.objects.size(), 1u);
  EXPECT_EQ(again.objects[0]->body(), "pods");
}

TEST_P(SharedEngineTest, OneThatOpensLaterFindsWhatIsThereAndIsFedTheRest) {
  RunningEngine one(this->engine());
  const auto first = one.commit({put(thing("a", "1"))});
  RunningEngine two(this->engine());
  EXPECT_EQ(texts(two.objects), Texts{text(thing("a", "1", first[0].revision))});
  const auto second = one.commit({put(thing("a", "2"), first[0].revision)});
  two.wait_for_revision(second[0].revision);
  EXPECT_EQ(told(two.changes).back().substr(0, 7), "put a=2");
}

INSTANTIATE_TEST_SUITE_P(Engines, ExclusiveEngineTest, testing::ValuesIn(exclusive_engines()), name_of_engine);
INSTANTIATE_TEST_SUITE_P(Engines, SharedEngineTest, testing::ValuesIn(shared_engines()), name_of_engine);

}  // namespace
}  // namespace kabuki::store::test
