#include "store/shards.hpp"

#include <set>

#include "messages/status.hpp"

namespace kabuki::store {

Result<> check_identity(const ShardIdentity& stored, const ShardIdentity& expected, std::string_view where) {
  if (stored.shard != expected.shard) {
    return internal_error(std::string(where) + " holds the shard \"" + stored.shard + "\", not \"" + expected.shard +
                          "\"");
  }
  if (stored.mapping != expected.mapping) {
    return internal_error(std::string(where) + " was written under the resource mapping \"" + stored.mapping +
                          "\", but this process maps \"" + expected.mapping + "\"");
  }
  return {};
}

ShardMap ShardMap::standard() {
  return ShardMap({{"pods", {"pods"}}, {"leases", {"leases.coordination.k8s.io"}}, {"events", {"events"}}},
                  "objects");
}

ShardMap::ShardMap(std::map<std::string, std::vector<std::string>> shards, std::string rest)
    : rest_(std::move(rest)) {
  for (const auto& [shard, resources] : shards) {
    for (const auto& resource : resources) {
      [[maybe_unused]] const bool added = shard_by_resource_.emplace(resource, shard).second;
      assert(added && "a resource never spans shards");
    }
  }
}

const std::string& ShardMap::shard_of(const Kind& kind) const {
  const auto it = shard_by_resource_.find(kind.resource());
  return it == shard_by_resource_.end() ? rest_ : it->second;
}

const std::string& ShardMap::shard_of(KindId kind) const { return shard_of(kind_of(kind)); }

std::vector<std::string> ShardMap::names() const {
  std::set<std::string> names{rest_};
  for (const auto& [resource, shard] : shard_by_resource_) names.insert(shard);
  return {names.begin(), names.end()};
}

std::string ShardMap::text() const {
  std::map<std::string, std::string> resources{{rest_, "*"}};
  for (const auto& [resource, shard] : shard_by_resource_) {
    auto& list = resources[shard];
    list += (list.empty() ? "" : ",") + resource;
  }
  std::string out;
  for (const auto& [shard, list] : resources) out += (out.empty() ? "" : ";") + shard + "=" + list;
  return out;
}

}  // namespace kabuki::store
