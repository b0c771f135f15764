#pragma once

#include <absl/container/flat_hash_map.h>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/io/time.hpp"
#include "store/engine.hpp"
#include "store/engines/etcd_api/rpc.pb.h"
#include "store/engines/etcd_replica.hpp"
#include "store/limits.hpp"

namespace kabuki::store::etcd {

/// One transaction, to be sent once.
struct Transaction {
  uint64_t number = 0;
  etcdserverpb::TxnRequest request;
};

/// What was submitted and is not answered: cut into transactions of different keys, of which one at a time is under
/// way per key, and answered in the order of the submissions. Pure but for the answers it gives, which come from
/// `answer`, `expire` and `abandon` alone; not thread-safe. `replica` must outlive it.
class Commits {
 public:
  explicit Commits(const Replica* replica) : replica_(*replica) {}

  void submit(std::vector<Mutation> batch, Engine::Done done, io::MonoTime deadline);

  /// What to send now; none while nothing waits or enough is under way. `fence` is the revision at which this
  /// engine's fence stands: where it has moved on, the transaction fails.
  std::optional<Transaction> next(uint64_t fence);

  /// The watch has told of this transaction, at this revision of etcd's.
  void committed(uint64_t number, uint64_t revision);
  /// It failed a comparison: what was not expected is in conflict, the rest is sent again. Returns where the fence
  /// stands; 0 where it is gone.
  uint64_t failed(uint64_t number, const etcdserverpb::TxnResponse& response);
  /// It was not done and will not be, because it is larger than etcd takes: sent again in smaller ones. What is too
  /// large by itself stays unknown.
  void too_large(uint64_t number);
  /// It was not done and will not be, because etcd is full.
  void no_room(uint64_t number);
  /// It was not done and will not be, for now: sent again.
  void put_off(uint64_t number);
  /// Nothing under way can still be committed, and what was committed has been told: all of it is sent again.
  void fenced();

  /// Answers submissions that are complete and all of whose conflicts the watch has caught up with.
  void answer();
  /// Answers what was not decided by its deadline.
  void expire(io::MonoTime now);
  /// Answers everything, with what is known.
  void abandon();

  bool idle() const { return submissions_.empty(); }

 private:
  struct Submission {
    std::vector<MutationResult> results;
    size_t open = 0;
    Engine::Done done;
    io::MonoTime deadline;
    bool answered = false;
  };
  struct Entry {
    Mutation mutation;
    std::string key;  // etcd's
    std::shared_ptr<Submission> submission;
    size_t index = 0;
  };
  struct Sent {
    std::vector<Entry> entries;
    std::vector<Term> terms;  // under which any of them is, each once
    uint64_t fence = 0;
    bool hopeless = false;  // all of them or none
  };
  /// What a transaction holds while it is put together.
  struct Filling {
    size_t bytes = 0;
    size_t operations = 0;
    std::set<std::string> keys;        // that it writes ...
    std::set<std::string> conditions;  // ... and that it is provided on, if any
  };
  struct Conflict {
    std::shared_ptr<Submission> submission;
    size_t index = 0;
    Key key;
  };

  /// Adds it to what is being put together; false where it does not fit.
  bool add(const Entry& entry, Sent* sent, Filling* filling) const;
  etcdserverpb::TxnRequest request_of(const Sent& sent, uint64_t number) const;
  /// Whether it is in conflict for certain. etcd is asked all the same, by a comparison that fails, how the key is
  /// now: the watch may lag behind what others were told.
  bool is_hopeless(const Mutation& mutation) const;
  /// etcd's revision of an expected one; 0 stays 0.
  uint64_t revision_in_etcd(uint64_t visible) const;
  void settle(Submission* submission, size_t index, MutationResult result);
  /// Lets the next mutation of the key go.
  void release(const std::string& key);
  void send_again(std::vector<Entry> entries);
  /// Drops what is not sent yet and was answered: while etcd is away nothing else would.
  void forget_answered();
  static void finish(Submission* submission);

  const Replica& replica_;
  std::deque<std::shared_ptr<Submission>> submissions_;  // not answered
  std::deque<Entry> ready_;
  /// By key: what waits until the key's mutation that is ready or under way is decided. Only looked up in.
  absl::flat_hash_map<std::string, std::vector<Entry>> waiting_;
  std::map<uint64_t, Sent> sent_;
  std::multimap<uint64_t, Conflict> conflicts_;  // by the revision that the watch has to reach
  uint64_t last_number_ = 0;
  size_t max_entries_ = limits::kEtcdMutations;
};

}  // namespace kabuki::store::etcd
