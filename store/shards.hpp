#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "messages/kinds.hpp"
#include "messages/result.hpp"

namespace kabuki::store {

/// Who a shard's data belongs to. Stored with it: data of another shard or under another mapping is refused.
struct ShardIdentity {
  std::string shard;
  std::string mapping;  // ShardMap::text()
  bool operator==(const ShardIdentity&) const = default;
};

/// Refuses `stored` where it is not `expected`; the message names both and `where` the data lies.
Result<> check_identity(const ShardIdentity& stored, const ShardIdentity& expected, std::string_view where);

/// The kind that is called so, as kubectl takes names: pods, pod, po, Pod, deployments.apps. Null where none is.
const Kind* kind_called(std::string_view name);

/// Which shard keeps which resource. A resource never spans shards.
class ShardMap {
 public:
  /// Pods, leases and events each by themselves, all else in `objects`.
  static ShardMap standard();
  /// `NAME=RESOURCE,RESOURCE;NAME=*`: text(), or as people write it, with resources as kubectl takes them. What no
  /// shard has is kept by the one with `*`, or by `objects`. Error: BadRequest that says what is wrong with it.
  static Result<ShardMap> parse(std::string_view text);
  /// `resources` are named as Kind::resource() does; what is in none of them goes to `rest`.
  ShardMap(std::map<std::string, std::vector<std::string>> shards, std::string rest);

  const std::string& shard_of(const Kind& kind) const;
  /// Of a kind in the table; asserts that there is one.
  const std::string& shard_of(KindId kind) const;
  /// Every shard, sorted by name.
  std::vector<std::string> names() const;
  /// `events=events;leases=leases.coordination.k8s.io;objects=*;pods=pods`
  std::string text() const;
  ShardIdentity identity(std::string_view shard) const { return {std::string(shard), text()}; }

 private:
  std::map<std::string, std::string, std::less<>> shard_by_resource_;
  std::string rest_;
};

}  // namespace kabuki::store
