#include "tests/histories/store_run.hpp"

#include "actors/store_shard/store_shard_actor.hpp"
#include "store/engines/memory.hpp"
#include "tests/runtime/sim_test.hpp"

namespace kabuki::store::test {
namespace {

using runtime::sim::World;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Few enough that a watcher who was away comes too late at times.
constexpr size_t kHistoryChanges = 12;

runtime::HostOptions named(const std::string& name, uint64_t incarnation) {
  runtime::HostOptions options;
  options.name = name;
  options.incarnation = incarnation;
  return options;
}

}  // namespace

uint64_t run_store(uint64_t seed, StoreSeen* seen) {
  World world({.seed = seed});
  auto medium = std::make_shared<MemoryMedium>();
  medium->set_faults({.latency_min = milliseconds(1), .latency_max = milliseconds(20), .sync_failure = 0.004});
  ShardOptions options{.name = "pods", .bookmark_interval = milliseconds(40)};
  options.state.history_changes = kHistoryChanges;
  uint64_t incarnation = 0;
  const auto start_store = [&](runtime::Host& host) {
    runtime::ChildSpec shard;
    shard.name = "shard";
    shard.make = [&, timers = host.services().timers] {
      return store_shard(options, [&, timers] {
        return make_memory_engine(
            medium, {.identity = options.mapping.identity("pods"), .timers = timers, .seed = seed + incarnation});
      })();
    };
    EXPECT_TRUE(host.start(runtime::tree({std::move(shard)}, runtime::Strategy::one_for_one, 1000)).ok());
    world.connect_all();
  };
  start_store(world.add_host(named("s", ++incarnation)));

  auto& clients = world.add_host(named("c", 1));
  world.connect_all();
  EXPECT_TRUE(clients.start(runtime::tree(store_clients(seen))).ok());

  auto random = world.random("crashes");
  for (int i = 0; i < 3; ++i) {
    world.run_for(milliseconds(random.between(300, 1000)));
    world.crash_host("s");
    world.run_for(milliseconds(random.between(0, 300)));
    start_store(world.restart_host("s", named("s", ++incarnation)));
  }
  world.run_for(milliseconds(500));
  seen->writing = false;
  world.run_for(seconds(3));
  world.crash_host("c");
  return world.trace_hash();
}

}  // namespace kabuki::store::test
