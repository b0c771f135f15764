#include <filesystem>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "messages/status.hpp"
#include "store/engines/rocksdb.hpp"
#include "store/snapshot_writer.hpp"
#include "tools/engines.hpp"
#include "tools/snapshot/directory.hpp"
#include "tools/snapshot/schedule.hpp"
#include "tools/snapshot/snapshot_file.hpp"
#include "tools/store/shard_layout.hpp"
#include "tools/store/store_source.hpp"

namespace kabuki::tools {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;
using Files = std::map<std::string, std::string>;

TEST(SnapshotSchedule, NamesASnapshotByItsTime) {
  EXPECT_EQ(dated_name("/b/demo.snap", 1'795'433'400), "/b/demo-20261123T113000Z.snap");
  EXPECT_EQ(dated_name("demo", 0), "demo-19700101T000000Z");
}

TEST(SnapshotSchedule, RemovesTheOldestOfItsOwnSeriesAlone) {
  const Names names{"demo-20261123T113000Z.snap",
                    "demo-20261122T113000Z.snap",
                    "demo-20261123T114000Z.snap",
                    "demo-20261123T114000Z.snap.partial",
                    "demo.snap",
                    "other-20200101T000000Z.snap",
                    "demo-20200101T000000Z.txt",
                    "demo-2020010xT000000Z.snap",
                    "demo-x-20200101T000000Z.snap"};
  EXPECT_EQ(superseded("/b/demo.snap", names, 2), (Names{"demo-20261122T113000Z.snap"}));
  EXPECT_EQ(superseded("/b/demo.snap", names, 3), Names{});
  EXPECT_EQ(superseded("/b/demo.snap", names, 0).size(), 3u);
}

struct SnapshotDirectory : ::testing::Test {
  std::string root = (fs::temp_directory_path() / ("kabuki-snapshot-" + std::to_string(::getpid()))).string();
  std::string file = root + "/test.snap";
  store::ShardMap mapping = store::ShardMap::standard();

  void SetUp() override { fs::create_directories(root); }
  void TearDown() override { fs::remove_all(root); }

  void write_snapshot(const Files& files) {
    auto partial = PartialFile::make(file);
    ASSERT_TRUE(partial.ok());
    store::SnapshotWriter writer(**partial);
    ASSERT_TRUE(writer.begin("demo", mapping, 1'700'000'000'000'000'000).ok());
    for (const auto& [path, content] : files) ASSERT_TRUE(writer.add_file(path, content).ok());
    for (const auto& shard : mapping.names()) {
      ASSERT_TRUE(writer.begin_shard(shard, 10).ok());
      if (shard == mapping.shard_of(kinds::kConfigMap)) {
        ASSERT_TRUE(writer.add(*Object::make(kinds::kConfigMap, "default", "a", 7, "\n\3\n\1a")).ok());
      }
      ASSERT_TRUE(writer.end_shard().ok());
    }
    ASSERT_TRUE(writer.finish().ok());
    ASSERT_TRUE((*partial)->become().ok());
  }
  Result<store::SnapshotSummary> restore(const std::string& directory) {
    return restore_directory(file, directory, {.now_ns = 1'700'000'001'000'000'000});
  }
  Names below(const std::string& directory) {
    Names names;
    for (const auto& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
};

TEST_F(SnapshotDirectory, KeepsWhatAClusterIsMadeOfAndNothingElse) {
  const ClusterFiles files{root + "/data"};
  ASSERT_TRUE(prepare_data_dir(files).ok());
  for (const char* path : {"lock", "kabuki.log", "kabuki.log.1", "kubeconfig", "cluster.json", "incarnation",
                           "pki/ca.crt", "pki/ca.key", "pki/ca.key.new", "store/pods/CURRENT"}) {
    ASSERT_TRUE(write_text(files.root + "/" + path, path).ok());
  }
  const auto kept = files_to_keep(files);
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(*kept, (Files{{"cluster.json", "cluster.json"},
                          {"incarnation", "incarnation"},
                          {"pki/ca.crt", "pki/ca.crt"},
                          {"pki/ca.key", "pki/ca.key"}}));
}

TEST_F(SnapshotDirectory, RestoresFilesAndObjects) {
  write_snapshot({{"incarnation", "5\n"}, {"pki/ca.key", "secret"}});
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const auto restored = restore(root + "/new");
  ASSERT_TRUE(restored.ok()) << restored.error().message;
  EXPECT_EQ(below(root + "/new"), (Names{"format", "incarnation", "pki", "store"}));
  EXPECT_EQ(below(root), (Names{"new", "test.snap"}));
  EXPECT_EQ(*read_text(root + "/new/incarnation"), "1000005\n");
  EXPECT_EQ(*read_text(root + "/new/pki/ca.key"), "secret");
  auto store = open_store("demo", root + "/new", true);
  ASSERT_TRUE(store.ok());
  const auto object = (*store)->get("objects", {kinds::kConfigMap, "default", "a"});
  ASSERT_TRUE(object.ok());
  ASSERT_TRUE(*object);
  EXPECT_EQ((*object)->revision(), restored->shards[2].revision);
  const auto info = (*store)->info("pods");
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->revision(), restored->shards[3].revision);
  EXPECT_FALSE((*store)->history("pods", {}).ok());
}

TEST_F(SnapshotDirectory, RefusesADirectoryThatHoldsSomething) {
  write_snapshot({});
  ASSERT_TRUE(write_text(root + "/full/file", "x").ok());
  EXPECT_FALSE(restore(root + "/full").ok());
  EXPECT_EQ(below(root + "/full"), Names{"file"});
  fs::create_directories(root + "/empty");
  EXPECT_TRUE(restore(root + "/empty").ok());
}

TEST_F(SnapshotDirectory, LeavesNothingBehindWhenItFails) {
  write_snapshot({{"../outside", "x"}});
  EXPECT_FALSE(restore(root + "/new").ok());
  EXPECT_EQ(below(root), Names{"test.snap"});
  write_snapshot({});
  fs::resize_file(file, fs::file_size(file) - 1);
  EXPECT_FALSE(restore(root + "/new").ok());
  EXPECT_EQ(below(root), Names{"test.snap"});
}

TEST_F(SnapshotDirectory, BeginsAnewAfterARestoreThatWasKilled) {
  write_snapshot({});
  ASSERT_TRUE(write_text(root + "/new.restoring/store/pods/garbage", "x").ok());
  EXPECT_TRUE(restore(root + "/new").ok());
  EXPECT_EQ(below(root + "/new/store"), (Names{"events", "layout.json", "leases", "objects", "pods"}));
}

TEST_F(SnapshotDirectory, KeepsTheMappingOfTheSnapshot) {
  mapping = *store::ShardMap::parse("pods=pods;config=cm,svc,ipaddresses");
  write_snapshot({});
  const auto restored = restore(root + "/new");
  ASSERT_TRUE(restored.ok()) << restored.error().message;
  EXPECT_EQ(below(root + "/new/store"), (Names{"config", "layout.json", "objects", "pods"}));
  auto store = open_store("demo", root + "/new", true);
  ASSERT_TRUE(store.ok()) << store.error().message;
  EXPECT_EQ((*store)->shards().text(),
            "config=configmaps,ipaddresses.networking.k8s.io,services;objects=*;pods=pods");
  EXPECT_EQ((*store)->info("config")->kinds_size(), 1);
}

TEST_F(SnapshotDirectory, ALostShardIsNotTakenForAnEmptyOneAndIsReplacedAlone) {
  write_snapshot({});
  ASSERT_TRUE(restore(root + "/new").ok());
  const ClusterFiles files{root + "/new"};
  const auto replace = [&](const std::string& shard, const std::string& from) {
    return replace_shard(files, shard, from, {.now_ns = 1'700'000'002'000'000'000});
  };
  fs::remove_all(files.store() + "/objects");
  auto store = open_store("demo", files.root, true);
  ASSERT_FALSE(store.ok());
  EXPECT_THAT(store.error().message, testing::HasSubstr("kabuki store replace objects --from SNAPSHOT"));
  const auto made = engines("rocksdb", files.store(), mapping, false, true)("objects")->load([](const ObjectPtr&) {});
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message, testing::HasSubstr("is lost"));
  EXPECT_FALSE(fs::exists(files.store() + "/objects"));

  auto replaced = replace("objects", file);
  ASSERT_TRUE(replaced.ok()) << replaced.error().message;
  ASSERT_EQ(replaced->shards.size(), 1u);
  EXPECT_EQ(replaced->shards[0].name, "objects");
  EXPECT_EQ(replaced->shards[0].objects, 1u);
  store = open_store("demo", files.root, true);
  ASSERT_TRUE(store.ok()) << store.error().message;
  const auto object = (*store)->get("objects", {kinds::kConfigMap, "default", "a"});
  ASSERT_TRUE(object.ok() && *object);
  EXPECT_EQ((*object)->revision(), replaced->shards[0].revision);
  const uint64_t before = (*store)->info("events")->revision();
  store = internal_error("closed");

  // Empty on request; what was there is kept beside it, and no revision goes back.
  replaced = replace("events", "");
  ASSERT_TRUE(replaced.ok()) << replaced.error().message;
  EXPECT_GT(replaced->shards[0].revision, before);
  EXPECT_TRUE(fs::exists(files.store() + "/events.lost-1700000002/CURRENT"));
  EXPECT_EQ((*open_store("demo", files.root, true))->info("events")->revision(), replaced->shards[0].revision);

  EXPECT_THAT(replace("nodes", "").error().message, testing::HasSubstr("has no shard \"nodes\""));
  const auto running = store::make_rocksdb_engine(
      {.directory = files.store() + "/pods", .identity = mapping.identity("pods"), .must_exist = true});
  ASSERT_TRUE(running->load([](const ObjectPtr&) {}).ok());
  EXPECT_THAT(replace("pods", "").error().message, testing::HasSubstr("is in use, so it is not lost"));
  running->stop();
  mapping = *store::ShardMap::parse("pods=pods");
  write_snapshot({});
  EXPECT_THAT(replace("pods", file).error().message, testing::HasSubstr("was taken under the mapping"));
}

TEST_F(SnapshotDirectory, TheLayoutOfADirectoryIsKept) {
  const ClusterFiles files{root + "/data"};
  EXPECT_FALSE(read_layout(files)->has_value());
  fs::create_directories(files.store() + "/objects");
  EXPECT_EQ((*read_layout(files))->mapping.text(), mapping.text()) << "from before there was a note of it";
  const auto other = *store::ShardMap::parse("a=secrets");
  ASSERT_TRUE(write_layout(files, {.mapping = other, .engine = "rocksdb", .made = true}).ok());
  const auto read = read_layout(files);
  ASSERT_TRUE(read.ok() && *read);
  EXPECT_EQ((*read)->mapping.text(), other.text());
  EXPECT_TRUE((*read)->made);
  ASSERT_TRUE(write_text(files.store() + "/layout.json", "{}").ok());
  EXPECT_THAT(read_layout(files).error().message, testing::HasSubstr("layout.json"));
}

TEST(Mapping, OfTheDataGoesBeforeWhatIsAskedForAndMustBeTheSame) {
  const auto stored = *store::ShardMap::parse("a=secrets");
  EXPECT_EQ(settle_mapping({}, "", "x")->text(), store::ShardMap::standard().text());
  EXPECT_EQ(settle_mapping({}, "b=no", "x")->text(), "b=nodes;objects=*");
  EXPECT_EQ(settle_mapping(stored, "", "x")->text(), stored.text());
  EXPECT_EQ(settle_mapping(stored, "a=secret", "x")->text(), stored.text());
  const auto refused = settle_mapping(stored, "b=no", "/data");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message,
            "/data keeps its resources in shards as \"a=secrets;objects=*\", and --shard asks for "
            "\"b=nodes;objects=*\": leave --shard out to go on with what is there; another mapping needs another "
            "cluster");
  EXPECT_THAT(settle_mapping({}, "b=nothings", "x").error().message,
              testing::HasSubstr("--shard: there is no resource"));
}

TEST_F(SnapshotDirectory, AFirstStartThatMadeNoShardBindsNobodyToItsMapping) {
  const ClusterFiles files{root + "/data"};
  const auto other = *store::ShardMap::parse("a=secrets");
  ASSERT_TRUE(write_layout(files, {.mapping = other, .engine = "rocksdb", .made = false}).ok());
  EXPECT_FALSE(read_layout(files)->has_value());
  fs::create_directories(files.store() + "/a");
  ASSERT_TRUE(read_layout(files)->has_value()) << "the shard that is there has the mapping";
  EXPECT_EQ((*read_layout(files))->mapping.text(), other.text());
}

TEST(Mapping, OfASnapshotIsTheClustersWhoseShardItPutsBack) {
  const auto stored = *store::ShardMap::parse("a=secrets"), other = *store::ShardMap::parse("b=no");
  EXPECT_EQ(settle_replacement(stored, stored, "x")->text(), stored.text());
  EXPECT_EQ(settle_replacement({}, other, "x")->text(), other.text()) << "nothing of the cluster is left";
  const auto refused = settle_replacement(stored, other, "/b/x.snap");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message,
            "/b/x.snap was taken under the mapping \"b=nodes;objects=*\", and the cluster has "
            "\"a=secrets;objects=*\"");
}

TEST_F(SnapshotDirectory, RefusesPathsThatLeaveTheDirectory) {
  const ClusterFiles files{root + "/data"};
  for (const char* path : {"", "/etc/passwd", "../x", "pki/../../x", "store/pods/x", "./x"}) {
    EXPECT_FALSE(restore_file(files, path, "x").ok()) << path;
  }
  EXPECT_TRUE(restore_file(files, "pki/ca.crt", "x").ok());
  EXPECT_FALSE(restore_file(files, "incarnation", "none").ok());
}

TEST_F(SnapshotDirectory, OneProcessWritesAFileAtATime) {
  auto first = PartialFile::make(file);
  ASSERT_TRUE(first.ok());
  EXPECT_FALSE(PartialFile::make(file).ok());
  first->reset();
  EXPECT_EQ(below(root), Names{});
  EXPECT_TRUE(PartialFile::make(file).ok());
}

}  // namespace
}  // namespace kabuki::tools
