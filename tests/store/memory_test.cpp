#include "store/engines/memory.hpp"

#include "runtime/io/random.hpp"
#include "tests/store/running_engine.hpp"

namespace kabuki::store::test {
namespace {

/// Timers that ring when told to.
class ManualTimers : public io::Timers {
 public:
  Id after(io::Duration delay, std::function<void()> run) override {
    delays.push_back(delay);
    waiting_[++last_] = std::move(run);
    return last_;
  }
  void cancel(Id id) override { waiting_.erase(id); }
  /// False when nothing waits.
  bool ring() {
    if (waiting_.empty()) return false;
    auto run = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    run();
    return true;
  }

  std::vector<io::Duration> delays;

 private:
  Id last_ = 0;
  std::map<Id, std::function<void()>> waiting_;
};

class MemoryEngineTest : public testing::Test {
 protected:
  std::unique_ptr<Engine> engine(uint64_t seed = 1) {
    return make_memory_engine(medium, {.timers = &timers, .seed = seed});
  }
  ManualTimers timers;
  std::shared_ptr<MemoryMedium> medium = std::make_shared<MemoryMedium>();
};

TEST_F(MemoryEngineTest, NothingIsFedOrAnsweredBeforeTheSyncEnds) {
  medium->set_faults({.latency_min = std::chrono::milliseconds(2), .latency_max = std::chrono::milliseconds(5)});
  RunningEngine running(engine());
  running.submit({put(thing("a", "1"))});
  running.submit({put(thing("a", "2"), 2)});
  running.submit({put(thing("a", "3"), 2)});
  EXPECT_EQ(running.answered(), 0u);
  EXPECT_EQ(medium->revision(), kFirstRevision);
  ASSERT_TRUE(timers.ring());
  EXPECT_EQ(running.answers, (std::vector<Results>{{{Outcome::committed, 2}}}));
  EXPECT_EQ(running.fed, Texts{"put default/a@2=1 was null"});
  // What came while the first sync was outstanding goes as one.
  ASSERT_TRUE(timers.ring());
  EXPECT_EQ(running.answers,
            (std::vector<Results>{{{Outcome::committed, 2}}, {{Outcome::committed, 3}}, {{Outcome::conflict, 3}}}));
  EXPECT_FALSE(timers.ring());
  ASSERT_EQ(timers.delays.size(), 2u);
  for (const auto delay : timers.delays) {
    EXPECT_GE(delay, std::chrono::milliseconds(2));
    EXPECT_LE(delay, std::chrono::milliseconds(5));
  }
}

TEST_F(MemoryEngineTest, ACrashKeepsTheAcknowledgedAndAPrefixOfTheRest) {
  std::set<size_t> kept;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    medium = std::make_shared<MemoryMedium>();
    RunningEngine running(engine(seed));
    running.submit({put(thing("a", "1"))});
    timers.ring();
    running.submit({put(thing("b", "1")), put(thing("c", "1")), put(thing("d", "1"))});
    running.submit({put(thing("never", "1"))});
    running.crash();
    EXPECT_FALSE(timers.ring() && running.answered() > 1);
    EXPECT_EQ(running.answered(), 1u);

    RunningEngine again(engine());
    EXPECT_EQ(again.objects.size() + 1, again.revision);
    ASSERT_GE(again.objects.size(), 1u);
    const Texts all{"default/a@2=1", "default/b@3=1", "default/c@4=1", "default/d@5=1"};
    EXPECT_EQ(texts(again.objects), Texts(all.begin(), all.begin() + static_cast<ptrdiff_t>(again.objects.size())));
    kept.insert(again.objects.size());
  }
  EXPECT_EQ(kept, (std::set<size_t>{1, 2, 3, 4}));
}

TEST_F(MemoryEngineTest, AFailedSyncEndsTheEngineAndAcknowledgesNothing) {
  RunningEngine running(engine());
  medium->fail_next_sync();
  running.submit({put(thing("a", "1"))});
  running.submit({put(thing("b", "1"))});
  timers.ring();
  EXPECT_EQ(running.answers, (std::vector<Results>{{{Outcome::unknown, 0}}, {{Outcome::unknown, 0}}}));
  EXPECT_EQ(running.fed, Texts{});
  ASSERT_TRUE(running.failure);
  running.submit({put(thing("c", "1"))});
  EXPECT_EQ(running.answers.back(), (Results{{Outcome::unknown, 0}}));
  running.stop();
  EXPECT_LE(RunningEngine(engine()).objects.size(), 1u);
}

TEST_F(MemoryEngineTest, SyncsFailByChance) {
  medium->set_faults({.sync_failure = 0.5});
  int failures = 0;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    RunningEngine running(engine(seed));
    running.submit({put(thing("t" + std::to_string(seed), "1"))});
    timers.ring();
    failures += running.failure ? 1 : 0;
  }
  EXPECT_GT(failures, 10);
  EXPECT_LT(failures, 40);
}

}  // namespace
}  // namespace kabuki::store::test
