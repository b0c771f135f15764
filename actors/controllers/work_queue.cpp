#include "actors/controllers/work_queue.hpp"

#include <algorithm>
#include <cassert>

namespace kabuki::controllers {

io::Duration WorkQueue::backoff(uint32_t failures) {
  constexpr io::Duration kFirst = std::chrono::milliseconds(5);
  constexpr io::Duration kLongest = std::chrono::seconds(60);
  constexpr uint32_t kMaxDoublings = 14;
  return failures == 0 ? io::Duration(0) : std::min(kLongest, kFirst * (1 << std::min(failures - 1, kMaxDoublings)));
}

void WorkQueue::make_ready(const Key& key, Entry& entry) {
  entry.state = State::ready;
  ready_.push_back(key);
}

void WorkQueue::wait_until(const Key& key, Entry& entry, io::MonoTime due) {
  entry.state = State::waiting;
  entry.due = due;
  waiting_.emplace(due, key);
}

void WorkQueue::add(const Key& key) {
  Entry& entry = entries_[key];
  switch (entry.state) {
    case State::ready:
      return;
    case State::held:
      entry.added_meanwhile = true;
      return;
    case State::waiting:
      waiting_.erase({entry.due, key});
      break;
    case State::idle:
      break;
  }
  make_ready(key, entry);
}

std::optional<Key> WorkQueue::take(io::MonoTime now) {
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    const Key key = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    make_ready(key, entries_.at(key));
  }
  if (ready_.empty()) return std::nullopt;
  Key key = std::move(ready_.front());
  ready_.pop_front();
  Entry& entry = entries_.at(key);
  entry.state = State::held;
  entry.added_meanwhile = false;
  ++held_;
  return key;
}

void WorkQueue::finished(const Key& key, std::optional<io::MonoTime> again) {
  auto it = entries_.find(key);
  Entry& entry = it->second;
  assert(entry.state == State::held);
  --held_;
  failing_ -= entry.failures > 0;
  entry.failures = 0;
  if (entry.added_meanwhile) return make_ready(key, entry);
  if (again) return wait_until(key, entry, *again);
  entries_.erase(it);
}

void WorkQueue::failed(const Key& key, io::MonoTime now) {
  Entry& entry = entries_.at(key);
  assert(entry.state == State::held);
  --held_;
  failing_ += entry.failures == 0;
  ++entry.failures;
  wait_until(key, entry, now + backoff(entry.failures));
}

uint32_t WorkQueue::failures(const Key& key) const {
  auto it = entries_.find(key);
  return it == entries_.end() ? 0 : it->second.failures;
}

std::optional<io::MonoTime> WorkQueue::next_due() const {
  if (!ready_.empty() || waiting_.empty()) return std::nullopt;
  return waiting_.begin()->first;
}

}  // namespace kabuki::controllers
