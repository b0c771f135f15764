#include "store/engines/memory_shared.hpp"

#include <map>
#include <set>

#include "tests/store/running_engine.hpp"

namespace kabuki::store::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const ShardIdentity kIdentity{"pods", "objects=*;pods=pods"};

/// Time that goes on when told to.
class Time : public io::Timers {
 public:
  Id after(io::Duration delay, std::function<void()> run) override {
    waiting_.emplace(std::pair(now_ + delay, ++last_), std::move(run));
    return last_;
  }
  void cancel(Id id) override {
    std::erase_if(waiting_, [&](const auto& entry) { return entry.first.second == id; });
  }
  void pass(io::Duration duration) {
    const io::Duration end = now_ + duration;
    while (!waiting_.empty() && waiting_.begin()->first.first <= end) {
      auto first = waiting_.extract(waiting_.begin());
      now_ = first.key().first;
      first.mapped()();
    }
    now_ = end;
  }

 private:
  io::Duration now_{0};
  Id last_ = 0;
  std::map<std::pair<io::Duration, Id>, std::function<void()>> waiting_;
};

class SharedMediumTest : public testing::Test {
 protected:
  SharedMediumTest() { set(milliseconds(2), milliseconds(3)); }
  void set(io::Duration request, io::Duration feed) {
    medium->set_faults({.request_min = request, .request_max = request, .feed_min = feed, .feed_max = feed});
  }
  std::unique_ptr<Engine> engine(const std::string& host, uint64_t seed = 1, ShardIdentity identity = kIdentity) {
    return make_shared_memory_engine(medium,
                                     {.identity = std::move(identity), .host = host, .timers = &time, .seed = seed});
  }
  /// Asks, and lets so much time go by.
  static std::string answer(const std::optional<Result<uint64_t>>& result) {
    if (!result) return "none";
    return result->ok() ? std::to_string(**result) : result->error().reason;
  }
  Time time;
  std::shared_ptr<SharedMedium> medium = std::make_shared<SharedMedium>();
};

TEST_F(SharedMediumTest, AWriterIsAnsweredOnceItsFeedHasIt) {
  RunningEngine engine(this->engine("a"));
  engine.submit({put(thing("a", "1")), put(thing("b", "1"))});
  time.pass(milliseconds(2));
  EXPECT_EQ(medium->revision(), 2u);
  EXPECT_EQ(engine.fed, Texts{});
  EXPECT_EQ(engine.answered(), 0u);
  time.pass(milliseconds(3));
  // What goes in one transaction shares its revision.
  EXPECT_EQ(engine.fed, (Texts{"put default/a@2=1 was null", "put default/b@2=1 was null"}));
  EXPECT_EQ(engine.answers, (std::vector<Results>{{{Outcome::committed, 2}, {Outcome::committed, 2}}}));
}

TEST_F(SharedMediumTest, OneConflictMakesEachGoByItself) {
  RunningEngine engine(this->engine("a"));
  engine.submit({put(thing("a", "1")), put(thing("b", "1"), 9), put(thing("c", "1"))});
  time.pass(milliseconds(5));
  EXPECT_EQ(engine.answers,
            (std::vector<Results>{{{Outcome::committed, 2}, {Outcome::conflict, 0}, {Outcome::committed, 3}}}));
}

TEST_F(SharedMediumTest, AKeyThatComesAgainIsInTheNextTransaction) {
  RunningEngine engine(this->engine("a"));
  engine.submit({put(thing("a", "1")), put(thing("b", "1")), put(thing("a", "2"), 2), put(thing("c", "1"))});
  time.pass(milliseconds(2));
  EXPECT_EQ(medium->revision(), 2u);
  time.pass(milliseconds(10));
  EXPECT_EQ(
      engine.answers,
      (std::vector<Results>{
          {{Outcome::committed, 2}, {Outcome::committed, 2}, {Outcome::committed, 3}, {Outcome::committed, 3}}}));
}

