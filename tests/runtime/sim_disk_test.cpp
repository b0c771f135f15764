#include "runtime/sim/sim_disk.hpp"

#include <gtest/gtest.h>

namespace kabuki::runtime::sim {
namespace {

using std::chrono::seconds;

class SimDiskTest : public testing::Test {
 protected:
  /// A file with a durable name that holds `synced`, then `unsynced`.
  std::unique_ptr<io::AppendFile> file(const std::string& path, std::string_view synced, std::string_view unsynced) {
    auto out = std::move(*disk.create(path));
    EXPECT_TRUE(out->append(synced).ok());
    EXPECT_TRUE(out->sync().ok());
    EXPECT_TRUE(disk.sync_folder("d").ok());
    EXPECT_TRUE(out->append(unsynced).ok());
    return out;
  }
  std::vector<std::string> names() {
    auto listed = disk.list("d");
    return listed ? *listed : std::vector<std::string>{};
  }

  io::Duration stalled{0};
  SimDisk disk{io::Random(7), [this](io::Duration latency) { stalled += latency; }};
};

TEST_F(SimDiskTest, ACrashUndoesNamesWhoseFolderWasNotSynced) {
  ASSERT_TRUE(disk.make_folder("d").ok());
  file("d/old", "old", "");
  file("d/gone", "gone", "");
  auto fresh = std::move(*disk.create("d/fresh"));
  ASSERT_TRUE(fresh->append("fresh").ok() && fresh->sync().ok());
  ASSERT_TRUE(disk.rename("d/old", "d/new").ok());
  ASSERT_TRUE(disk.unlink("d/gone").ok());
  EXPECT_EQ(names(), (std::vector<std::string>{"fresh", "new"}));
  disk.crash();
  EXPECT_EQ(names(), (std::vector<std::string>{"gone", "old"}));
  EXPECT_EQ(*disk.read("d/old"), "old");
  EXPECT_EQ(disk.counts().lost_names, 3u);
}

TEST_F(SimDiskTest, ASyncedFolderKeepsItsNames) {
  file("d/old", "old", "");
  ASSERT_TRUE(disk.rename("d/old", "d/new").ok());
  ASSERT_TRUE(disk.sync_folder("other").ok());
  ASSERT_TRUE(disk.sync_folder("d").ok());
  disk.crash();
  EXPECT_EQ(names(), std::vector<std::string>{"new"});
}

TEST_F(SimDiskTest, ATornWriteEndsAtASectorWithinWhatWasNotSynced) {
  DiskFaults faults;
  faults.torn_writes = true;
  disk.set_faults(faults);
  std::set<size_t> sizes;
  for (int i = 0; i < 200; ++i) {
    const std::string path = "d/" + std::to_string(i);
    auto open = file(path, std::string(100, 's'), std::string(3484, 'u'));
    disk.crash();
    const size_t size = disk.read(path)->size();
    EXPECT_TRUE(size == 100 || size % 512 == 0) << size;
    sizes.insert(size);
  }
  EXPECT_EQ(sizes, (std::set<size_t>{100, 512, 1024, 1536, 2048, 2560, 3072, 3584}));
  EXPECT_GT(disk.counts().torn_files, 100u);
}

TEST_F(SimDiskTest, AfterAFailedSyncTheFileNeverGetsMoreDurable) {
  auto open = file("d/f", "kept", " lost");
  DiskFaults faults;
  faults.sync_error = 1;
  disk.set_faults(faults);
  EXPECT_FALSE(open->sync().ok());
  disk.set_faults({});
  EXPECT_TRUE(open->sync().ok()) << "as Linux has it";
  disk.crash();
  EXPECT_EQ(*disk.read("d/f"), "kept");
  EXPECT_EQ(disk.counts().sync_errors, 1u);
}

TEST_F(SimDiskTest, AFullDiskTakesWhatFitsAndSaysSo) {
  DiskFaults faults;
  faults.capacity = 100;
  disk.set_faults(faults);
  ASSERT_TRUE(disk.allocate("d/reserve", 60).ok());
  auto open = file("d/f", std::string(30, 'a'), "");
  EXPECT_EQ(*disk.free_bytes("d"), 10u);
  const auto full = open->append(std::string(20, 'b'));
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code, 507);
  EXPECT_EQ(full.error().message, "write d/f: No space left on device");
  EXPECT_EQ(*disk.size("d/f"), 40u);
  ASSERT_TRUE(disk.remove("d/reserve").ok());
  EXPECT_TRUE(open->append(std::string(60, 'c')).ok());
}

TEST_F(SimDiskTest, WithoutPowerNothingSucceedsUntilTheCrash) {
  auto open = file("d/f", "kept", "");
  disk.fail_power_after(1);
  EXPECT_TRUE(open->append("!").ok());
  EXPECT_FALSE(open->sync().ok());
  EXPECT_TRUE(disk.power_failed());
  EXPECT_FALSE(disk.read("d/f").ok());
  EXPECT_FALSE(disk.create("d/g").ok());
  disk.crash();
  EXPECT_EQ(*disk.read("d/f"), "kept");
  EXPECT_FALSE(open->append("!").ok()) << "it was open before the crash";
}

TEST_F(SimDiskTest, ARottenBitIsOneBitOfOneFile) {
  file("d/a.log", std::string(1000, 'a'), "");
  file("d/b.sst", std::string(1000, 'b'), "");
  const auto bit = disk.rot("d", ".sst");
  ASSERT_TRUE(bit);
  EXPECT_EQ(bit->path, "d/b.sst");
  std::string bytes = *disk.read("d/b.sst");
  EXPECT_EQ(__builtin_popcount(static_cast<unsigned char>(bytes[bit->offset] ^ 'b')), 1);
  bytes[bit->offset] = 'b';
  EXPECT_EQ(bytes, std::string(1000, 'b'));
  EXPECT_EQ(*disk.read("d/a.log"), std::string(1000, 'a'));
  EXPECT_FALSE(disk.rot("elsewhere"));
}

TEST_F(SimDiskTest, ALockIsHeldUntilItIsGivenUpOrTheHostCrashes) {
  auto held = disk.lock("d/LOCK");
  ASSERT_TRUE(held.ok());
  const auto refused = disk.lock("d/LOCK");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 503);
  disk.crash();
  auto again = disk.lock("d/LOCK");
  EXPECT_TRUE(again.ok());
  held->reset();  // of a former life: without effect
  EXPECT_FALSE(disk.lock("d/LOCK").ok());
  again->reset();
  EXPECT_TRUE(disk.lock("d/LOCK").ok());
}

TEST_F(SimDiskTest, SyncsOfASlowDiskStall) {
  DiskFaults faults;
  faults.sync_latency = seconds(2);
  disk.set_faults(faults);
  file("d/f", "x", "y");
  EXPECT_EQ(stalled, seconds(4)) << "the file's and the folder's";
  EXPECT_EQ(disk.counts().stalls, 2u);
}

}  // namespace
}  // namespace kabuki::runtime::sim
