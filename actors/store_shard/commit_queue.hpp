#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "messages/bus/objects.pb.h"
#include "messages/result.hpp"
#include "runtime/actor.hpp"
#include "runtime/message.hpp"
#include "store/engine.hpp"
#include "store/limits.hpp"
#include "store/shard_state.hpp"

namespace kabuki::store {

/// The mutations of a Commit; one of a Lease in kube-system begins its term. Error: BadRequest when it refers to
/// objects that did not come with it or a key that is not its object's.
Result<std::vector<Mutation>> mutations_of(const bus::Commit& commit, const std::vector<ObjectPtr>& objects);

/// The answer to a Commit; conflicts carry what `state` holds now. One with a version that `state` has not seen is
/// told as unknown.
runtime::MessagePtr commit_reply(const std::vector<Mutation>& mutations, const std::vector<MutationResult>& results,
                                 const ShardState& state);

/// Commits on their way to the engine: bounded, answered in order. While the engine is busy what comes waits, and
/// goes as one submission then.
class CommitQueue {
 public:
  explicit CommitQueue(size_t mutations_max = limits::kQueuedMutations, size_t bytes_max = limits::kQueuedBytes)
      : mutations_max_(mutations_max), bytes_max_(bytes_max) {}

  /// Error: TooManyRequests with Retry-After 1 when the queue is full; `reply` is left to the caller then.
  Result<> add(std::vector<Mutation> mutations, runtime::Reply& reply);
  /// What to submit now; none while nothing waits or enough is in flight.
  std::optional<std::vector<Mutation>> next();
  /// Answers the commits of the oldest submission in flight.
  void done(const std::vector<MutationResult>& results, const ShardState& state);

  /// Mutations that wait, without those in flight.
  size_t waiting() const { return waiting_mutations_; }
  size_t in_flight() const { return submissions_.size(); }

 private:
  struct Entry {
    std::vector<Mutation> mutations;
    size_t bytes = 0;
    runtime::Reply reply;
  };
  const size_t mutations_max_;
  const size_t bytes_max_;
  std::deque<Entry> waiting_;
  size_t waiting_mutations_ = 0;
  size_t waiting_bytes_ = 0;
  std::deque<std::vector<Entry>> submissions_;
};

}  // namespace kabuki::store