TEST_F(SharedMediumTest, OthersAreFedLateAndInOrder) {
  RunningEngine one(engine("a", 1)), two(engine("b", 2));
  medium->set_faults({.request_min = milliseconds(1), .request_max = milliseconds(1), .feed_max = milliseconds(50)});
  for (int i = 0; i < 30; ++i) {
    one.submit({put(thing("k" + std::to_string(i), ""))});
    time.pass(milliseconds(1));
  }
  EXPECT_EQ(medium->revision(), 31u);
  EXPECT_LT(two.changes.size(), 30u);
  time.pass(milliseconds(100));
  EXPECT_EQ(two.fed, one.fed);
  EXPECT_EQ(two.changes.size(), 30u);
}

TEST_F(SharedMediumTest, ABarrierMakesTheFeedTellWhereItIs) {
  RunningEngine engine(this->engine("a"));
  std::optional<Result<uint64_t>> answer;
  medium->write("leases", put(thing("x", "")));
  time.pass(seconds(1));
  EXPECT_EQ(engine.reached, 1u);
  auto raw = this->engine("b");
  ASSERT_TRUE(raw->load([](ObjectPtr) {}).ok());
  uint64_t reached = 0;
  raw->start(
      [&](uint64_t revision, std::vector<Change> changes) {
        reached = revision;
        EXPECT_TRUE(changes.empty());
      },
      [](Error) { FAIL(); });
  medium->write("leases", put(thing("y", "")));
  raw->barrier([&](Result<uint64_t> revision) { answer = std::move(revision); });
  time.pass(milliseconds(2));
  EXPECT_EQ(this->answer(answer), "3");
  EXPECT_EQ(reached, 0u);
  time.pass(milliseconds(3));
  EXPECT_EQ(reached, 3u);
}

TEST_F(SharedMediumTest, WithoutALeaderNothingCommitsAndWhatIsUnderWayIsUnknown) {
  std::set<size_t> committed;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    medium = std::make_shared<SharedMedium>();
    set(milliseconds(2), milliseconds(3));
    RunningEngine engine(this->engine("a", seed));
    engine.submit({put(thing("a", "1"))});
    time.pass(milliseconds(1));
    medium->lose_leader();
    EXPECT_EQ(engine.answers, (std::vector<Results>{{{Outcome::unknown, 0}}}));
    engine.submit({put(thing("b", "1"))});
    std::optional<Result<uint64_t>> answer;
    EXPECT_FALSE(this->engine("b")->load([](ObjectPtr) {}).ok());
    time.pass(seconds(1));
    EXPECT_EQ(engine.fed, Texts{});
    EXPECT_EQ(engine.answered(), 1u);
    medium->elect_leader();
    time.pass(milliseconds(10));
    EXPECT_EQ(engine.answered(), 2u);
    EXPECT_EQ(engine.answers[1][0].outcome, Outcome::committed);
    EXPECT_EQ(engine.changes.size(), medium->objects("pods").size());
    committed.insert(medium->objects("pods").size());
  }
  EXPECT_EQ(committed, (std::set<size_t>{1, 2}));
}

TEST_F(SharedMediumTest, WhatFindsNoLeaderForTooLongIsUnknownAndNotDurable) {
  RunningEngine engine(this->engine("a"));
  medium->lose_leader();
  engine.submit({put(thing("a", "1"))});
  time.pass(seconds(5));
  EXPECT_EQ(engine.answers, (std::vector<Results>{{{Outcome::unknown, 0}}}));
  medium->elect_leader();
  time.pass(seconds(1));
  EXPECT_EQ(medium->revision(), 1u);
  EXPECT_EQ(engine.commit_in([&] { time.pass(seconds(1)); }, {put(thing("a", "2"))}),
            (Results{{Outcome::committed, 2}}));
}

TEST_F(SharedMediumTest, AHostThatIsCutOffIsFedWhenItIsBack) {
  RunningEngine inside(engine("a", 1)), outside(engine("b", 2));
  medium->cut("b");
  std::optional<Result<uint64_t>> barrier;
  EXPECT_EQ(inside.commit_in([&] { time.pass(milliseconds(5)); }, {put(thing("a", "1"))}),
            (Results{{Outcome::committed, 2}}));
  outside.submit({put(thing("b", "1"))});
  time.pass(seconds(1));
  EXPECT_EQ(outside.fed, Texts{});
  EXPECT_EQ(outside.answered(), 0u);
  medium->heal("b");
  time.pass(milliseconds(10));
  EXPECT_EQ(outside.answers, (std::vector<Results>{{{Outcome::committed, 3}}}));
  EXPECT_EQ(outside.fed, (Texts{"put default/a@2=1 was null", "put default/b@3=1 was null"}));
}

