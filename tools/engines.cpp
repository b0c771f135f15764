#include "tools/engines.hpp"

#include <map>

#include "store/engines/memory.hpp"
#include "store/engines/rocksdb.hpp"

namespace kabuki::tools {

std::function<std::unique_ptr<store::Engine>(const std::string& shard)> engines(const std::string& kind,
                                                                                const std::string& directory,
                                                                                const store::ShardMap& shards) {
  if (kind == "rocksdb") {
    return [directory, shards](const std::string& shard) {
      return store::make_rocksdb_engine({.directory = directory + "/" + shard, .identity = shards.identity(shard)});
    };
  }
  auto media = std::make_shared<std::map<std::string, std::shared_ptr<store::MemoryMedium>>>();
  for (const std::string& shard : shards.names()) (*media)[shard] = std::make_shared<store::MemoryMedium>();
  return [media, shards](const std::string& shard) {
    return store::make_memory_engine(media->at(shard), {.identity = shards.identity(shard)});
  };
}

}  // namespace kabuki::tools
