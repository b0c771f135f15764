#pragma once

#include <functional>
#include <memory>
#include <string>

#include "store/engine.hpp"
#include "store/shards.hpp"

namespace kabuki::tools {

/// Opens the engine of each shard: `kind` is rocksdb (below `directory`, one database per shard) or memory (gone with
/// the process, but not with a shard's actor).
std::function<std::unique_ptr<store::Engine>(const std::string& shard)> engines(const std::string& kind,
                                                                                const std::string& directory,
                                                                                const store::ShardMap& shards);

}  // namespace kabuki::tools
