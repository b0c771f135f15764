#include "store/shards.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <set>

#include "messages/status.hpp"

namespace kabuki::store {

namespace {

constexpr size_t kNameMax = 63;

/// What the API server commits on condition of one another, which one shard alone can judge: services, their
/// addresses and the table of their node ports.
constexpr KindId kTogether[] = {kinds::kService, kinds::kIPAddress, kinds::kConfigMap};

/// It names a directory, an actor and a part of etcd's keys.
bool is_shard_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= kNameMax && plain(name.front()) && plain(name.back()) &&
         std::ranges::all_of(name, [&](char c) { return plain(c) || c == '-'; });
}

/// What stands between separators, without spaces around it.
std::vector<std::string> parts_of(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const size_t end = text.find(separator);
    std::string_view part = text.substr(0, end);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    parts.emplace_back(part);
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

const Kind* kind_called(std::string_view name) {
  std::string text(name);
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const Kind& kind : all_kinds()) {
    const bool is_short = std::ranges::find(kind.short_names, text) != kind.short_names.end();
    if (text == kind.plural || text == kind.singular || text == kind.resource() || is_short) return &kind;
  }
  return nullptr;
}

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

Result<ShardMap> ShardMap::parse(std::string_view text) {
  std::map<std::string, std::vector<std::string>> shards;
  std::map<std::string, std::string> taken;
  std::optional<std::string> rest;
  for (const std::string& part : parts_of(text, ';')) {
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    const std::string name = parts_of(part.substr(0, equals), '\0').front();
    if (equals == std::string::npos) {
      return bad_request("\"" + part + "\" names no resources; write NAME=RESOURCE,RESOURCE or NAME=*");
    }
    if (!is_shard_name(name)) {
      return bad_request("\"" + name + "\" cannot be the name of a shard: it is of lower case letters, digits and -");
    }
    for (const std::string& resource : parts_of(part.substr(equals + 1), ',')) {
      if (resource == "*") {
        if (rest && *rest != name) {
          return bad_request("\"" + *rest + "\" and \"" + name + "\" cannot both keep the rest");
        }
        rest = name;
        continue;
      }
      const Kind* kind = kind_called(resource);
      if (!kind) return bad_request("there is no resource \"" + resource + "\" for the shard \"" + name + "\"");
      const auto [at, added] = taken.emplace(kind->resource(), name);
      if (!added && at->second != name) {
        return bad_request(kind->resource() + " cannot be kept by \"" + at->second + "\" and by \"" + name + "\"");
      }
      if (added) shards[name].push_back(kind->resource());
    }
  }
  if (!rest) rest = "objects";
  // What is kept with the rest needs no name.
  shards.erase(*rest);
  ShardMap map(std::move(shards), *rest);
  const std::string& together = map.shard_of(kTogether[0]);
  for (const KindId kind : kTogether) {
    if (map.shard_of(kind) == together) continue;
    return bad_request(kind_of(kind).resource() + " must be kept by the same shard as services, which is \"" +
                       together + "\": they change together");
  }
  return map;
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
