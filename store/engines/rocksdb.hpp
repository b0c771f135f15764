#pragma once

#include <memory>
#include <string>

#include "store/engine.hpp"
#include "store/limits.hpp"
#include "store/shards.hpp"

namespace kabuki::store {

struct RocksdbOptions {
  /// The shard's own directory; created with its parents when it is not there.
  std::string directory;
  ShardIdentity identity;
  size_t memtable_bytes = limits::kMemtableBytes;
  size_t block_cache_bytes = limits::kBlockCacheBytes;
};

/// An engine over a RocksDB database. A thread of its own commits: what is submitted while a sync is outstanding
/// goes as one write with the next. Callbacks come from that thread; `stop` must not be called from one. Destroying
/// it without `stop` stops it. A failed write or sync ends it: nothing is retried or acknowledged after that.
std::unique_ptr<Engine> make_rocksdb_engine(RocksdbOptions options);

}  // namespace kabuki::store
