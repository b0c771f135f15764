#include <rocksdb/db.h>

#include "runtime/sim/sim_disk.hpp"
#include "store/engines/log_end.hpp"
#include "store/engines/rocksdb.hpp"
#include "tests/store/running_engine.hpp"

namespace kabuki::store::test {
namespace {

using runtime::sim::DiskFaults;

/// RocksDB engines over a simulated disk.
class RocksdbDiskTest : public testing::Test {
 protected:
  std::unique_ptr<Engine> engine() {
    return make_rocksdb_engine({.directory = "shard",
                                .identity = {"objects", "objects=*"},
                                .memtable_bytes = 64u << 10,
                                .disk_low_bytes = 100'000,
                                .disk_reserve_bytes = 30'000,
                                .disk = &disk});
  }
  /// The error of opening what is there; "" when it opens.
  std::string refusal() {
    const auto loaded = engine()->load([](ObjectPtr) {});
    return loaded.ok() ? "" : loaded.error().message;
  }
  std::string only(std::string_view ending) {
    std::vector<std::string> out;
    const auto names = disk.list("shard");
    for (const auto& name : *names) {
      if (name.ends_with(ending) && *disk.size("shard/" + name) > 0) out.push_back("shard/" + name);
    }
    EXPECT_EQ(out.size(), 1u);
    return out.at(0);
  }
  void fill(int count, size_t bytes) {
    RunningEngine running(engine());
    for (int i = 0; i < count; ++i) running.commit({put(thing("t" + std::to_string(i), std::string(bytes, 'x')))});
  }
  void change(const std::string& path, uint64_t offset, uint8_t mask) {
    std::string bytes = *disk.read(path);
    bytes[offset] = static_cast<char>(bytes[offset] ^ mask);
    ASSERT_TRUE(disk.replace(path, bytes).ok());
  }
  /// As if others had left this much.
  void leave(uint64_t free) {
    DiskFaults faults;
    faults.capacity = 1ull << 40;
    disk.set_faults(faults);
    faults.capacity = faults.capacity - *disk.free_bytes("shard") + free;
    disk.set_faults(faults);
  }

