#pragma once

#include <optional>
#include <string>

#include "messages/result.hpp"
#include "store/shards.hpp"
#include "tools/cluster_files.hpp"

namespace kabuki::tools {

/// How a cluster's shards lie, as its directory says (store/layout.json). What the shards' own data say of the
/// mapping goes before it: they refuse another.
struct ShardLayout {
  store::ShardMap mapping = store::ShardMap::standard();
  std::string engine;  // rocksdb or etcd
  /// Every shard was there once: one that is not is lost.
  bool made = false;
};

/// None where the directory has no shards yet. A directory from before the file has the standard mapping.
Result<std::optional<ShardLayout>> read_layout(const ClusterFiles& files);
Result<> write_layout(const ClusterFiles& files, const ShardLayout& layout);

/// The mapping to go on with: of the data, or where there are none the one asked for ("": the standard one). Error:
/// BadRequest for one that is none, Conflict naming both where the data `where` have another.
Result<store::ShardMap> settle_mapping(const std::optional<store::ShardMap>& stored, const std::string& asked,
                                       const std::string& where);

/// The mapping under which a lost shard is put back from `snapshot`, which was taken under `taken`: the cluster's, or
/// where nothing of the cluster is left the snapshot's. Error: BadRequest naming both where they differ.
Result<store::ShardMap> settle_replacement(const std::optional<store::ShardMap>& stored, const store::ShardMap& taken,
                                           const std::string& snapshot);

/// What to do about a shard of the directory that cannot be opened.
std::string how_to_replace(const ClusterFiles& files, const std::string& shard);
/// `where`: the options of the command line that say where it lies.
std::string how_to_replace(const std::string& shard, const std::string& where);

}  // namespace kabuki::tools
