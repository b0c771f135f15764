#include <filesystem>
#include <fstream>
#include <future>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/io/live_clock.hpp"
#include "runtime/io/live_disk.hpp"
#include "runtime/io/live_timers.hpp"
#include "runtime/log.hpp"

namespace kabuki::io {
namespace {

struct Folder {
  std::string path;
  Folder() {
    char name[] = "/tmp/kabuki-test-XXXXXX";
    path = mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

TEST(LiveDisk, KeepsWhatIsAppendedAndReplaced) {
  Folder folder;
  LiveDisk disk(folder.path);
  auto wal = disk.open_append("a/b/wal");
  ASSERT_TRUE(wal.ok());
  ASSERT_TRUE((*wal)->append("one ").ok());
  ASSERT_TRUE((*wal)->append("two").ok());
  ASSERT_TRUE((*wal)->sync().ok());
  auto again = disk.open_append("a/b/wal");
  ASSERT_TRUE((*again)->append(" three").ok());
  EXPECT_EQ(*disk.read("a/b/wal"), "one two three");
  ASSERT_TRUE(disk.replace("meta", "v1").ok());
  ASSERT_TRUE(disk.replace("meta", "v2").ok());
  EXPECT_EQ(*disk.read("meta"), "v2");
  EXPECT_EQ(*disk.list(""), (std::vector<std::string>{"a", "meta"}));
  EXPECT_TRUE(disk.exists("a/b"));
  ASSERT_TRUE(disk.remove("meta").ok());
  EXPECT_FALSE(disk.exists("meta"));
}

TEST(LiveDisk, ErrorsNameTheFile) {
  Folder folder;
  LiveDisk disk(folder.path);
  auto read = disk.read("nothing");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().message, "open " + folder.path + "/nothing: No such file or directory");
  EXPECT_EQ(read.error().code, 404);
  EXPECT_FALSE(disk.remove("nothing").ok());
  EXPECT_FALSE(disk.list("nothing").ok());
  ASSERT_TRUE(disk.replace("file", "x").ok());
  EXPECT_FALSE(disk.open_append("file/below").ok());
}

TEST(LiveDisk, ReadsAtAnyPlaceRenamesCutsAndForgets) {
  Folder folder;
  LiveDisk disk(folder.path);
  ASSERT_TRUE(disk.make_folder("a/b").ok());
  EXPECT_TRUE(disk.is_folder("a/b"));
  auto file = std::move(*disk.create("a/b/f"));
  file->expect(1u << 20);
  ASSERT_TRUE(file->append("0123456789").ok());
  ASSERT_TRUE(file->truncate(8).ok());
  ASSERT_TRUE(file->append("x").ok());
  ASSERT_TRUE(file->sync().ok());
  file.reset();
  auto read = std::move(*disk.open_read("a/b/f"));
  char bytes[10] = {};
  EXPECT_EQ(*read->read(5, bytes, 10), 4u);
  EXPECT_EQ(std::string(bytes, 4), "567x");
  EXPECT_EQ(*read->read(9, bytes, 10), 0u);
  ASSERT_TRUE(disk.rename("a/b/f", "a/b/g").ok());
  ASSERT_TRUE(disk.sync_folder("a/b").ok());
  EXPECT_EQ(*disk.size("a/b/g"), 9u);
  EXPECT_EQ(disk.size("a/b/f").error().code, 404);
  ASSERT_TRUE(disk.unlink("a/b/g").ok());
  ASSERT_TRUE(disk.remove_folder("a/b").ok());
  EXPECT_FALSE(disk.exists("a/b"));
}

TEST(LiveDisk, KeepsRoomInReserve) {
  Folder folder;
  LiveDisk disk(folder.path);
  ASSERT_TRUE(disk.allocate("reserve", 4u << 20).ok());
  EXPECT_EQ(*disk.size("reserve"), 4u << 20);
  EXPECT_GT(*disk.free_bytes(""), 0u);
  ASSERT_TRUE(disk.remove("reserve").ok());
}

TEST(LiveDisk, NamesWhoHoldsALock) {
  Folder folder;
  LiveDisk disk(folder.path);
  auto held = disk.lock("LOCK");
  ASSERT_TRUE(held.ok());
  const auto refused = disk.lock("LOCK");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 503);
  EXPECT_EQ(refused.error().message,
            folder.path + "/LOCK is locked by this process (" + std::to_string(getpid()) + ")");
  held->reset();
  EXPECT_TRUE(disk.lock("LOCK").ok());
}

TEST(LiveTimers, RunInOrderAndNotWhenCancelled) {
  LiveClock clock;
  LiveTimers timers(clock);
  std::promise<void> done;
  std::string order;  // of the timers' one thread
  timers.after(std::chrono::milliseconds(6), [&] { done.set_value(); });
  const auto cancelled = timers.after(std::chrono::milliseconds(2), [&] { order += "x"; });
  timers.after(std::chrono::milliseconds(4), [&] { order += "b"; });
  timers.after(std::chrono::milliseconds(1), [&] { order += "a"; });
  timers.cancel(cancelled);
  timers.cancel(12345);
  done.get_future().get();
  EXPECT_EQ(order, "ab");
}

TEST(LiveTimers, ManyCancelledOnesAreForgotten) {
  LiveClock clock;
  LiveTimers timers(clock);
  auto alive = std::make_shared<int>(0);
  for (int i = 0; i < 10'000; ++i) timers.cancel(timers.after(std::chrono::hours(1), [alive] {}));
  EXPECT_EQ(alive.use_count(), 1);
}

}  // namespace
}  // namespace kabuki::io

namespace kabuki::runtime {
namespace {

TEST(Log, WritesOneLineWithItsFields) {
  io::Folder folder;
  const std::string path = folder.path + "/log";
  configure_logging(path, Level::info);
  log(Level::debug, "h/a", "hidden");
  log(Level::info, "h/a", "started", {{"pods", 3}, {"why", "as \"told\"\nby me"}});
  log(Level::error, "h/b", "failed", {{"code", 1.5}, {"empty", ""}});
  flush_logs();
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line.substr(line.find('Z') + 1));
  configure_logging("", Level::warning);
  EXPECT_EQ(lines, (std::vector<std::string>{" I h/a: started pods=3 why=\"as \\\"told\\\"\\nby me\"",
                                             " E h/b: failed code=1.500000 empty=\"\""}));
}

TEST(Log, ManyLinesAreWrittenOrCounted) {
  io::Folder folder;
  const std::string path = folder.path + "/log";
  configure_logging(path, Level::info);
  for (int i = 0; i < 20'000; ++i) log(Level::info, "h", "line", {{"n", i}});
  log(Level::info, "h", "last");
  flush_logs();
  std::ifstream file(path);
  std::string last;
  for (std::string line; std::getline(file, line);) last = line;
  configure_logging("", Level::warning);
  EXPECT_TRUE(last.ends_with("last")) << last;
}

}  // namespace
}  // namespace kabuki::runtime
