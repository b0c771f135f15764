#include "store/restore.hpp"

#include <gtest/gtest.h>

#include "runtime/io/random.hpp"
#include "store/engines/memory.hpp"
#include "store/snapshot_writer.hpp"
#include "tests/store/etcd_cluster.hpp"
#include "tests/store/running_engine.hpp"

namespace kabuki::store::test {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kCreated = 1'700'000'000 * kSecond;

class StringFile : public io::AppendFile {
 public:
  Result<> append(std::string_view more) override {
    bytes += more;
    return {};
  }
  Result<> sync() override { return {}; }
  Result<> truncate(uint64_t size) override {
    bytes.resize(size);
    return {};
  }
  std::string bytes;
};

struct Restore : ::testing::Test {
  ShardMap mapping = ShardMap::standard();
  std::map<std::string, std::shared_ptr<MemoryMedium>> media;
  std::map<std::string, std::string> files;
  std::map<std::string, uint64_t> first;

  std::string snapshot(const std::vector<ObjectPtr>& things, uint64_t revision = 50) {
    StringFile file;
    SnapshotWriter writer(file);
    EXPECT_TRUE(writer.begin("demo", mapping, kCreated).ok());
    EXPECT_TRUE(writer.add_file("pki/ca.crt", "certificate").ok());
    for (const auto& shard : mapping.names()) {
      EXPECT_TRUE(writer.begin_shard(shard, revision).ok());
      if (shard == "objects") {
        for (const auto& object : things) EXPECT_TRUE(writer.add(*object).ok());
      }
      EXPECT_TRUE(writer.end_shard().ok());
    }
    EXPECT_TRUE(writer.finish().ok());
    return file.bytes;
  }

  Result<SnapshotSummary> restore(const std::string& bytes, int64_t now = kCreated) {
    RestoreTarget target;
    target.open = [&](const std::string& shard, uint64_t revision) -> Result<std::unique_ptr<Engine>> {
      first[shard] = revision;
      auto& medium = media[shard];
      if (!medium) medium = std::make_shared<MemoryMedium>();
      return make_memory_engine(medium, {.identity = mapping.identity(shard), .first_revision = revision});
    };
    target.file = [&](const std::string& path, const std::string& content) -> Result<> {
      files[path] = content;
      return {};
    };
    StringSource source(bytes);
    return restore_snapshot("f.snap", source, mapping, target, {.now_ns = now});
  }

