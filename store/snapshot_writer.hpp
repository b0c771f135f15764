#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messages/object.hpp"
#include "messages/snapshot.pb.h"
#include "runtime/io/disk.hpp"
#include "store/shards.hpp"
#include "store/snapshot_format.hpp"

namespace kabuki::store {

/// Writes a snapshot file (store/snapshot_format.hpp) as it comes: a block is appended as soon as it is full, so only
/// one is in memory. Calls come in the order of the file: begin, files, per shard begin_shard, objects in key order,
/// end_shard, then finish. The first error ends it; what was written is then no snapshot.
class SnapshotWriter {
 public:
  explicit SnapshotWriter(io::AppendFile& file) : file_(file) {}

  /// `created_ns`: since the epoch, before the first object was read.
  Result<> begin(const std::string& cluster, const ShardMap& mapping, int64_t created_ns);
  /// `path` below the cluster's directory.
  Result<> add_file(const std::string& path, const std::string& content);
  Result<> begin_shard(const std::string& shard, uint64_t revision);
  Result<> add(const Object& object);
  Result<> end_shard();
  /// Writes the footer and syncs.
  Result<> finish();

  uint64_t objects() const { return footer_.objects(); }
  uint64_t bytes() const { return bytes_; }

 private:
  Result<> put(std::string bytes);
  Result<> put_block(snapshot::Block type, const google::protobuf::Message& payload);
  Result<> flush();

  io::AppendFile& file_;
  snapshot::Footer footer_;
  snapshot::Objects waiting_;
  size_t waiting_bytes_ = 0;
  snapshot::ShardEnd shard_;
  uint32_t shard_checksum_ = 0;
  uint32_t checksum_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace kabuki::store
