#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

#include "actors/store_shard/store_shard_actor.hpp"
#include "messages/bus/control.pb.h"
#include "runtime/host.hpp"
#include "runtime/io/live_clock.hpp"
#include "runtime/io/live_timers.hpp"
#include "store/engines/rocksdb.hpp"
#include "tests/histories/store_clients.hpp"
#include "tests/runtime/test_actor.hpp"

namespace kabuki::store::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kOperations = 4000;
constexpr int kKills = 10;

// The shard's actor is killed over and over, and comes back from its database, while threads serve its clients.
TEST(LiveStore, KeepsWhatItPromisesOnRocksdb) {
  const std::string directory = ::testing::TempDir() + "/live_store_" + std::to_string(::getpid());
  std::filesystem::remove_all(directory);
  ShardOptions options{.name = "pods", .bookmark_interval = milliseconds(20)};
  options.state.history_changes = 60;
  StoreSeen seen;
  {
    io::LiveClock clock;
    io::LiveTimers timers{clock};
    auto host = runtime::make_live_host({.name = "s", .seed = 1}, {.clock = &clock, .timers = &timers});
    auto children = store_clients(&seen);
    runtime::ChildSpec shard;
    shard.name = "shard";
    shard.make = store_shard(options, [&] {
      return make_rocksdb_engine({.directory = directory, .identity = options.mapping.identity("pods")});
    });
    children.insert(children.begin(), std::move(shard));
    ASSERT_TRUE(host->start(runtime::tree(std::move(children), runtime::Strategy::one_for_one, 1000)).ok());
    for (int kill = 1; kill <= kKills; ++kill) {
      seen.wait_for_operations(kOperations / kKills * static_cast<size_t>(kill));
      host->tell({"s/shard"}, runtime::make_message(bus::KillActor()));
    }
    seen.writing = false;
    seen.wait_for_clients();
    host->stop();
  }
  std::filesystem::remove_all(directory);
  EXPECT_EQ(seen.breaches(), std::vector<std::string>());
  EXPECT_GT(seen.counts().unknown, 0u);
  EXPECT_GT(seen.counts().refused, 0u);
}

}  // namespace
}  // namespace kabuki::store::test