  RunningEngine reopened(const std::string& shard) {
    return RunningEngine(make_memory_engine(media.at(shard), {.identity = mapping.identity(shard)}));
  }
};

/// Microseconds since 2020 at kCreated.
constexpr uint64_t kThen = 122'163'200'000'000;

TEST(RestoredRevision, IsTheTime) {
  EXPECT_EQ(restored_revision(5, kCreated, kCreated), kThen + 1);
  EXPECT_EQ(restored_revision(5, kCreated, kCreated + 10 * kSecond), kThen + 10'000'001);
  EXPECT_EQ(restored_revision(kThen, kCreated, kCreated), kThen + 1);
}

TEST(RestoredRevision, IsFarAboveTheOldOneWhereAClockWasWrong) {
  EXPECT_EQ(restored_revision(5, kCreated, kCreated - 1), 1'000'000'005u);
  EXPECT_EQ(restored_revision(kThen + 1, kCreated, kCreated + kSecond), kThen + 1'001'000'001);
  EXPECT_EQ(restored_revision(5, -kCreated, 0), 1'000'000'005u + kCreated / 1000);
}

TEST(RestoredRevision, NeverGoesBackWhateverIsRestoredInWhichOrder) {
  // A shard that writes half a million times a second; snapshots of it, each restored at any later time.
  io::Random random(1);
  struct Saved {
    uint64_t revision;
    int64_t created;
  };
  uint64_t revision = 1;
  int64_t now = kCreated;
  std::vector<Saved> saved{{revision, now}};
  for (int i = 0; i < 1'000; ++i) {
    const auto seconds = static_cast<int64_t>(random.below(5'000));
    now += seconds * kSecond;
    revision += static_cast<uint64_t>(seconds) * 500'000;
    if (random.chance(0.5)) {
      saved.push_back({revision, now});
      continue;
    }
    const Saved& chosen = saved[random.below(saved.size())];
    const uint64_t restored = restored_revision(chosen.revision, chosen.created, now);
    ASSERT_GT(restored, revision);
    revision = restored;
  }
}

TEST_F(Restore, GivesEveryObjectANewRevisionInKeyOrder) {
  const auto summary = restore(snapshot({thing("a", "A", 40), thing("b", "B", 3)}));
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  const uint64_t base = first.at("objects");
  EXPECT_EQ(base, kThen + 1);
  auto engine = reopened("objects");
  EXPECT_EQ(engine.revision, base + 2);
  EXPECT_EQ(texts(engine.objects),
            (Texts{"default/a@" + std::to_string(base + 1) + "=A", "default/b@" + std::to_string(base + 2) + "=B"}));
  EXPECT_EQ(files, (std::map<std::string, std::string>{{"pki/ca.crt", "certificate"}}));
  EXPECT_EQ(summary->shards[2], (SnapshotSummary::Shard{"objects", base + 2, 2, 2}));
  EXPECT_EQ(summary->shards[3], (SnapshotSummary::Shard{"pods", base, 0, 0}));
}

TEST_F(Restore, KeepsTheRevisionOfAnEmptyShardAcrossStarts) {
  ASSERT_TRUE(restore(snapshot({})).ok());
  auto engine = reopened("pods");
  EXPECT_EQ(engine.revision, first.at("pods"));
  EXPECT_EQ(engine.commit({put(thing("x", "1"))}), (Results{{Outcome::committed, first.at("pods") + 1}}));
}

TEST_F(Restore, WritesManyBatches) {
  std::vector<ObjectPtr> things;
  for (int i = 10'000; i < 20'000; ++i) things.push_back(thing("thing-" + std::to_string(i), "body", 7));
  ASSERT_TRUE(restore(snapshot(things)).ok());
  EXPECT_EQ(media.at("objects")->objects(), 10'000u);
  EXPECT_EQ(media.at("objects")->revision(), first.at("objects") + 10'000);
}

TEST_F(Restore, RefusesAStoreThatHoldsSomething) {
  ASSERT_TRUE(restore(snapshot({thing("a", "A", 40)})).ok());
  const auto again = restore(snapshot({thing("a", "A", 40)}));
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().message, "the store already has the shard \"objects\", with 1 objects at revision " +
                                       std::to_string(first.at("objects") + 1) + ": restore into an empty one");
}

TEST_F(Restore, RefusesAStoreThatWasEverWrittenTo) {
  media["objects"] = std::make_shared<MemoryMedium>();
  {
    RunningEngine used(make_memory_engine(media["objects"], {.identity = mapping.identity("objects")}));
    used.commit({put(thing("a", "A"))});
    used.commit({remove(thing_key("a"), 2)});
  }
  const auto refused = restore(snapshot({}));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 409);
}

TEST_F(Restore, SaysWhenTheStoreFails) {
  media["objects"] = std::make_shared<MemoryMedium>();
  media["objects"]->fail_next_sync();
  const auto failed = restore(snapshot({thing("a", "A", 40)}));
  ASSERT_FALSE(failed.ok());
}

TEST_F(Restore, IntoEtcdBeginsAboveTheSnapshotToo) {
  KABUKI_NEEDS_ETCD();
  EtcdCluster etcd(1);
  std::map<std::string, uint64_t> first_in_etcd;
  RestoreTarget target;
  target.open = [&](const std::string& shard, uint64_t revision) -> Result<std::unique_ptr<Engine>> {
    auto own = etcd.options("/demo/" + shard + "/", mapping.identity(shard));
    own.first_revision = first_in_etcd[shard] = revision;
    return make_etcd_engine(own);
  };
  const auto bytes = snapshot({thing("a", "A", 40), thing("b", "B", 3)});
  StringSource source(bytes);
  const auto summary = restore_snapshot("f.snap", source, mapping, target, {.now_ns = kCreated});
  ASSERT_TRUE(summary.ok()) << summary.error().message;
  RunningEngine engine(make_etcd_engine(etcd.options("/demo/objects/", mapping.identity("objects"))));
  EXPECT_EQ(Texts({std::string(engine.objects.at(0)->body()), std::string(engine.objects.at(1)->body())}),
            (Texts{"A", "B"}));
  for (const auto& object : engine.objects) EXPECT_GT(object->revision(), first_in_etcd.at("objects"));
  EXPECT_GE(engine.revision, summary->shards[2].revision);
  RunningEngine empty(make_etcd_engine(etcd.options("/demo/pods/", mapping.identity("pods"))));
  EXPECT_GE(empty.revision, first_in_etcd.at("pods"));
  // Nothing is restored over it.
  StringSource again(bytes);
  EXPECT_FALSE(restore_snapshot("f.snap", again, mapping, target, {.now_ns = kCreated + kSecond}).ok());
}

TEST_F(Restore, PassesOnThatTheFileIsDamaged) {
  auto bytes = snapshot({thing("a", "A", 40)});
  bytes.resize(bytes.size() - 1);
  EXPECT_FALSE(restore(bytes).ok());
}

}  // namespace
}  // namespace kabuki::store::test
