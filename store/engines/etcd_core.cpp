#include "store/engines/etcd_core.hpp"

#include "messages/status.hpp"
#include "store/limits.hpp"

namespace kabuki::store::etcd {

namespace api = etcdserverpb;

EtcdCore::EtcdCore(const EtcdOptions& options, std::shared_ptr<Loop> loop, Loaded loaded, Engine::Feed feed,
                   Engine::Failed failed)
    : options_(options),
      loop_(std::move(loop)),
      feed_(std::move(feed)),
      failed_(std::move(failed)),
      cluster_(loaded.cluster),
      replica_(std::move(loaded.replica)),
      commits_(&replica_),
      url_(loaded.url) {}

EtcdCore::~EtcdCore() {
  options_.timers->cancel(timer_);
  if (connection_) connection_->cancel();
}

void EtcdCore::start() {
  const io::MonoTime now = options_.clock->mono();
  probe_at_ = now + options_.probe_interval;
  compact_at_ = now + options_.compact_interval;
  ticked_at_ = now;
  connect();
  tick();
}

void EtcdCore::submit(std::vector<Mutation> batch, Engine::Done done) {
  commits_.submit(std::move(batch), std::move(done), options_.clock->mono() + options_.commit_timeout);
  if (broken_) return commits_.abandon();
  settle();
}

void EtcdCore::barrier(Barrier done) {
  barriers_.push_back({std::move(done), options_.clock->mono() + options_.commit_timeout});
  if (broken_) return refuse_barriers(&barriers_);
  read_head();
}

/// Sends what can be sent and answers what can be answered.
void EtcdCore::settle() {
  pump();
  commits_.answer();
  end_if_stopped();
}

void EtcdCore::pump() {
  while (phase_ == Phase::up && !pausing_) {
    auto transaction = commits_.next(fence_);
    if (!transaction) return;
    send(std::move(*transaction));
  }
}

void EtcdCore::send(Transaction transaction) {
  const uint64_t number = transaction.number;
  connection_->txn(
      std::move(transaction.request),
      then<api::TxnResponse>([this, number](const api::TxnResponse& response) { answered(number, response); },
                             [this, number](const Failure& failure) { return refused(number, failure); }));
}

bool EtcdCore::refused(uint64_t number, const Failure& failure) {
  const auto says = [&](const char* what) { return failure.message.find(what) != std::string::npos; };
  const bool exhausted = failure.code == kResourceExhausted;
  const bool invalid = failure.code == kInvalidArgument;
  if ((invalid && (says("too large") || says("too many operations"))) || (exhausted && says("larger than"))) {
    commits_.too_large(number);
  } else if (exhausted && says("space exceeded")) {
    commits_.no_room(number);
  } else if (exhausted) {
    commits_.put_off(number);
    pausing_ = true;
  } else {
    return false;
  }
  settle();
  return true;
}

void EtcdCore::answered(uint64_t number, const api::TxnResponse& response) {
  // What was committed is told by the watch.
  if (response.succeeded()) return;
  const uint64_t fence = commits_.failed(number, response);
  if (fence == 0) return lose("this engine's fence is gone");
  fence_ = std::max(fence_, fence);
  settle();
}

void EtcdCore::read_head() {
  if (reading_head_ || !connection_ || phase_ == Phase::authenticating) return;
  if (barriers_.empty() && !probing_) return;
  reading_head_ = true;
  asked_barriers_ = std::exchange(barriers_, {});
  api::RangeRequest request;
  request.set_key(replica_.keys().head);
  connection_->range(
      std::move(request),
      then<api::RangeResponse>(
          [this, before = replica_.revision()](const api::RangeResponse& response) { head_read(response, before); }));
}

void EtcdCore::head_read(const api::RangeResponse& response, uint64_t applied_before) {
  reading_head_ = false;
  if (response.kvs_size() == 0 || static_cast<uint64_t>(response.header().revision()) < applied_before) {
    return fail(internal_error("etcd has lost what it had: the shard below " + replica_.keys().prefix +
                               " is gone or went back in time"));
  }
  const auto& head = response.kvs(0);
  if (std::exchange(probing_, false)) {
    probed_head_ = static_cast<uint64_t>(head.mod_revision());
  }
  auto barriers = std::exchange(asked_barriers_, {});
  for (auto& waiting : barriers) waiting.done(revision_at_head(head, replica_.base()));
  read_head();
}

void EtcdCore::probe(io::MonoTime now) {
  if (now < probe_at_) return;
  probe_at_ = now + options_.probe_interval;
  const uint64_t before = std::exchange(applied_at_probe_, replica_.revision());
  if (before == replica_.revision() && before < std::max(probed_head_, catch_up_to_)) {
    return lose("the watch says nothing of what etcd has");
  }
  // Not before: a session that ends as soon as it is up must not be followed by the next at once, for ever.
  if (phase_ == Phase::up) failures_ = 0;
  probing_ = true;
  read_head();
}

void EtcdCore::compact(io::MonoTime now) {
  if (options_.compact_interval.count() == 0 || phase_ != Phase::up || now < compact_at_) return;
  compact_at_ = now + options_.compact_interval;
  // The mark also brings the watch of an idle shard beyond what will be forgotten next.
  api::TxnRequest request;
  request.add_success()->mutable_request_put()->set_key(replica_.keys().mark);
  const auto forget = [this](uint64_t next) {
    const uint64_t until = std::exchange(compact_to_, next);
    if (until == 0) return;
    api::CompactionRequest request;
    request.set_revision(static_cast<int64_t>(until));
    // Others may have compacted to a later revision already.
    connection_->compact(std::move(request), then<api::CompactionResponse>([](const api::CompactionResponse&) {},
                                                                           [](const Failure&) { return true; }));
  };
  const auto marked = [forget](const api::TxnResponse& response) {
    forget(static_cast<uint64_t>(response.header().revision()));
  };
  const auto not_marked = [this, forget](const Failure& failure) {
    // A full etcd takes no mark, and is the one that has most to forget.
    if (failure.code == kResourceExhausted) forget(replica_.revision());
    return true;
  };
  connection_->txn(std::move(request), then<api::TxnResponse>(marked, not_marked));
}

void EtcdCore::tick() {
  timer_ = options_.timers->after(limits::kEtcdTick, [this, loop = loop_] { loop->post([this] { tick(); }); });
  const io::MonoTime now = options_.clock->mono();
  if (ending_ && now >= end_by_) return loop_->end();
  // When this process itself stood still, answers may wait behind this tick.
  if (now - std::exchange(ticked_at_, now) >= 5 * limits::kEtcdTick) return;
  commits_.expire(now);
  while (!barriers_.empty() && barriers_.front().deadline <= now) {
    std::deque<Waiting> first;
    first.push_back(std::move(barriers_.front()));
    barriers_.pop_front();
    refuse_barriers(&first);
  }
  if (!requests_.empty() && now - requests_.begin()->second >= options_.attempt_timeout) lose("no answer in time");
  if (phase_ == Phase::down) {
    if (now >= retry_at_) connect();
  } else {
    probe(now);
    compact(now);
    pausing_ = false;
  }
  settle();
}

void EtcdCore::refuse_barriers(std::deque<Waiting>* barriers) {
  auto refused = std::exchange(*barriers, {});
  for (auto& waiting : refused)
    waiting.done(unavailable("etcd has no quorum or cannot be reached: " + last_failure_));
}

void EtcdCore::stop() {
  stopping_ = true;
  end_if_stopped();
}

void EtcdCore::end_if_stopped() {
  if (stopping_ && !ending_ && commits_.idle()) end();
}

void EtcdCore::end() {
  ending_ = true;
  end_by_ = options_.clock->mono() + options_.attempt_timeout;
  for (; !asked_barriers_.empty(); asked_barriers_.pop_back())
    barriers_.push_front(std::move(asked_barriers_.back()));
  refuse_barriers(&barriers_);
  if (phase_ == Phase::down || phase_ == Phase::authenticating) return loop_->end();
  // Without its fence nothing of this engine can be committed any more.
  api::TxnRequest request;
  request.add_success()->mutable_request_delete_range()->set_key(replica_.keys().fence(replica_.instance()));
  const auto done = [this](const auto&) { return loop_->end(), true; };
  connection_->txn(std::move(request), then<api::TxnResponse>(done, done));
}

}  // namespace kabuki::store::etcd
