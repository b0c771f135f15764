#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "messages/object.hpp"
#include "runtime/io/clock.hpp"
#include "store/engine.hpp"
#include "tools/sim/invariant.hpp"

namespace kabuki::tools {

/// Everything that ever became durable, seen between the store's shards and their engines, and what must hold of it
/// at every moment. Promises are named as in tools/sim/README.md; each breach is one line.
class History {
 public:
  /// `clock` is the world's.
  explicit History(io::Clock& clock) : clock_(clock), invariants_(all_invariants()) {}

  /// Passes everything through to `engine` and writes it down. The history must outlive it.
  std::unique_ptr<store::Engine> tap(const std::string& shard, std::unique_ptr<store::Engine> engine);

  void loaded(const std::string& shard, const std::vector<ObjectPtr>& objects, uint64_t revision);
  void fed(const std::string& shard, uint64_t revision, const std::vector<store::Change>& changes);

  /// The store was put back to an earlier state: what was since has not happened, but its revisions must not come
  /// again.
  void restored();
  void snapshot_failed(const std::string& why) { breach("restores", why); }
  int restores() const { return restores_; }

  /// The present state, of all shards.
  const std::map<Key, ObjectPtr>& objects() const { return objects_; }
  uint64_t changes() const { return changes_; }
  /// When something changed last that is neither a lease nor a heartbeat, and what.
  io::MonoTime last_change() const { return last_change_; }
  const std::string& last_changed() const { return last_changed_; }
  /// `call` hears of each such change from now on; none ends that.
  void on_change(std::function<void(const std::string& key)> call) { changed_ = std::move(call); }
  /// `call` hears of every change, as invariants do.
  void on_every_change(std::function<void(const Invariant::Seen&)> call) { every_ = std::move(call); }
  /// A digest of the present state: objects and revisions.
  uint64_t state_hash() const;

  const std::vector<std::unique_ptr<Invariant>>& invariants() const { return invariants_; }
  /// The breaches of one promise, the first twenty.
  const std::vector<std::string>& breaches(const std::string& promise) const;

 private:
  struct PodFacts {
    std::string node;
    std::string ip;  // while it has one of its own
    std::string phase;
    std::map<std::string, int32_t> restarts;
    bool was_restored = false;  // what its record says of its address may be past: it may get another, once
  };
  struct Shard {
    uint64_t revision = 0;
    std::map<Key, ObjectPtr> objects;
  };

  void note_change(const Key& key);
  void put(const std::string& shard, const ObjectPtr& object);
  void remove(const std::string& shard, const Key& key, uint64_t revision);
  void look_at(const ObjectPtr& before, const ObjectPtr& after);
  void look_at_pod(const ObjectPtr& object);
  void look_at_lease(const ObjectPtr& object);
  void forget_pod(const std::string& uid);
  void breach(const std::string& promise, std::string what);

  io::Clock& clock_;
  std::vector<std::unique_ptr<Invariant>> invariants_;
  int restores_ = 0;
  bool restoring_ = false;
  std::set<std::string> to_come_back_;  // shards that have not been loaded since they were restored
  std::map<std::string, Shard> shards_;
  std::map<Key, ObjectPtr> objects_;
  std::map<std::pair<std::string, uint32_t>, std::string> leaders_;  // by Lease and term
  std::map<std::string, Key> uids_;                                  // ever seen
  std::map<std::string, PodFacts> pods_;                             // by uid
  std::map<std::string, std::string> ips_;                           // of live pods: ip to uid
  std::map<std::string, std::vector<std::string>> breaches_;
  uint64_t changes_ = 0;
  io::MonoTime last_change_;
  std::string last_changed_;
  std::function<void(const std::string& key)> changed_;
  std::function<void(const Invariant::Seen&)> every_;
};

}  // namespace kabuki::tools
