#include <map>

#include "runtime/io/random.hpp"
#include "tests/store/engine_suite.hpp"

// What every engine has to do, whatever keeps the data.
namespace kabuki::store::test {
namespace {

class EngineTest : public HomeTest {};

TEST_P(EngineTest, JudgesEntriesOneByOneInTheirOrder) {
  RunningEngine engine(this->engine());
  const auto first = engine.commit({put(thing("a", "1")), put(thing("b", "1")), put(thing("a", "2"))});
  EXPECT_EQ(outcomes(first), "committed committed conflict");
  EXPECT_EQ(first[2].revision, first[0].revision);
  const uint64_t a = first[0].revision, b = first[1].revision;
  const auto second = engine.commit({put(thing("a", "3"), a), put(thing("a", "4"), a), remove(thing_key("b"), b),
                                     remove(thing_key("b"), b), put(thing("b", "5")), put(thing("b", "6")),
                                     remove(thing_key("c"), 0), put(thing("c", "7"), a)});
  EXPECT_EQ(outcomes(second), "committed conflict committed conflict committed conflict conflict conflict");
  EXPECT_EQ(second[1].revision, second[0].revision);
  EXPECT_EQ(second[3].revision, 0u);
  EXPECT_EQ(second[5].revision, second[4].revision);
  EXPECT_EQ(second[6].revision, 0u);
  EXPECT_EQ(second[7].revision, 0u);
  EXPECT_GT(second[4].revision, second[2].revision);
  EXPECT_GT(second[0].revision, b);
  EXPECT_FALSE(engine.failure);
  std::map<std::string, Texts> by_key;
  for (const auto& change : engine.changes) {
    by_key[std::string(change.object->name())].push_back(told({change})[0]);
  }
  EXPECT_EQ(by_key, (std::map<std::string, Texts>{{"a", {"put a=1", "put a=3 was 1"}},
                                                  {"b", {"put b=1", "deleted b=1 was 1", "put b=5"}}}));
}

TEST_P(EngineTest, FeedsInTheOrderOfRevisionsAndBeforeItAnswers) {
  RunningEngine engine(this->engine());
  const uint64_t loaded = engine.revision;
  for (int i = 0; i < 60; ++i) engine.submit({put(thing("t" + std::to_string(i), "1"))});
  engine.wait(60);
  uint64_t last = loaded;
  std::map<std::string, uint64_t> place;
  for (const auto& change : engine.changes) {
    EXPECT_GE(change.object->revision(), last);
    last = change.object->revision();
    place[std::string(change.object->name())] = place.size() + 1;
  }
  EXPECT_GT(engine.changes.front().object->revision(), loaded);
  for (int i = 0; i < 60; ++i) EXPECT_GE(engine.fed_before_answer[i], place.at("t" + std::to_string(i)));
}

TEST_P(EngineTest, JudgesPipelinedWritesOfOneKeyInTheirOrder) {
  RunningEngine engine(this->engine());
  for (int i = 0; i < 30; ++i)
    engine.submit({put(thing("a", std::to_string(i))), put(thing("b" + std::to_string(i), ""))});
  engine.wait(30);
  EXPECT_EQ(outcomes(engine.answers[0]), "committed committed");
  for (int i = 1; i < 30; ++i) {
    EXPECT_EQ(outcomes(engine.answers[i]), "conflict committed");
    EXPECT_EQ(engine.answers[i][0].revision, engine.answers[0][0].revision);
  }
  // Each time whoever comes first wins: a deletion, then a creation.
  uint64_t now = engine.answers[0][0].revision;
  for (int round = 0; round < 5; ++round) {
    const size_t before = engine.answers.size();
    engine.submit({remove(thing_key("a"), now)});
    engine.submit({put(thing("a", "again"))});
    engine.submit({remove(thing_key("a"), now)});
    engine.wait(before + 3);
    EXPECT_EQ(outcomes(engine.answers[before]), "committed");
    EXPECT_EQ(outcomes(engine.answers[before + 1]), "committed");
    EXPECT_EQ(engine.answers[before + 2], (Results{{Outcome::conflict, engine.answers[before + 1][0].revision}}));
    now = engine.answers[before + 1][0].revision;
  }
}

TEST_P(EngineTest, AnswersABatchOfConflictsOnlyAndAnEmptyOne) {
  RunningEngine engine(this->engine());
  EXPECT_EQ(engine.commit({put(thing("a", "1"), 8)}), (Results{{Outcome::conflict, 0}}));
  EXPECT_EQ(engine.commit({}), Results{});
  EXPECT_EQ(engine.fed, Texts{});
}

TEST_P(EngineTest, FindsEverythingAgainInKeyOrder) {
  Results first, second;
  {
    RunningEngine engine(this->engine());
    first = engine.commit({put(thing("b", "1")), put(thing("a", std::string("\0\xff", 2))),
                           put(thing("a", "", 0, "a")), put(thing("a", "3", 0, "default-2")), put(pod("p", "n")),
                           put(thing("c", "")), put(Object::make(kinds::kNode, "", "n", 0, "node"))});
    second = engine.commit({put(thing("b", "2"), first[0].revision), remove(thing_key("c"), first[5].revision)});
    EXPECT_EQ(outcomes(second), "committed committed");
    engine.stop();
  }
  RunningEngine again(this->engine());
  const uint64_t newest = std::max(second[0].revision, second[1].revision);
  EXPECT_GE(again.revision, newest);
  const auto at = [&](size_t i) { return first[i].revision; };
  EXPECT_EQ(texts(again.objects),
            (Texts{text(pod("p", "n", at(4))), text(Object::make(kinds::kNode, "", "n", at(6), "node")),
                   text(thing("a", "", at(2), "a")), text(thing("a", std::string("\0\xff", 2), at(1))),
                   text(thing("b", "2", second[0].revision)), text(thing("a", "3", at(3), "default-2"))}));
  const auto third = again.commit({put(thing("b", "3"), at(0)), put(thing("b", "3"), second[0].revision)});
  EXPECT_EQ(outcomes(third), "conflict committed");
  EXPECT_EQ(third[0].revision, second[0].revision);
  EXPECT_GT(third[1].revision, again.revision);
}

TEST_P(EngineTest, NeverGivesARevisionTwiceThoughItsObjectIsGone) {
  uint64_t deleted = 0;
  {
    RunningEngine engine(this->engine());
    const auto created = engine.commit({put(thing("a", "1"))});
    deleted = engine.commit({remove(thing_key("a"), created[0].revision)})[0].revision;
    EXPECT_GT(deleted, created[0].revision);
    EXPECT_EQ(engine.changes.back().object->revision(), deleted);
    EXPECT_EQ(engine.changes.back().object->body(), "1");
    engine.stop();
  }
  RunningEngine again(this->engine());
  EXPECT_GE(again.revision, deleted);
  EXPECT_EQ(texts(again.objects), Texts{});
  EXPECT_GT(again.commit({put(thing("a", "2"))})[0].revision, deleted);
}

TEST_P(EngineTest, KeepsLargeObjectsAndManySmallOnes) {
  const std::string large(1'000'000, 'x');
  {
    RunningEngine engine(this->engine());
    EXPECT_EQ(outcomes(engine.commit({put(thing("large", large))})), "committed");
    std::vector<Mutation> many;
    for (int i = 0; i < 3000; ++i) many.push_back(put(thing("t" + std::to_string(10'000 + i), std::to_string(i))));
    for (const auto& result : engine.commit(std::move(many))) ASSERT_EQ(result.outcome, Outcome::committed);
    engine.stop();
  }
  RunningEngine again(this->engine());
  ASSERT_EQ(again.objects.size(), 3001u);
  EXPECT_EQ(again.objects[0]->body(), large);
  for (int i = 0; i < 3000; ++i) {
    ASSERT_EQ(again.objects[i + 1]->name(), "t" + std::to_string(10'000 + i));
    ASSERT_EQ(again.objects[i + 1]->body(), std::to_string(i));
  }
}

TEST_P(EngineTest, StopMakesWhatWasSubmittedDurableAndIsTheLastWord) {
  {
    RunningEngine engine(this->engine());
    for (int i = 0; i < 100; ++i) engine.submit({put(thing("t" + std::to_string(i), "1"))});
    engine.stop();
    ASSERT_EQ(engine.answers.size(), 100u);
    for (const auto& answer : engine.answers) EXPECT_EQ(outcomes(answer), "committed");
    engine.submit({put(thing("late", "1"))});
    engine.wait(101);
    EXPECT_EQ(engine.answers.back(), (Results{{Outcome::unknown, 0}}));
  }
  RunningEngine again(this->engine());
  EXPECT_EQ(again.objects.size(), 100u);
}

TEST_P(EngineTest, ABarrierIsReachedByTheFeedAndNotBeforeWhatWasAcknowledged) {
  RunningEngine engine(this->engine());
  for (int i = 0; i < 5; ++i) {
    const auto committed = engine.commit({put(thing("t" + std::to_string(i), "1"))});
    const auto barrier = engine.barrier();
    ASSERT_TRUE(barrier.ok()) << barrier.error().message;
    engine.wait_for_revision(*barrier);
    EXPECT_GE(engine.reached, committed[0].revision);
  }
}

TEST_P(EngineTest, RefusesTheDataOfAnotherMapping) {
  { RunningEngine engine(this->engine()); }
  const auto other = engine({"pods", "objects=*"})->load([](ObjectPtr) {});
  ASSERT_FALSE(other.ok());
  EXPECT_THAT(other.error().message,
              testing::HasSubstr(R"(mapping "objects=*;pods=pods", but this process maps "objects=*")"));
}

/// Random batches against the plainest model there is, with reopening.
TEST_P(EngineTest, RandomBatchesAgreeWithAModel) {
  io::Random random(17);
  std::map<std::string, std::pair<uint64_t, std::string>> model;  // revision and body
  std::map<std::string, std::pair<uint64_t, std::string>> replayed;
  for (int life = 0; life < 3; ++life) {
    RunningEngine engine(this->engine());
    ASSERT_EQ(engine.objects.size(), model.size());
    for (const auto& object : engine.objects) {
      EXPECT_EQ(model.at(std::string(object->name())), std::pair(object->revision(), std::string(object->body())));
    }
    uint64_t newest = engine.revision;
    for (int i = 0; i < 40; ++i) {
      std::vector<Mutation> batch;
      for (uint64_t count = 1 + random.below(8); count-- > 0;) {
        const std::string name = "k" + std::to_string(random.below(6));
        const uint64_t now = model.contains(name) ? model[name].first : 0;
        const uint64_t expected = random.chance(0.8) ? now : random.below(newest + 1);
        if (random.chance(0.3)) {
          batch.push_back(remove(thing_key(name), expected));
        } else {
          batch.push_back(put(thing(name, std::to_string(random.below(1000))), expected));
        }
      }
      const auto results = engine.commit(batch);
      ASSERT_EQ(results.size(), batch.size());
      for (size_t at = 0; at < batch.size(); ++at) {
        const std::string& name = batch[at].key.name;
        const uint64_t now = model.contains(name) ? model[name].first : 0;
        const bool commits = now == batch[at].expected_revision && (now != 0 || batch[at].object);
        ASSERT_EQ(results[at].outcome, commits ? Outcome::committed : Outcome::conflict) << batch[at].key.text();
        if (!commits) {
          EXPECT_EQ(results[at].revision, now);
          continue;
        }
        EXPECT_GT(results[at].revision, now);
        newest = std::max(newest, results[at].revision);
        if (batch[at].object) {
          model[name] = {results[at].revision, std::string(batch[at].object->body())};
        } else {
          model.erase(name);
        }
      }
    }
    uint64_t last = 0;
    for (const auto& change : engine.changes) {
      EXPECT_GE(change.object->revision(), last);
      last = change.object->revision();
      const std::string name(change.object->name());
      if (change.type == Change::Type::deleted) {
        EXPECT_EQ(replayed.erase(name), 1u);
      } else {
        replayed[name] = {last, std::string(change.object->body())};
      }
    }
    EXPECT_EQ(replayed, model);
    engine.stop();
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, EngineTest, testing::ValuesIn(all_engines()), name_of_engine);

}  // namespace
}  // namespace kabuki::store::test
