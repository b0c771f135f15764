#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "store/engine.hpp"
#include "store/snapshot_reader.hpp"

namespace kabuki::store {

/// Where a shard begins that was at `revision` in a snapshot of `created_ns` and is restored at `now_ns`: the
/// microseconds since 2020. No shard gives a revision every microsecond, so that is above all that anybody can have
/// seen until now, whatever was restored in between: no client sees a revision go back, and every older watch is told
/// 410 Expired. Where a clock must have been wrong, it is a thousand million above `revision`, and as much as time
/// adds.
uint64_t restored_revision(uint64_t revision, int64_t created_ns, int64_t now_ns);

/// Where a snapshot goes.
struct RestoreTarget {
  /// An engine that was never written to and whose first revision this is. Called once per shard, in the file's
  /// order.
  std::function<Result<std::unique_ptr<Engine>>(const std::string& shard, uint64_t first_revision)> open;
  /// A file of the cluster's directory; may be empty.
  std::function<Result<>(const std::string& path, const std::string& content)> file;
};

struct RestoreOptions {
  int64_t now_ns = 0;     // wall clock
  uint64_t at_least = 0;  // no shard begins below this
  std::string only;       // this shard alone; "": all
};

/// Makes the shard that `engine` was opened for, empty, beginning at this revision. Error: as of restore_snapshot.
Result<uint64_t> make_empty_shard(const std::string& shard, std::unique_ptr<Engine> engine, uint64_t first_revision);

/// Reads a snapshot and writes every object to its shard's engine, as a new object: each gets a revision of its own
/// above the shard's first one, in key order. Blocks until all is durable. The summary returned has the revisions
/// that the shards came to. Error: the reader's, the engine's, or Conflict where an engine holds objects already; the
/// target is then of no use.
Result<SnapshotSummary> restore_snapshot(const std::string& name, ByteSource& source, const ShardMap& mapping,
                                         const RestoreTarget& target, const RestoreOptions& options);

}  // namespace kabuki::store
