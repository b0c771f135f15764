#include <filesystem>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "store/engines/rocksdb.hpp"
#include "store/snapshot_writer.hpp"
#include "tools/snapshot/directory.hpp"
#include "tools/snapshot/schedule.hpp"
#include "tools/snapshot/snapshot_file.hpp"
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
      if (shard == "objects") {
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
  auto store = open_store("demo", root + "/new", true, mapping);
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
  EXPECT_EQ(below(root + "/new/store"), mapping.names());
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