TEST_F(SharedMediumTest, OneThatIsBehindACompactionFails) {
  RunningEngine near(engine("a", 1)), far(engine("b", 2));
  medium->cut("b");
  for (int i = 0; i < 3; ++i) medium->write("pods", put(thing("k" + std::to_string(i), "")));
  time.pass(seconds(1));
  medium->compact(3);
  EXPECT_FALSE(far.failure);
  medium->heal("b");
  ASSERT_TRUE(far.failure);
  EXPECT_EQ(far.failure->code, 410);
  EXPECT_FALSE(near.failure);
  RunningEngine again(engine("b", 3));
  EXPECT_EQ(again.objects.size(), 3u);
  EXPECT_EQ(again.revision, 4u);
}

TEST_F(SharedMediumTest, OneThatFallsBehindWhileItsFeedIsUnderWaySaysSo) {
  RunningEngine near(engine("a", 1)), far(engine("b", 2));
  medium->write("pods", put(thing("a", "")));
  time.pass(milliseconds(5));
  set(milliseconds(2), milliseconds(50));
  medium->write("pods", put(thing("b", "")));
  // The feed is on its way when nobody else needs what it is about.
  time.pass(milliseconds(10));
  medium->write("pods", put(thing("c", "")));
  medium->compact(4);
  time.pass(milliseconds(100));
  ASSERT_TRUE(far.failure);
  EXPECT_EQ(far.failure->code, 410);
}

TEST_F(SharedMediumTest, AnAnswerThatIsLostIsUnknownAndTheFeedTells) {
  medium->set_faults({.lost_answer = 0.5});
  RunningEngine engine(this->engine("a", 4));
  std::map<std::string, int> counts;
  for (int i = 0; i < 60; ++i) {
    const std::string name = "k" + std::to_string(i);
    const auto results = engine.commit_in([&] { time.pass(seconds(1)); }, {put(thing(name, ""))});
    const bool fed = !engine.changes.empty() && engine.changes.back().object->name() == name;
    ++counts[(results[0].outcome == Outcome::committed ? "committed" : "unknown") + std::string(fed ? " fed" : "")];
  }
  EXPECT_EQ(counts["committed"], 0);
  EXPECT_GT(counts["committed fed"], 15);
  EXPECT_GT(counts["unknown"], 5);
  EXPECT_GT(counts["unknown fed"], 5);
}

TEST_F(SharedMediumTest, ACrashLeavesWhatWasUnderWayDurableOrNot) {
  std::set<size_t> durable;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    medium = std::make_shared<SharedMedium>();
    set(milliseconds(2), milliseconds(3));
    RunningEngine other(engine("b", 99));
    {
      RunningEngine engine(this->engine("a", seed));
      engine.submit({put(thing("a", "1"))});
      engine.submit({put(thing("b", "1"))});
      engine.crash();
      EXPECT_EQ(engine.answered(), 0u);
    }
    time.pass(seconds(10));
    EXPECT_EQ(other.changes.size(), medium->objects("pods").size());
    durable.insert(medium->objects("pods").size());
  }
  EXPECT_EQ(durable, (std::set<size_t>{0, 1, 2}));
}

TEST_F(SharedMediumTest, StoppingSaysWhatItCan) {
  RunningEngine engine(this->engine("a"));
  engine.submit({put(thing("a", "1"))});
  engine.stop();
  EXPECT_EQ(engine.answers, (std::vector<Results>{{{Outcome::committed, 2}}}));
  EXPECT_EQ(engine.fed, Texts{"put default/a@2=1 was null"});

  RunningEngine cut(this->engine("b"));
  medium->cut("b");
  cut.submit({put(thing("b", "1"))});
  cut.stop();
  EXPECT_EQ(cut.answers, (std::vector<Results>{{{Outcome::unknown, 0}}}));
  EXPECT_EQ(medium->revision(), 2u);
  time.pass(seconds(10));
}

}  // namespace
}  // namespace kabuki::store::test
