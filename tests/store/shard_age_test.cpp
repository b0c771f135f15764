#include "store/watch_hub.hpp"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {
namespace {

io::MonoTime at(int64_t seconds) { return io::MonoTime{} + std::chrono::seconds(seconds); }

struct Shard {
  explicit Shard(StateOptions options = {}) : state(std::move(options)), hub(&state) { state.loaded(kFirstRevision); }
  void put(const ObjectPtr& object, uint64_t revision) {
    std::vector<Change> changes{{Change::Type::put, Object::at_revision(*object, revision), nullptr}};
    state.apply(&changes);
    hub.apply(changes);
  }
  /// "w added a@3, w bookmark @5"
  std::string lines() {
    while (hub.work()) {
    }
    std::string out;
    for (const auto& delivery : hub.take()) {
      out += (out.empty() ? "" : ", ") + delivery.to.address;
      if (delivery.ended) {
        out += " ended " + std::to_string(delivery.ended->code);
        continue;
      }
      for (const auto& event : *delivery.events) {
        out += event.object ? " " + std::string(event.object->name()) : event.initial_end ? " end" : " bookmark";
        out += "@" + std::to_string(event.revision);
      }
    }
    return out;
  }
  bool open(const std::string& who, uint64_t from, uint64_t credit, bool initial = false) {
    return hub
        .open({who, 1}, {.selection = select(kinds::kPod),
                         .from_revision = from,
                         .initial_events = initial,
                         .bookmarks = true,
                         .credit = credit})
        .ok();
  }
  ShardState state;
  WatchHub hub;
};

TEST(ShardAge, ForgetsChangesThatHaveBeenThereForLong) {
  Shard shard({.history_age = std::chrono::seconds(300)});
  EXPECT_EQ(shard.state.age(at(0)), 0u);
  shard.put(pod("a", "1"), 2);
  shard.put(pod("a", "2"), 3);
  EXPECT_EQ(shard.state.age(at(60)), 0u);
  shard.put(pod("a", "3"), 4);
  EXPECT_EQ(shard.state.age(at(120)), 0u);
  EXPECT_EQ(shard.state.age(at(359)), 0u);
  EXPECT_EQ(shard.state.history().compacted(), 1u);
  EXPECT_EQ(shard.state.age(at(360)), 2u);
  EXPECT_EQ(shard.state.history().compacted(), 3u);
  EXPECT_FALSE(shard.open("early", 2, 1));
  EXPECT_TRUE(shard.open("w", 3, 1));
  EXPECT_EQ(shard.lines(), "w a@4");
  EXPECT_EQ(shard.state.age(at(420)), 1u);
  // Who misses nothing resumes from wherever it was.
  EXPECT_TRUE(shard.open("w", 4, 1));
  EXPECT_FALSE(shard.state.snapshot_at(3).ok());
  EXPECT_TRUE(shard.state.snapshot_at(4).ok());
}

TEST(ShardAge, NeverForgetsWhereThatIsTurnedOff) {
  Shard shard({.history_age = io::Duration::zero()});
  shard.put(pod("a", "1"), 2);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(shard.state.age(at(i * 1000)), 0u);
  EXPECT_EQ(shard.state.history().size(), 1u);
}

TEST(ShardAge, AdvancesWithoutChangesAndBookmarksTellIt) {
  Shard shard;
  shard.put(pod("a", "1"), 5);
  EXPECT_TRUE(shard.open("w", 5, 10));
  shard.state.advance(9);
  EXPECT_EQ(shard.state.revision(), 9u);
  shard.state.advance(7);
  EXPECT_EQ(shard.state.revision(), 9u);
  shard.hub.bookmark();
  EXPECT_EQ(shard.lines(), "w bookmark@9");
  EXPECT_EQ(shard.state.snapshot()->revision(), 9u);
  EXPECT_TRUE(shard.state.snapshot_at(7).ok());
  shard.put(pod("a", "2"), 12);
  EXPECT_EQ(shard.lines(), "w a@12");
}

TEST(ShardAge, WhoMissesNothingIsLiveThoughTheShardIsFurther) {
  Shard shard({.history_changes = 1});
  shard.put(pod("a", "1"), 5);
  shard.state.advance(9);
  // Without credit nothing can be told; it must not be ended for what does not concern it either.
  EXPECT_TRUE(shard.open("resumed", 6, 0));
  EXPECT_TRUE(shard.open("listed", 0, 1, true));
  EXPECT_EQ(shard.lines(), "listed a@5 end@9");
  for (uint64_t i = 0; i < 5; ++i) {
    std::vector<Change> changes{created(thing("x", "", 10 + i))};
    shard.state.apply(&changes);
    shard.hub.apply(changes);
  }
  EXPECT_EQ(shard.hub.parked(), 0u);
  EXPECT_TRUE(shard.hub.credit({"resumed", 1}, 1, 0).ok());
  EXPECT_TRUE(shard.hub.credit({"listed", 1}, 1, 1).ok());
  shard.put(pod("b", "1"), 20);
  EXPECT_EQ(shard.lines(), "resumed b@20, listed b@20");
}

TEST(ShardAge, SnapshotsThatNobodyHoldsCostNothing) {
  Shard shard;
  shard.put(pod("a", "1"), 2);
  for (uint64_t i = 3; i < 2000; ++i) {
    shard.state.advance(i);
    EXPECT_EQ(shard.state.snapshot()->revision(), i);
  }
}

}  // namespace
}  // namespace kabuki::store::test
