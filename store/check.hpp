#pragma once

#include <absl/container/flat_hash_map.h>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "messages/object.hpp"
#include "store/shards.hpp"

namespace google::protobuf {
class Message;
}

namespace kabuki::store {

/// Something that is not as it should be. `error`: no program of Kabuki's may have written it so. Otherwise it may
/// pass: an owner that is gone leaves what it owned until that is collected.
struct Finding {
  bool error = true;
  std::string shard;
  std::string key;  // "pods/default/web-1"; "" is the shard itself
  std::string what;
  bool operator==(const Finding&) const = default;
};

/// Looks at everything a store holds, shard by shard, and says what does not fit together. Holds keys and uids, not
/// objects. Shards are read at different moments where the cluster runs: what may change in between is no error then.
class StoreCheck {
 public:
  explicit StoreCheck(ShardMap mapping, bool running = false) : mapping_(std::move(mapping)), running_(running) {}

  /// A shard's objects follow, in the engine's order, then the revision that the shard is at.
  void begin_shard(const std::string& shard);
  void add(const Object& object);
  void end_shard(uint64_t revision);

  /// What was found, in the order of shards and keys; owners and namespaces can only be judged now.
  std::vector<Finding> finish();
  uint64_t objects() const { return objects_; }

 private:
  struct Reference {
    std::string shard;
    Key key;
    std::string owner_uid;
    std::string owner;  // "ReplicaSet web-1"
  };
  void found(bool error, const Key& key, std::string what);
  void look_at_place(const Object& object, const Key& key);
  void look_at_meta(const google::protobuf::Message& message, const Key& key);

  const ShardMap mapping_;
  const bool running_;
  std::string shard_;
  uint64_t newest_revision_ = 0;
  Key newest_;
  uint64_t objects_ = 0;
  std::optional<Key> last_;
  absl::flat_hash_map<std::string, Key> uids_;  // only looked up in
  std::set<std::string> namespaces_;
  std::map<std::pair<std::string, std::string>, Key> first_in_;  // by shard and namespace: the first object there
  std::vector<Reference> references_;
  std::vector<Finding> findings_;
};

}  // namespace kabuki::store
