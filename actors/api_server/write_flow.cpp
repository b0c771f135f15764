#include "actors/api_server/write_flow.hpp"

#include <utility>

#include "actors/api_server/limits.hpp"
#include "messages/meta.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {

struct WriteFlow::Job {
  Write write;
  Done done;
  int attempts = 0;
};

namespace {

bool generates_name(const Write& write) {
  return write.verb == Write::Verb::create && meta_of(*write.object).name().empty();
}

/// Whether deciding anew could give another answer than a conflict.
bool may_retry(const Write& write, int attempts) {
  if (write.verb == Write::Verb::create) return generates_name(write) && attempts < kNameRetries;
  return write.expected_revision == 0 && attempts < kConflictRetries;
}

}  // namespace

void WriteFlow::run(Write write, Done done) {
  auto job = std::make_shared<Job>();
  job->write = std::move(write);
  job->done = std::move(done);
  // A create needs no look first: the compare-and-swap against "absent" tells. A dry run does not come that far.
  if (job->write.verb == Write::Verb::create && (!job->write.dry_run || generates_name(job->write))) {
    decide_on(std::move(job), nullptr);
  } else {
    read_and_decide(std::move(job));
  }
}

void WriteFlow::read_and_decide(std::shared_ptr<Job> job) {
  shards_->get(job->write.key, [this, job](Result<ObjectPtr> current) {
    if (!current) return job->done(current.error());
    decide_on(job, *current);
  });
}

void WriteFlow::decide_on(std::shared_ptr<Job> job, const ObjectPtr& current) {
  ++job->attempts;
  auto decision = decide(job->write, current, context_());
  if (!decision) return job->done(decision.error());
  if (job->write.host.empty()) return carry_out(std::move(job), current, std::move(*decision));
  // Asked at every attempt: what was allowed of the version before need not be of this one.
  auto kept = std::make_shared<Decision>(std::move(*decision));
  ObjectPtr next = kept->effect == Decision::Effect::unchanged ? current : kept->next;
  permit_(job->write, current, next, [this, job, current, kept](Result<> allowed) {
    if (!allowed) return job->done(allowed.error());
    carry_out(job, current, std::move(*kept));
  });
}

void WriteFlow::carry_out(std::shared_ptr<Job> job, const ObjectPtr& current, Decision decision) {
  if (decision.effect != Decision::Effect::unchanged && !job->write.dry_run) {
    return secure_and_commit(std::move(job), current, std::move(decision));
  }
  job->done(WriteOutcome{.effect = decision.effect,
                         .message = decision.object,
                         .object = job->write.dry_run ? ObjectPtr() : current,
                         .revision = decision.expected_revision,
                         .notes = std::move(decision.notes)});
}

void WriteFlow::secure_and_commit(std::shared_ptr<Job> job, const ObjectPtr& current, Decision decision) {
  if (!secure_) return commit(std::move(job), std::move(decision), {});
  auto kept = std::make_shared<Decision>(std::move(decision));
  secure_(job->write, current, *kept, [this, job, kept](Result<Secured> secured) {
    if (!secured) return job->done(secured.error());
    commit(job, std::move(*kept), std::move(*secured));
  });
}

void WriteFlow::commit(std::shared_ptr<Job> job, Decision decision, Secured secured) {
  Key key = decision.next ? decision.next->key() : job->write.key;
  const bool removes = decision.effect == Decision::Effect::removed;
  ObjectPtr next = removes ? ObjectPtr() : decision.next;
  const uint64_t expected = decision.expected_revision;
  auto kept = std::make_shared<Decision>(std::move(decision));
  Guard guard = std::move(secured.guard);
  // A leader's term is judged anew with every attempt, by the store itself.
  guard.fence = job->write.fence;
  shards_->commit(
      key, expected, next,
      [this, job, kept, key, removes, ended = std::move(secured.ended)](Result<ShardClient::CommitResult> result) {
        if (!result) return job->done(result.error());
        const auto go_on = [this, job, kept, key, result] { committed(job, kept.get(), key, *result); };
        if (!ended) return go_on();
        std::optional<uint64_t> revision;
        if (result->committed) revision = removes ? 0 : result->revision;
        ended(revision, go_on);
      },
      std::move(guard));
}

void WriteFlow::committed(const std::shared_ptr<Job>& job, Decision* decision, const Key& key,
                          const ShardClient::CommitResult& result) {
  const Kind& kind = *job->write.kind;
  if (result.unmet && job->attempts < kConflictRetries) {
    // What it was provided on has changed, the object itself perhaps not.
    return job->write.verb == Write::Verb::create ? decide_on(job, nullptr) : read_and_decide(job);
  }
  if (!result.committed) {
    if (!may_retry(job->write, job->attempts)) {
      return job->done(job->write.verb == Write::Verb::create ? already_exists(kind, key.name)
                                                              : stale_write(kind, key.name));
    }
    return decide_on(job, job->write.verb == Write::Verb::create ? ObjectPtr() : result.current);
  }
  if (decision->object) {
    mutable_meta(decision->object.get())->set_resourceversion(std::to_string(result.revision));
  }
  WriteOutcome outcome{.effect = decision->effect,
                       .message = decision->object,
                       .revision = result.revision,
                       .notes = std::move(decision->notes)};
  if (decision->effect != Decision::Effect::removed) {
    outcome.object = Object::at_revision(*decision->next, result.revision);
  }
  job->done(std::move(outcome));
}

}  // namespace kabuki::api_server
