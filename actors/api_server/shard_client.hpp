#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/api_server/limits.hpp"
#include "messages/bus/objects.pb.h"
#include "messages/object.hpp"
#include "messages/result.hpp"
#include "runtime/actor.hpp"

namespace kabuki::api_server {

/// What a compare-and-swap also depends on, judged by the store in the same instant.
struct Guard {
  std::shared_ptr<const bus::Fence> fence;  // null: whoever leads
  std::optional<Key> other;                 // another key of the same shard ...
  uint64_t other_revision = 0;              // ... has this revision; 0: is absent
};

/// What an API server actor uses to ask the store's shards: single reads and compare-and-swaps go out as batches, one
/// message per shard while another is on its way, so that the batch grows with the load and costs no wait without
/// it. To be used inside one actor only.
class ShardClient {
 public:
  /// What may wait for one shard; more is refused at once by TooManyRequests with Retry-After 1, before `get` or
  /// `commit` returns.
  struct Bounds {
    size_t gets = kShardWaiting;
    size_t commits = kShardWaiting;
    size_t bytes = kShardWaitingBytes;      // of objects to be committed
    int messages = kShardMessagesInFlight;  // of reads, and of writes, under way
  };
  /// The two ways of the owning actor to reach a shard, so that this can be tested without one.
  using Ask = std::function<void(const runtime::Address&, runtime::MessagePtr, io::Duration,
                                 std::function<void(Result<runtime::MessagePtr>)>)>;
  /// Names the shard that owns a kind: "pods", "leases", "events", "objects".
  using ShardOf = std::function<std::string(KindId)>;
  ShardClient(Ask ask, ShardOf shard_of) : ShardClient(std::move(ask), std::move(shard_of), Bounds()) {}
  ShardClient(Ask ask, ShardOf shard_of, Bounds bounds)
      : ask_(std::move(ask)), shard_of_(std::move(shard_of)), bounds_(bounds) {}

  /// The current version, or null when there is none.
  using GotObject = std::function<void(Result<ObjectPtr>)>;
  void get(const Key& key, GotObject done);

  /// One compare-and-swap; `object` null deletes. Error: Conflict where the fence's term is over.
  struct CommitResult {
    bool committed = false;
    bool unmet = false;  // the other key was not so
    uint64_t revision = 0;
    ObjectPtr current;  // of a conflict: the version that is there, null when there is none
  };
  using Committed = std::function<void(Result<CommitResult>)>;
  void commit(const Key& key, uint64_t expected_revision, ObjectPtr object, Committed done, Guard guard = {});

  runtime::Address shard_of(KindId kind) const;

 private:
  struct PendingGet {
    Key key;
    GotObject done;
  };
  struct PendingCommit {
    Key key;
    uint64_t expected_revision;
    ObjectPtr object;
    Committed done;
    Guard guard;
  };
  struct Shard {
    std::vector<PendingGet> gets;
    std::vector<PendingCommit> commits;
    size_t waiting_bytes = 0;  // of commits
    int gets_out = 0;
    int commits_out = 0;
  };

  void flush_gets(const std::string& name, Shard* shard);
  void flush_commits(const std::string& name, Shard* shard);

  Ask ask_;
  ShardOf shard_of_;
  const Bounds bounds_;
  std::map<std::string, Shard> shards_;
};

/// What a write of a leader is refused with whose term is over: 409.
Error deposed(const bus::Fence& fence);

}  // namespace kabuki::api_server
