#include <algorithm>

#include "messages/status.hpp"
#include "store/engines/memory_shared_core.hpp"

namespace kabuki::store {

Error SharedCore::unreachable() { return unavailable("the shared medium cannot be reached or has no leader"); }

void SharedCore::arm_feed() {
  if (!feed_ || closed_ || feed_armed_ || !reachable()) return;
  const bool wanted = wanted_ > reported_;
  if (position_ >= medium_->revision_ && !wanted) return;
  if (position_ < medium_->compacted_)
    return fail(expired("the changes after " + std::to_string(position_) + " have been compacted"));
  const auto own = [&](const SharedMedium::Entry& entry) { return entry.shard == options_.identity.shard; };
  if (!wanted && std::none_of(medium_->after(position_), medium_->log_.cend(), own)) {
    position_ = medium_->revision_;
    return;
  }
  const uint64_t target = medium_->revision_;
  if (!options_.timers) return feed_to(target);
  feed_armed_ = true;
  const SharedFaults& faults = medium_->faults_;
  options_.timers->after(draw(faults.feed_min, faults.feed_max), [weak = weak_from_this(), target] {
    const auto core = weak.lock();
    if (!core) return;
    Lock lock(core->medium_->mutex_);
    core->feed_armed_ = false;
    if (core->closed_) return;
    if (core->reachable()) core->feed_to(target);
    core->medium_->settle(lock);
    // One that has just failed is none of the medium's any more, and has yet to say so.
    core->drain(lock);
  });
}

void SharedCore::feed_to(uint64_t target) {
  if (position_ < medium_->compacted_ && position_ < target) {
    return fail(expired("the changes after " + std::to_string(position_) + " have been compacted"));
  }
  std::vector<Change> changes;
  for (auto it = medium_->after(position_); it != medium_->log_.end() && it->revision <= target; ++it) {
    if (it->shard != options_.identity.shard) continue;
    changes.insert(changes.end(), it->changes.begin(), it->changes.end());
  }
  position_ = std::max(position_, target);
  if (!changes.empty() || (wanted_ > reported_ && position_ >= wanted_)) {
    reported_ = position_;
    calls_.push_back([this, revision = position_, changes = std::move(changes)]() mutable {
      feed_(revision, std::move(changes));
    });
  }
  answer_reached();
}

void SharedCore::barrier(BarrierDone done) {
  Lock lock(medium_->mutex_);
  if (closed_) {
    lock.unlock();
    return done(unreachable());
  }
  const uint64_t number = ++last_barrier_;
  barriers_[number].done = std::move(done);
  if (!options_.timers) {
    end_barrier(number);
  } else {
    const SharedFaults& faults = medium_->faults_;
    options_.timers->after(draw(faults.request_min, faults.request_max), [weak = weak_from_this(), number] {
      const auto core = weak.lock();
      if (!core) return;
      Lock locked(core->medium_->mutex_);
      core->end_barrier(number);
      core->medium_->settle(locked);
    });
  }
  medium_->settle(lock);
}

void SharedCore::end_barrier(uint64_t number) {
  const auto it = barriers_.find(number);
  if (it == barriers_.end()) return;
  Result<uint64_t> answer = unreachable();
  if (reachable()) {
    answer = medium_->revision_;
    wanted_ = std::max(wanted_, medium_->revision_);
  }
  calls_.push_back([done = std::move(it->second.done), answer = std::move(answer)] { done(answer); });
  barriers_.erase(it);
}

void SharedCore::drain(Lock& lock) {
  if (draining_) return;
  draining_ = true;
  while (!calls_.empty()) {
    auto call = std::move(calls_.front());
    calls_.pop_front();
    lock.unlock();
    call();
    call = nullptr;
    lock.lock();
  }
  draining_ = false;
  idle_.notify_all();
}

}  // namespace kabuki::store
