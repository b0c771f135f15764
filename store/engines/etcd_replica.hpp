#pragma once

#include <absl/container/flat_hash_set.h>
#include <cstdint>
#include <utility>
#include <vector>

#include "messages/result.hpp"
#include "store/engine.hpp"
#include "store/engines/etcd_api/kv.pb.h"
#include "store/engines/etcd_format.hpp"
#include "store/key_order.hpp"

namespace kabuki::store::etcd {

/// What whole revisions brought.
struct Applied {
  std::vector<Change> changes;
  /// This engine's transactions among them, by number, with their revisions in etcd.
  std::vector<std::pair<uint64_t, uint64_t>> own;
};

/// The shard as the watch has told it so far. Holds one pointer per object, in a hash set that is never iterated, so
/// that deletions can carry the last version. Not thread-safe.
class Replica {
 public:
  Replica(std::string prefix, uint64_t base, uint64_t instance)
      : keys_(std::move(prefix)), base_(base), instance_(instance) {}

  /// What a load found, then etcd's revision at which it did.
  void loaded(ObjectPtr object) { current_.insert(std::move(object)); }
  void loaded_revision(uint64_t revision) { revision_ = revision; }

  /// Events of whole revisions, in their order. Error: the data is corrupt or not what was loaded.
  Result<Applied> apply(std::vector<mvccpb::Event> events);

  /// etcd's revision up to which everything is known.
  uint64_t revision() const { return revision_; }
  /// The object's revision as it is visible; 0 where there is none.
  uint64_t revision_of(const KeyView& key) const;
  /// The visible revision of a mutation with so many after it in the transaction of this revision of etcd's; the last
  /// one's is also where the whole transaction is known.
  uint64_t visible(uint64_t revision, size_t place = 0) const { return base_ + (revision + 1) * kPlaces - 1 - place; }
  /// etcd's revision of a visible one.
  uint64_t revision_at(uint64_t visible) const { return (visible - base_) / kPlaces; }
  uint64_t base() const { return base_; }
  uint64_t instance() const { return instance_; }
  const Keys& keys() const { return keys_; }

 private:
  Result<> apply_object(const mvccpb::Event& event, size_t place, std::vector<Change>* changes);

  const Keys keys_;
  const uint64_t base_;
  const uint64_t instance_;
  absl::flat_hash_set<ObjectPtr, KeyHash, KeyEqual> current_;
  uint64_t revision_ = 0;
};

}  // namespace kabuki::store::etcd
