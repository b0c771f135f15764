#include "runtime/io/live_timers.hpp"

#include <algorithm>

namespace kabuki::io {

LiveTimers::LiveTimers(const Clock& clock) : clock_(clock), thread_([this] { loop(); }) {}

LiveTimers::~LiveTimers() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

Timers::Id LiveTimers::after(Duration delay, std::function<void()> run) {
  const int64_t at = clock_.mono().ns + std::max<int64_t>(delay.count(), 0);
  bool first = false;
  Id id = 0;
  {
    std::lock_guard lock(mutex_);
    id = ++last_;
    waiting_.emplace(id, std::move(run));
    first = heap_.empty() || at < heap_.front().at;
    heap_.push_back({at, id});
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  }
  if (first) changed_.notify_one();
  return id;
}

void LiveTimers::cancel(Id id) {
  std::function<void()> dropped;  // destroyed outside of the lock: it may own anything
  std::lock_guard lock(mutex_);
  auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  dropped = std::move(found->second);
  waiting_.erase(found);
  if (heap_.size() > 64 && heap_.size() > 2 * waiting_.size()) drop_cancelled();
}

void LiveTimers::drop_cancelled() {
  std::erase_if(heap_, [&](const Due& due) { return !waiting_.contains(due.id); });
  std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
}

void LiveTimers::loop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (heap_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const int64_t wait = heap_.front().at - clock_.mono().ns;
    if (wait > 0) {
      changed_.wait_for(lock, Duration(wait));
      continue;
    }
    const Id id = heap_.front().id;
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    heap_.pop_back();
    auto found = waiting_.find(id);
    if (found == waiting_.end()) continue;
    auto run = std::move(found->second);
    waiting_.erase(found);
    lock.unlock();
    run();
    run = nullptr;
    lock.lock();
  }
}

}  // namespace kabuki::io