  runtime::sim::SimDisk disk{io::Random(3), [](io::Duration) {}};
};

TEST_F(RocksdbDiskTest, KeepsWhatItAcknowledgedOverACrash) {
  {
    RunningEngine running(engine());
    EXPECT_EQ(running.commit({put(thing("a", "1"))}), (Results{{Outcome::committed, 2}}));
    disk.fail_power_after(0);
    EXPECT_EQ(running.commit({put(thing("b", "2"))}), (Results{{Outcome::unknown, 0}}));
    running.wait_for_failure();
  }
  disk.crash();
  EXPECT_EQ(texts(RunningEngine(engine()).objects), Texts{"default/a@2=1"});
}

TEST_F(RocksdbDiskTest, AFailedSyncEndsTheEngineAndIsNotTriedAgain) {
  RunningEngine running(engine());
  running.commit({put(thing("a", "1"))});
  DiskFaults faults;
  faults.sync_error = 1;
  disk.set_faults(faults);
  const auto before = disk.counts().sync_errors;
  EXPECT_EQ(running.commit({put(thing("b", "2"))}), (Results{{Outcome::unknown, 0}}));
  running.wait_for_failure();
  EXPECT_EQ(running.commit({put(thing("c", "3"))}), (Results{{Outcome::unknown, 0}}));
  running.stop();
  EXPECT_EQ(disk.counts().sync_errors, before + 1);
  disk.set_faults({});
  disk.crash();
  EXPECT_EQ(texts(RunningEngine(engine()).objects), Texts{"default/a@2=1"});
}

TEST_F(RocksdbDiskTest, RefusesACorruptMiddleOfTheLogByFileAndBlock) {
  fill(50, 1000);
  const auto log = only(".log");
  change(log, 40'000, 1);
  const auto why = refusal();
  EXPECT_THAT(why, testing::HasSubstr("Corruption: checksum mismatch"));
  EXPECT_THAT(why, testing::EndsWith("read last: 32768 bytes at offset 32768 of " + log));
}

TEST_F(RocksdbDiskTest, RefusesARottenLengthInTheLastBlockWhichRocksdbTakesForATornWrite) {
  fill(10, 1000);
  const auto log = only(".log");
  ASSERT_LT(*disk.size(log), 32768u);
  ASSERT_TRUE(check_log_end(disk, log).ok());
  // Of the first record: all that follow would be dropped.
  change(log, 5, 0x40);
  EXPECT_THAT(refusal(),
              testing::EndsWith(log + " is corrupt at offset 4: the length of a record is not what was written"));
  change(log, 5, 0x40);
  EXPECT_EQ(refusal(), "");
}

TEST_F(RocksdbDiskTest, TakesATornWriteForWhatItIs) {
  fill(10, 1000);
  const auto log = only(".log");
  const std::string bytes = *disk.read(log);
  for (const size_t cut : {1u, 6u, 7u, 500u, 1030u}) {
    ASSERT_TRUE(disk.replace("cut", bytes.substr(0, bytes.size() - cut)).ok());
    EXPECT_TRUE(check_log_end(disk, "cut").ok()) << cut;
  }
}

TEST_F(RocksdbDiskTest, RefusesWhatHasLostItsBeginning) {
  fill(10, 100);
  const std::string current = *disk.read("shard/CURRENT");
  ASSERT_TRUE(disk.remove("shard/CURRENT").ok());
  EXPECT_THAT(refusal(), testing::HasSubstr("shard/CURRENT is corrupt at offset 0: it is not there, though "));
  ASSERT_TRUE(disk.replace("shard/CURRENT", "MANIFEST-999999\n").ok());
  EXPECT_THAT(refusal(),
              testing::EndsWith("shard/CURRENT is corrupt at offset 0: it does not name a manifest that is there"));
  ASSERT_TRUE(disk.replace("shard/CURRENT", current).ok());
  EXPECT_EQ(refusal(), "");
}

TEST_F(RocksdbDiskTest, ALostShardIsNotMadeAnewWhereItMustBeThere) {
  const auto refused = [&] {
    const auto loaded =
        make_rocksdb_engine({.directory = "shard", .identity = {"s", "m"}, .must_exist = true, .disk = &disk})
            ->load([](ObjectPtr) {});
    return loaded.ok() ? "" : loaded.error().message;
  };
  EXPECT_THAT(refused(), testing::HasSubstr("the store in shard is lost: the directory is not there any more"));
  EXPECT_FALSE(disk.exists("shard"));
  ASSERT_TRUE(disk.make_folder("shard").ok());
  EXPECT_THAT(refused(), testing::HasSubstr("the store in shard is lost: the directory holds no database any more"));
  EXPECT_EQ(disk.exists("shard/CURRENT"), false);
}

TEST_F(RocksdbDiskTest, AFullDiskRefusesWhatGrowsAndTakesDeletes) {
  RunningEngine running(engine());
  EXPECT_EQ(running.commit({put(thing("a", "1")), put(thing("b", "2"))}),
            (Results{{Outcome::committed, 2}, {Outcome::committed, 3}}));
  leave(90'000);
  EXPECT_EQ(
      running.commit({put(thing("c", "3")), put(thing("a", std::string(1000, 'x')), 2), put(thing("a", "small"), 2)}),
      (Results{{Outcome::refused, 0}, {Outcome::refused, 2}, {Outcome::committed, 4}}));
  leave(30'000);
  EXPECT_EQ(running.commit({put(thing("a", "less"), 4), remove(thing_key("b"), 3), put(thing("a", "wrong"), 9)}),
            (Results{{Outcome::refused, 4}, {Outcome::committed, 5}, {Outcome::conflict, 4}}));
  EXPECT_TRUE(disk.exists("shard/RESERVE"));
  leave(0);
  EXPECT_EQ(running.commit({remove(thing_key("a"), 4)}), (Results{{Outcome::committed, 6}}));
  EXPECT_FALSE(disk.exists("shard/RESERVE")) << "it was given up for that";
  leave(500'000);
  EXPECT_EQ(running.commit({put(thing("c", "3"))}), (Results{{Outcome::committed, 7}}));
  EXPECT_TRUE(disk.exists("shard/RESERVE"));
  EXPECT_FALSE(running.failure);
}

TEST_F(RocksdbDiskTest, AStoreOnAFullDiskOpensAndDeletes) {
  fill(20, 1000);
  leave(0);
  {
    RunningEngine running(engine());
    EXPECT_EQ(running.objects.size(), 20u);
    EXPECT_EQ(running.commit({put(thing("new", ""))})[0].outcome, Outcome::refused);
    EXPECT_EQ(running.commit({remove(thing_key("t0"), 2)})[0].outcome, Outcome::committed);
  }
  disk.crash();
  EXPECT_EQ(RunningEngine(engine()).objects.size(), 19u);
}

}  // namespace
}  // namespace kabuki::store::test
