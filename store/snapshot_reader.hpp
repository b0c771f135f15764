#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/object.hpp"
#include "messages/snapshot.pb.h"
#include "store/shards.hpp"
#include "store/snapshot_format.hpp"

namespace kabuki::store {

/// Bytes that come one after the other, from a file or from memory.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Appends exactly `size` bytes to `out`, or fewer where the source ends. Error: they cannot be read.
  virtual Result<> read(size_t size, std::string* out) = 0;
};

/// A source over bytes that somebody else holds.
class StringSource : public ByteSource {
 public:
  explicit StringSource(std::string_view bytes) : left_(bytes) {}
  Result<> read(size_t size, std::string* out) override;

 private:
  std::string_view left_;
};

/// What a reader hands on, in the order of the file. What returns an error ends the reading. Empty functions are
/// fine.
struct SnapshotSink {
  std::function<Result<>(const snapshot::Header&)> header;
  std::function<Result<>(const std::string& path, const std::string& content)> file;
  std::function<Result<>(const std::string& shard, uint64_t revision)> shard;
  std::function<Result<>(const ObjectPtr&)> object;
  std::function<Result<>()> shard_end;
};

/// What a whole snapshot holds.
struct SnapshotSummary {
  struct Shard {
    std::string name;
    uint64_t revision = 0;
    uint64_t objects = 0;
    uint64_t bytes = 0;  // of bodies
    bool operator==(const Shard&) const = default;
  };
  std::string cluster;
  std::string mapping;
  int64_t created_ns = 0;
  std::vector<Shard> shards;
  std::vector<std::string> files;
  uint64_t bytes = 0;  // of the file
  bool operator==(const SnapshotSummary&) const = default;
  uint64_t objects() const;
};

/// Under which mapping a snapshot was taken, by its header alone. Error: as of read_snapshot.
Result<ShardMap> mapping_of_snapshot(const std::string& name, ByteSource& source);

/// Reads a snapshot to its end, one block in memory at a time, and checks everything on the way: version, every
/// checksum, counts, the order of sections and of keys, that objects belong to their shard under `mapping` and that
/// kinds mean what they meant. Nothing of a block is handed on before its checksum was right. Error: BadRequest that
/// names `name`, the section and the offset; whatever the sink returned, as it is.
Result<SnapshotSummary> read_snapshot(const std::string& name, ByteSource& source, const ShardMap& mapping,
                                      const SnapshotSink& sink = {});

}  // namespace kabuki::store
