#pragma once

#include <memory>
#include <string>

#include "runtime/io/disk.hpp"
#include "store/engine.hpp"
#include "store/limits.hpp"
#include "store/shards.hpp"

namespace kabuki::store {

struct RocksdbOptions {
  /// The shard's own directory; created with its parents when it is not there.
  std::string directory;
  ShardIdentity identity;
  /// Where a database that is made anew begins; an existing one goes on from its own.
  uint64_t first_revision = kFirstRevision;
  /// The shard has been kept here before: where nothing is there it is lost, which must not look like an empty one.
  bool must_exist = false;
  /// Objects of this namespace are acknowledged, told and read before they are durable: they go to disk with the next
  /// change of another, or after `lazy_delay`, of each key the newest. A crash may forget as much of them; revisions
  /// still never go back. "" is no namespace: everything is durable first.
  std::string lazy_namespace;
  io::Duration lazy_delay = limits::kLazyDelay;
  size_t memtable_bytes = limits::kMemtableBytes;
  size_t block_cache_bytes = limits::kBlockCacheBytes;
  /// With less than this free on the disk creates and growth are refused, before RocksDB fails in the middle of a
  /// write; the reserve is a file that is given up for deletes when even less is left.
  uint64_t disk_low_bytes = limits::kDiskLowBytes;
  uint64_t disk_reserve_bytes = limits::kDiskReserveBytes;
  /// Null: the local file system. Outlives the engine.
  io::Disk* disk = nullptr;
};

/// An engine over a RocksDB database. A thread of its own commits: what is submitted while a sync is outstanding
/// goes as one write with the next. Callbacks come from that thread; `stop` must not be called from one. Destroying
/// it without `stop` stops it. A failed write or sync ends it: nothing is retried or acknowledged after that.
std::unique_ptr<Engine> make_rocksdb_engine(RocksdbOptions options);

}  // namespace kabuki::store
