#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/io/clock.hpp"
#include "runtime/io/time.hpp"
#include "store/engine.hpp"
#include "store/key_order.hpp"
#include "store/limits.hpp"
#include "store/shards.hpp"

namespace kabuki::store {

class SharedCore;

/// How a SharedMedium misbehaves. Durations are drawn evenly between their two ends; without timers all are 0.
struct SharedFaults {
  /// From a transaction or a barrier being sent to its being decided.
  io::Duration request_min{0};
  io::Duration request_max{0};
  /// From a change being durable to an engine's feed having it. Each engine hears for itself, in order.
  io::Duration feed_min{0};
  io::Duration feed_max{0};
  /// Chance that the answer to a transaction is lost: it is `unknown` to who sent it, and durable half of the time.
  double lost_answer = 0;
  bool operator==(const SharedFaults&) const = default;
};

/// What an etcd cluster is to its clients: every shard of a cluster in one revision order, open to any number of
/// engines on any hosts, and without a leader at times. It outlives engines and hosts. Thread-safe.
class SharedMedium {
 public:
  void set_faults(SharedFaults faults);
  SharedFaults faults() const;

  /// No quorum until elect_leader: nothing commits, no barrier is answered but by Unavailable, no feed comes. What is
  /// under way becomes `unknown`, and durable half of the time.
  void lose_leader();
  void elect_leader();
  /// So it is for the engines of one host until heal. Requests under way are `unknown` when the time for them is
  /// over.
  void cut(const std::string& host);
  void heal(const std::string& host);
  /// Forgets how the present state came about up to `revision`. An engine whose feed has not got there fails.
  void compact(uint64_t revision);

  /// Somebody else writes: at once, whatever the faults are.
  MutationResult write(const std::string& shard, const Mutation& mutation);
  /// Of every shard.
  uint64_t revision() const;
  /// Changes that happened under a term that was over, in words, whatever the engines looked at: none, unless they
  /// are wrong.
  std::vector<std::string> stale_changes() const;
  std::vector<ObjectPtr> objects(const std::string& shard) const;

 private:
  friend class SharedCore;
  /// What one transaction changed: all at one revision.
  struct Entry {
    uint64_t revision = 0;
    std::string shard;
    std::vector<Change> changes;
  };
  bool reachable(const std::string& host) const { return leader_ && !cut_.contains(host); }
  /// What becomes of it now; of what can be committed the outcome alone.
  MutationResult judge(const std::string& shard, const Mutation& mutation) const;
  bool lasts(const Term& term) const;
  /// The version that is there, null where none is.
  ObjectPtr current(const std::string& shard, const KeyView& key) const;
  void commit(const std::string& shard, const std::vector<const Mutation*>& mutations);
  /// Where the log goes on after this revision.
  std::deque<Entry>::const_iterator after(uint64_t revision) const;
  void forget_what_all_have();
  /// Lets every engine take notice and call back. Releases the lock in between.
  void settle(std::unique_lock<std::mutex>& lock);

  mutable std::mutex mutex_;
  SharedFaults faults_;
  std::optional<std::string> mapping_;
  std::map<std::string, ObjectSet> shards_;
  std::map<std::string, Term> terms_;  // by lease
  std::vector<std::string> stale_changes_;
  uint64_t revision_ = kFirstRevision;
  uint64_t compacted_ = kFirstRevision;
  std::deque<Entry> log_;  // of consecutive revisions; what some engine has not been fed
  bool leader_ = true;
  std::set<std::string> cut_;
  std::vector<SharedCore*> engines_;  // in the order in which they loaded
};

struct SharedMemoryOptions {
  ShardIdentity identity;
  /// Where it runs: what SharedMedium::cut names.
  std::string host;
  /// Null: everything ends before `submit` returns, callbacks included.
  io::Timers* timers = nullptr;
  uint64_t seed = 0;
  /// What has not been decided or fed so long after `submit` is answered `unknown`.
  io::Duration timeout = std::chrono::seconds(5);
};

/// An engine over `medium`, one of any number. Disjoint submissions may commit out of their order, but are answered
/// in it. Mutations of one submission go in transactions and share a revision, unless one conflicts or a key comes
/// again. One that is destroyed without `stop` has crashed: of what was under way, any transaction may be durable.
std::unique_ptr<Engine> make_shared_memory_engine(std::shared_ptr<SharedMedium> medium, SharedMemoryOptions options);

}  // namespace kabuki::store
