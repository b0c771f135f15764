#include "store/engines/rocksdb.hpp"

#include <filesystem>
#include <fstream>
#include <rocksdb/db.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "store/engines/rocksdb_format.hpp"
#include "tests/store/running_engine.hpp"

namespace kabuki::store::test {
namespace {

const ShardIdentity kIdentity{"objects", "objects=*"};

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write_file(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

class RocksdbTest : public testing::Test {
 protected:
  RocksdbTest() {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    // A child process of a death test runs the test anew and is to use its parent's directory.
    if (const char* parents = getenv("KABUKI_STORE_TEST_DIRECTORY")) {
      root_ = parents;
      return;
    }
    char name[] = "/tmp/kabuki-store-XXXXXX";
    root_ = mkdtemp(name);
    setenv("KABUKI_STORE_TEST_DIRECTORY", root_.c_str(), 1);
    owner_ = true;
  }
  ~RocksdbTest() override {
    if (!owner_) return;
    unsetenv("KABUKI_STORE_TEST_DIRECTORY");
    std::filesystem::remove_all(root_);
  }

  std::string directory() const { return root_ + "/shard"; }
  std::unique_ptr<Engine> engine() { return make_rocksdb_engine({.directory = directory(), .identity = kIdentity}); }
  /// The error of opening what is there; "" when it opens.
  std::string refusal() {
    const auto loaded = engine()->load([](ObjectPtr) {});
    return loaded.ok() ? "" : loaded.error().message;
  }
  /// Files with this ending, sorted.
  std::vector<std::string> files(std::string_view ending) {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(directory())) {
      if (entry.path().string().ends_with(ending)) out.push_back(entry.path());
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  /// The only log that holds anything.
  std::string log() {
    std::vector<std::string> out;
    for (const auto& file : files(".log")) {
      if (std::filesystem::file_size(file) > 0) out.push_back(file);
    }
    EXPECT_EQ(out.size(), 1u);
    return out.at(0);
  }
  /// Commits `count` things of 1 KB, one by one.
  void fill(int count) {
    RunningEngine running(engine());
    for (int i = 0; i < count; ++i) {
      running.commit({put(thing("t" + std::to_string(i), std::string(1000, static_cast<char>('a' + i % 26))))});
    }
  }

  std::string root_;
  bool owner_ = false;
};

TEST_F(RocksdbTest, NamesTheProcessThatHoldsTheLock) {
  const auto holder = engine();
  // In the child the parent has it.
  const auto loaded = holder->load([](ObjectPtr) {});
  EXPECT_EXIT(
      {
        fprintf(stderr, "%s", loaded.ok() ? "opened" : loaded.error().message.c_str());
        exit(0);
      },
      testing::ExitedWithCode(0), "/shard is in use by process " + std::to_string(getpid()));
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(refusal(),
            "the store in " + directory() + " is in use by this process (" + std::to_string(getpid()) + ")");
}

TEST_F(RocksdbTest, RefusesAnotherFormatVersionAndNamesBoth) {
  fill(1);
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open({}, directory(), &raw).ok());
  const std::unique_ptr<rocksdb::DB> database(raw);
  ASSERT_TRUE(database->Put({}, rocksdb::Slice(format::kMetaKey), format::encode_meta({7, kIdentity})).ok());
  ASSERT_TRUE(database->Close().ok());
  EXPECT_THAT(refusal(), testing::EndsWith("the store in " + directory() +
                                           " has format version 7; this program reads version 1"));
}

TEST_F(RocksdbTest, RefusesADatabaseThatIsNotAShard) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, directory(), &raw).ok());
  const std::unique_ptr<rocksdb::DB> database(raw);
  ASSERT_TRUE(database->Put({}, "some", "thing").ok());
  ASSERT_TRUE(database->Close().ok());
  EXPECT_THAT(refusal(), testing::EndsWith("the store in " + directory() +
                                           " is corrupt: it holds data but does not say which format it has"));
}

TEST_F(RocksdbTest, RefusesCorruptTablesAndNamesFileAndOffset) {
  fill(200);
  EXPECT_EQ(refusal(), "");  // and puts the log into a table
  const auto tables = files(".sst");
  ASSERT_FALSE(tables.empty());
  std::string bytes = read_file(tables[0]);
  bytes[bytes.size() / 3] ^= 1;
  write_file(tables[0], bytes);
  EXPECT_THAT(refusal(), testing::AllOf(testing::HasSubstr("Corruption"), testing::HasSubstr(tables[0]),
                                        testing::HasSubstr("offset")));
}

TEST_F(RocksdbTest, RefusesACorruptMiddleOfTheLog) {
  fill(200);
  const auto path = log();
  std::string bytes = read_file(path);
  bytes[bytes.size() / 2] ^= 1;
  write_file(path, bytes);
  const auto block = bytes.size() / 2 / 32768 * 32768;
  EXPECT_THAT(refusal(), testing::AllOf(testing::HasSubstr("Corruption: checksum mismatch"),
                                        testing::EndsWith("read last: 32768 bytes at offset " +
                                                          std::to_string(block) + " of " + path)));
}

TEST_F(RocksdbTest, CutsATornTailAtTheLastWholeCommit) {
  fill(200);
  const auto path = log();
  write_file(path, read_file(path).substr(0, std::filesystem::file_size(path) - 500));
  RunningEngine again(engine());
  EXPECT_EQ(again.objects.size(), 199u);
  EXPECT_EQ(again.revision, 200u);
}

TEST_F(RocksdbTest, KeepsEverythingAcknowledgedBeforeAKill) {
  const std::string path = root_ + "/acknowledged";
  EXPECT_EXIT(
      {
        RunningEngine running(engine());
        for (int i = 0; i < 40; ++i) {
          running.submit({put(thing("t" + std::to_string(i), "x"))});
          if (i == 20) running.wait(10);
        }
        running.wait(25);
        write_file(path, std::to_string(running.answered()));
        raise(SIGKILL);
      },
      testing::KilledBySignal(SIGKILL), "");
  const uint64_t acknowledged = std::stoull(read_file(path));
  EXPECT_GE(acknowledged, 25u);
  RunningEngine again(engine());
  EXPECT_GE(again.objects.size(), acknowledged);
  EXPECT_EQ(again.revision, again.objects.size() + 1);
}

TEST_F(RocksdbTest, NeverAcknowledgesWhatItCouldNotWrite) {
  RunningEngine running(engine());
  EXPECT_EQ(running.commit({put(thing("a", "small"))}), (Results{{Outcome::committed, 2}}));
  signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{1u << 20, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  running.submit({put(thing("b", std::string(4u << 20, 'b'))), put(thing("a", "x"), 8)});
  running.wait_for_failure();
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(running.answers.back(), (Results{{Outcome::unknown, 0}, {Outcome::unknown, 0}}));
  EXPECT_THAT(running.failure->message, testing::HasSubstr(directory()));
  EXPECT_EQ(running.commit({put(thing("c", ""))}), (Results{{Outcome::unknown, 0}}));
  EXPECT_EQ(running.fed, Texts{"put default/a@2=small was null"});
  running.stop();
  EXPECT_EQ(texts(RunningEngine(engine()).objects), Texts{"default/a@2=small"});
}

}  // namespace
}  // namespace kabuki::store::test
