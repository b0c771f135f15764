#include "store/engines/memory_shared_core.hpp"

#include <algorithm>

#include "messages/status.hpp"

namespace kabuki::store {

namespace {

/// Of one transaction, as etcd bounds them.
constexpr size_t kTransactionMutations = 64;

}  // namespace

Result<uint64_t> SharedCore::load(const std::function<void(ObjectPtr)>& sink) {
  const Lock lock(medium_->mutex_);
  if (!reachable()) return unreachable();
  if (!medium_->mapping_) medium_->mapping_ = options_.identity.mapping;
  const ShardIdentity stored{options_.identity.shard, *medium_->mapping_};
  if (auto same = check_identity(stored, options_.identity, "the shared medium"); !same.ok()) return same.error();
  for (const auto& object : medium_->shards_[options_.identity.shard]) sink(object);
  position_ = reported_ = medium_->revision_;
  medium_->engines_.push_back(this);
  opened_ = true;
  return position_;
}

void SharedCore::start(Engine::Feed feed, Engine::Failed failed) {
  Lock lock(medium_->mutex_);
  feed_ = std::move(feed);
  failed_ = std::move(failed);
  medium_->settle(lock);
}

io::Duration SharedCore::draw(io::Duration low, io::Duration high) {
  return io::Duration(random_.between(low.count(), high.count()));
}

void SharedCore::submit(std::vector<Mutation> batch, Engine::Done done) {
  Lock lock(medium_->mutex_);
  if (closed_) {
    lock.unlock();
    done(std::vector<MutationResult>(batch.size()));
    return;
  }
  auto submission = std::make_shared<Submission>();
  submission->batch = std::move(batch);
  submission->results.resize(submission->batch.size());
  submission->done = std::move(done);
  unsettled_.push_back(submission);
  const auto transactions = split(submission);
  submission->open = transactions.size();
  if (transactions.empty()) answer(submission);
  if (options_.timers && !transactions.empty()) {
    submission->timeout = options_.timers->after(options_.timeout, [weak = weak_from_this(), submission] {
      const auto core = weak.lock();
      if (!core) return;
      Lock locked(core->medium_->mutex_);
      core->time_out(submission);
      core->medium_->settle(locked);
    });
  }
  for (const auto& transaction : transactions) {
    if (transaction->stage == Stage::blocked && transaction->blockers == 0) launch(transaction);
  }
  medium_->settle(lock);
}

std::vector<SharedCore::TransactionPtr> SharedCore::split(const SubmissionPtr& submission) {
  std::vector<TransactionPtr> transactions;
  std::set<Key> conditions;  // of the last of these
  const auto writes = [&](const Key& key) {
    const auto last = last_by_key_.find(key);
    return last != last_by_key_.end() && last->second == transactions.back();
  };
  for (size_t i = 0; i < submission->batch.size(); ++i) {
    const Mutation& mutation = submission->batch[i];
    // What one of them is provided on, no other of the same transaction may change.
    const bool again = !transactions.empty() && (writes(mutation.key) || conditions.contains(mutation.key) ||
                                                 (mutation.provided && writes(mutation.provided->key)));
    auto& last = last_by_key_[mutation.key];
    if (transactions.empty() || again || transactions.back()->entries.size() == kTransactionMutations) {
      conditions.clear();
      transactions.push_back(std::make_shared<Transaction>());
      transactions.back()->of = submission;
      transactions_.push_back(transactions.back());
    }
    const auto& transaction = transactions.back();
    transaction->entries.push_back(i);
    if (mutation.provided) conditions.insert(mutation.provided->key);
    if (last) {
      last->behind.push_back(transaction);
      ++transaction->blockers;
    }
    last = transaction;
  }
  return transactions;
}

void SharedCore::launch(const TransactionPtr& transaction) {
  transaction->stage = Stage::flying;
  if (!options_.timers) return land(transaction);
  const SharedFaults& faults = medium_->faults_;
  options_.timers->after(draw(faults.request_min, faults.request_max), [weak = weak_from_this(), transaction] {
    const auto core = weak.lock();
    if (!core) return;
    Lock lock(core->medium_->mutex_);
    if (transaction->stage != Stage::flying) return;
    core->land(transaction);
    core->medium_->settle(lock);
  });
}

void SharedCore::land(const TransactionPtr& transaction) {
  if (!reachable() && options_.timers && !closed_) {
    transaction->stage = Stage::parked;
    return;
  }
  if (reachable()) {
    const double lost = medium_->faults_.lost_answer;
    lost > 0 && random_.chance(lost) ? toss(*transaction) : decide(*transaction);
  }
  close_transaction(transaction);
}

void SharedCore::decide(Transaction& transaction) {
  Submission& submission = *transaction.of;
  std::vector<const Mutation*> all;
  for (const size_t i : transaction.entries) {
    const Mutation& mutation = submission.batch[i];
    submission.results[i] = medium_->judge(options_.identity.shard, mutation);
    if (submission.results[i].outcome == Outcome::committed) all.push_back(&mutation);
  }
  if (all.empty()) return;
  // One failed comparison fails them all; they are tried again one by one then.
  const bool whole = all.size() == transaction.entries.size();
  if (whole) medium_->commit(options_.identity.shard, all);
  for (const size_t i : transaction.entries) {
    if (submission.results[i].outcome != Outcome::committed) continue;
    if (!whole) medium_->commit(options_.identity.shard, {&submission.batch[i]});
    submission.results[i].revision = medium_->revision_;
  }
  submission.needed = medium_->revision_;
}

void SharedCore::toss(Transaction& transaction) {
  const uint64_t needed = transaction.of->needed;
  if (random_.chance(0.5)) decide(transaction);
  transaction.of->needed = needed;
  for (const size_t i : transaction.entries) transaction.of->results[i] = {};
}

void SharedCore::close_transaction(const TransactionPtr& transaction) {
  transaction->stage = Stage::decided;
  transactions_.remove(transaction);
  const SubmissionPtr submission = transaction->of;
  for (const size_t i : transaction->entries) {
    const auto last = last_by_key_.find(submission->batch[i].key);
    if (last != last_by_key_.end() && last->second == transaction) last_by_key_.erase(last);
  }
  if (--submission->open == 0) {
    submission->needed <= position_ ? answer(submission) : unfed_.push_back(submission);
  }
  for (const auto& next : std::exchange(transaction->behind, {})) {
    if (--next->blockers == 0 && next->stage == Stage::blocked) launch(next);
  }
}

void SharedCore::answer(const SubmissionPtr& submission) {
  if (std::exchange(submission->answered, true)) return;
  if (submission->timeout != 0) options_.timers->cancel(submission->timeout);
  while (!unsettled_.empty() && unsettled_.front()->answered) {
    calls_.push_back([first = unsettled_.front()] { first->done(std::move(first->results)); });
    unsettled_.pop_front();
  }
}

void SharedCore::answer_reached() {
  std::erase_if(unfed_, [this](const SubmissionPtr& submission) {
    if (submission->needed > position_) return false;
    answer(submission);
    return true;
  });
}

void SharedCore::time_out(const SubmissionPtr& submission) {
  if (submission->answered) return;
  submission->timeout = 0;
  for (const auto& transaction : std::vector(transactions_.begin(), transactions_.end())) {
    if (transaction->of != submission || transaction->stage == Stage::decided) continue;
    if (transaction->stage == Stage::flying && reachable()) toss(*transaction);
    close_transaction(transaction);
  }
  if (std::erase(unfed_, submission) == 0) return;
  // What the feed has not got yet must not be said to be committed.
  for (auto& result : submission->results) {
    if (result.revision > position_) result = {};
  }
  answer(submission);
}

void SharedCore::lost_leader() {
  std::vector<TransactionPtr> flying;
  std::copy_if(transactions_.begin(), transactions_.end(), std::back_inserter(flying),
               [](const TransactionPtr& transaction) { return transaction->stage == Stage::flying; });
  // Those behind them are sent now, and find no leader.
  for (const auto& transaction : flying) {
    toss(*transaction);
    close_transaction(transaction);
  }
}

void SharedCore::was_cut() {
  for (const auto& transaction : transactions_) {
    if (transaction->stage != Stage::flying) continue;
    toss(*transaction);
    transaction->stage = Stage::lost;
  }
}

void SharedCore::reachable_again() {
  if (!reachable()) return;
  for (const auto& transaction : std::vector(transactions_.begin(), transactions_.end())) {
    if (transaction->stage == Stage::parked) launch(transaction);
    if (transaction->stage == Stage::lost) close_transaction(transaction);
  }
}

void SharedCore::fail(Error error) {
  for (const auto& transaction : transactions_) transaction->stage = Stage::decided;
  for (const auto& submission : std::deque(unsettled_)) {
    if (submission->answered) continue;
    std::fill(submission->results.begin(), submission->results.end(), MutationResult{});
    answer(submission);
  }
  while (!barriers_.empty()) end_barrier(barriers_.begin()->first);
  calls_.push_back([this, error = std::move(error)] { failed_(error); });
  end();
}

void SharedCore::stop() {
  Lock lock(medium_->mutex_);
  idle_.wait(lock, [this] { return !draining_; });
  if (!closed_) {
    closed_ = true;  // from here on nothing is parked, and nothing more is taken
    for (const auto& transaction : std::vector(transactions_.begin(), transactions_.end())) {
      if (transaction->stage == Stage::decided) continue;
      transaction->stage == Stage::lost ? close_transaction(transaction) : land(transaction);
    }
    if (feed_ && reachable()) feed_to(medium_->revision_);
    for (const auto& submission : std::deque(unsettled_)) time_out(submission);
    while (!barriers_.empty()) end_barrier(barriers_.begin()->first);
    end();
  }
  drain(lock);
  medium_->settle(lock);
  idle_.wait(lock, [this] { return !draining_; });
}

void SharedCore::crash() {
  Lock lock(medium_->mutex_);
  idle_.wait(lock, [this] { return !draining_; });
  if (closed_) return;
  for (const auto& transaction : std::vector(transactions_.begin(), transactions_.end())) {
    if (transaction->stage == Stage::flying && reachable()) toss(*transaction);
    transaction->stage = Stage::decided;
  }
  end();
  calls_.clear();
  medium_->settle(lock);
}

void SharedCore::end() {
  closed_ = true;
  transactions_.clear();
  last_by_key_.clear();
  barriers_.clear();
  unfed_.clear();
  unsettled_.clear();
  std::erase(medium_->engines_, this);
}

}  // namespace kabuki::store
