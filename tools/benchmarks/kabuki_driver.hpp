#pragma once

#include <memory>
#include <string>

#include "tools/benchmarks/store_driver.hpp"

namespace kabuki::bench {

/// A store shard over RocksDB in a process of its own (`kabuki_bench store-server`), with its data below `directory`;
/// asked over the bus (ZeroMQ) by an actor of this process, as an API server asks: its ShardClient gathers to one
/// Commit what comes while two are under way, and each write is judged and answered by itself. Its watchers are
/// actors of this process behind its view, which has one stream, as those of every host.
std::unique_ptr<StoreDriver> make_kabuki_driver(const std::string& directory);

struct StoreServerOptions {
  std::string directory;
  std::string client;  // endpoint of the host that asks
  uint64_t incarnation = 1;
};
/// The server process: says its endpoint on standard output when it has loaded, serves until it is killed.
int run_store_server(const StoreServerOptions& options);

/// Deliveries a second within one process: the actor of a shard over RocksDB, `watchers` actors that watch
/// everything, and a writer that commits `events` objects of 1 KB, 2,048 in flight.
Result<double> deliveries_in_process(const std::string& directory, size_t watchers, size_t events);

}  // namespace kabuki::bench
