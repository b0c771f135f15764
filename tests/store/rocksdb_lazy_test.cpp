#include <filesystem>
#include <stdlib.h>

#include "runtime/io/random.hpp"
#include "store/engines/rocksdb.hpp"
#include "tests/store/running_engine.hpp"

namespace kabuki::store::test {
namespace {

/// An engine with a lazy namespace, and what a crash would leave of it.
class LazyTest : public testing::Test {
 protected:
  LazyTest() {
    char name[] = "/tmp/kabuki-lazy-XXXXXX";
    root_ = mkdtemp(name);
  }
  ~LazyTest() override { std::filesystem::remove_all(root_); }

  std::unique_ptr<Engine> engine(const std::string& directory) {
    return make_rocksdb_engine({.directory = root_ + "/" + directory,
                                .identity = {"leases", "leases=*"},
                                .lazy_namespace = "beats",
                                .lazy_delay = delay});
  }
  /// The disk as it is now, under another name: what is only in memory is not in it.
  void crash(const std::string& from, const std::string& to) {
    std::error_code error;
    // RocksDB may be removing a file that it needs no more.
    do {
      std::filesystem::remove_all(root_ + "/" + to);
      std::filesystem::copy(root_ + "/" + from, root_ + "/" + to, std::filesystem::copy_options::recursive, error);
    } while (error);
  }
  static ObjectPtr beat(std::string_view name, std::string_view body) { return thing(name, body, 0, "beats"); }
  static Key beat_key(std::string name) { return thing_key(std::move(name), "beats"); }

  io::Duration delay = std::chrono::hours(1);

 private:
  std::string root_;
};

TEST_F(LazyTest, ACrashForgetsWhatWasNotSyncedButNoRevision) {
  uint64_t given = 0;
  {
    RunningEngine running(engine("a"));
    running.commit({put(thing("x", "1"))});
    running.commit({put(beat("b", "1"))});
    given = running.commit({put(beat("b", "2"), 3)})[0].revision;
    EXPECT_EQ(given, 4u);
    EXPECT_EQ(running.fed.size(), 3u) << "it is told of before it is durable";
    crash("a", "b");
  }
  RunningEngine after(engine("b"));
  EXPECT_EQ(texts(after.objects), Texts{"default/x@2=1"});
  EXPECT_GE(after.revision, given);
  EXPECT_EQ(after.commit({put(beat("b", "3"), given)}), (Results{{Outcome::conflict, 0}}));
  const auto again = after.commit({put(beat("b", "3"))});
  EXPECT_EQ(again[0].outcome, Outcome::committed);
  EXPECT_GT(again[0].revision, given);
}

TEST_F(LazyTest, AChangeThatIsNotLazyTakesTheOthersAlong) {
  RunningEngine running(engine("a"));
  running.commit({put(beat("b", "1")), put(beat("c", "1"))});
  running.commit({put(beat("b", "2"), 2), remove(beat_key("c"), 3)});
  running.commit({put(thing("x", "1"))});
  running.commit({put(beat("d", "1"))});
  crash("a", "b");
  EXPECT_EQ(texts(RunningEngine(engine("b")).objects), (Texts{"beats/b@4=2", "default/x@6=1"}));
}

TEST_F(LazyTest, TheyAreWrittenWhenTheirTimeHasCome) {
  delay = std::chrono::milliseconds(1);
  RunningEngine running(engine("a"));
  running.commit({put(beat("b", "1"))});
  running.commit({put(beat("b", "2"), 2)});
  Texts found;
  for (int i = 0; i < 10'000 && found.empty(); ++i) {
    crash("a", "b" + std::to_string(i));
    RunningEngine after(engine("b" + std::to_string(i)));
    if (!after.objects.empty() && after.objects[0]->revision() == 3) found = texts(after.objects);
  }
  EXPECT_EQ(found, Texts{"beats/b@3=2"});
}

TEST_F(LazyTest, AStopWritesEverythingAndTheExactRevision) {
  {
    RunningEngine running(engine("a"));
    running.commit({put(thing("x", "1"))});
    running.commit({put(beat("b", "1"))});
  }
  {
    RunningEngine after(engine("a"));
    EXPECT_EQ(texts(after.objects), (Texts{"beats/b@3=1", "default/x@2=1"}));
    EXPECT_EQ(after.revision, 3u);
  }
  EXPECT_EQ(RunningEngine(engine("a")).revision, 3u);
}

TEST_F(LazyTest, OverCrashesRevisionsRiseAndDurableChangesStay) {
  io::Random random(3);
  uint64_t highest = kFirstRevision;
  std::map<std::string, std::string> durable;  // of the namespace that is not lazy
  for (int life = 0; life < 12; ++life) {
    RunningEngine running(engine(std::to_string(life)));
    EXPECT_GE(running.revision, highest);
    std::map<std::string, std::string> found;
    std::map<Key, uint64_t> now;
    for (const auto& object : running.objects) {
      now[object->key()] = object->revision();
      if (object->ns() == "default") found[std::string(object->name())] = std::string(object->body());
    }
    EXPECT_EQ(found, durable);
    for (uint64_t n = random.below(20); n-- > 0;) {
      std::vector<Mutation> batch;
      for (uint64_t m = 1 + random.below(4); m-- > 0;) {
        const std::string name = "k" + std::to_string(random.below(4));
        const auto object = random.chance(0.8) ? beat(name, std::to_string(random.next()))
                                               : thing(name, std::to_string(random.next()));
        const auto key = object->key();
        if (std::any_of(batch.begin(), batch.end(), [&](const auto& other) { return other.key == key; })) continue;
        const bool deletes = now[key] != 0 && random.chance(0.2);
        batch.push_back({key, now[key], deletes ? nullptr : object});
      }
      const auto results = running.commit(batch);
      for (size_t i = 0; i < batch.size(); ++i) {
        ASSERT_EQ(results[i].outcome, Outcome::committed);
        ASSERT_GT(results[i].revision, highest);
        highest = results[i].revision;
        now[batch[i].key] = batch[i].object ? highest : 0;
        if (batch[i].key.ns != "default") continue;
        if (batch[i].object) {
          durable[batch[i].key.name] = std::string(batch[i].object->body());
        } else {
          durable.erase(batch[i].key.name);
        }
      }
    }
    crash(std::to_string(life), std::to_string(life + 1));
  }
}

TEST_F(LazyTest, OfAKeyThatChangesTwiceInABatchTheLastVersionIsKept) {
  {
    RunningEngine running(engine("a"));
    running.commit({put(thing("x", "1")), put(thing("x", "2"), 2), put(thing("y", "1")), remove(thing_key("y"), 4),
                    put(thing("z", "1")), remove(thing_key("z"), 6), put(thing("z", "2"))});
  }
  EXPECT_EQ(texts(RunningEngine(engine("a")).objects), (Texts{"default/x@3=2", "default/z@8=2"}));
}

}  // namespace
}  // namespace kabuki::store::test
