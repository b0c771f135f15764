#pragma once

#include <functional>
#include <memory>

#include "actors/api_server/shard_client.hpp"
#include "actors/api_server/write/write.hpp"

namespace kabuki::api_server {

/// What became of a write.
struct WriteOutcome {
  Decision::Effect effect = Decision::Effect::unchanged;
  /// The object after the write with its resourceVersion; of a removal its last version.
  std::shared_ptr<google::protobuf::Message> message;
  /// The same, encoded; null after a removal or a dry run.
  ObjectPtr object;
  uint64_t revision = 0;
  std::vector<std::string> notes;
};

/// Carries one write through: read the object, decide, compare and swap, and decide again when somebody was faster
/// and the write named no revision. `done` is called exactly once, inside the owning actor.
class WriteFlow {
 public:
  /// Says, now or later, whether the host of a write (Write::host, which is not empty) may do what was decided.
  using Permit = std::function<void(const Write& write, const ObjectPtr& current, const ObjectPtr& next,
                                    std::function<void(Result<>)> then)>;
  /// What must be so for a decision to be committed, beside the object itself.
  struct Secured {
    Guard guard;
    /// Called once it is known what became of it: the object's revision (0: it is gone), or none when nothing was
    /// done. While that is unknown it is not called. `then` goes on with the write.
    std::function<void(std::optional<uint64_t> revision, std::function<void()> then)> ended;
  };
  /// Asked before every commit; null secures nothing.
  using Secure = std::function<void(const Write& write, const ObjectPtr& current, const Decision& decision,
                                    std::function<void(Result<Secured>)> then)>;
  WriteFlow(ShardClient* shards, std::function<WriteContext()> context, Permit permit, Secure secure = {})
      : shards_(shards), context_(std::move(context)), permit_(std::move(permit)), secure_(std::move(secure)) {}

  using Done = std::function<void(Result<WriteOutcome>)>;
  void run(Write write, Done done);

 private:
  struct Job;
  void read_and_decide(std::shared_ptr<Job> job);
  void decide_on(std::shared_ptr<Job> job, const ObjectPtr& current);
  void carry_out(std::shared_ptr<Job> job, const ObjectPtr& current, Decision decision);
  void secure_and_commit(std::shared_ptr<Job> job, const ObjectPtr& current, Decision decision);
  void commit(std::shared_ptr<Job> job, Decision decision, Secured secured);
  void committed(const std::shared_ptr<Job>& job, Decision* decision, const Key& key,
                 const ShardClient::CommitResult& result);

  ShardClient* shards_;
  std::function<WriteContext()> context_;
  Permit permit_;
  Secure secure_;
};

}  // namespace kabuki::api_server
