#include "actors/scheduler/queue.hpp"

#include <algorithm>
#include <cassert>

namespace kabuki::scheduler {

io::Duration SchedulingQueue::backoff(uint32_t attempts) {
  constexpr io::Duration kFirst = std::chrono::seconds(1);
  constexpr io::Duration kLongest = std::chrono::seconds(10);
  if (attempts == 0) return io::Duration(0);
  return attempts > 4 ? kLongest : std::min(kLongest, kFirst * (1 << (attempts - 1)));
}

void SchedulingQueue::activate(PodId pod, Entry& entry) {
  entry.state = State::active;
  entry.ticket = next_ticket_++;
  by_priority_[entry.priority].emplace_back(entry.ticket, pod);
  ++active_;
}

void SchedulingQueue::back_off(PodId pod, Entry& entry, io::MonoTime until) {
  entry.state = State::backing_off;
  entry.due = until;
  backing_off_.emplace(until, pod);
}

void SchedulingQueue::leave(PodId pod, const Entry& entry) {
  switch (entry.state) {
    case State::active:
      --active_;
      break;
    case State::popped:
      break;
    case State::backing_off:
      backing_off_.erase({entry.due, pod});
      break;
    case State::unschedulable:
      unschedulable_.erase({entry.due, pod});
      break;
  }
}

void SchedulingQueue::add(PodId pod, int32_t priority) {
  auto [it, fresh] = pods_.try_emplace(pod);
  if (!fresh) return;
  it->second.priority = priority;
  activate(pod, it->second);
}

std::optional<PodId> SchedulingQueue::pop() {
  while (!by_priority_.empty()) {
    auto first = by_priority_.begin();
    if (first->second.empty()) {
      by_priority_.erase(first);
      continue;
    }
    const auto [ticket, pod] = first->second.front();
    first->second.pop_front();
    auto it = pods_.find(pod);
    if (it == pods_.end() || it->second.state != State::active || it->second.ticket != ticket) continue;
    it->second.state = State::popped;
    it->second.popped_at = changes_;
    ++it->second.attempts;
    --active_;
    return pod;
  }
  return std::nullopt;
}

void SchedulingQueue::unschedulable(PodId pod, io::MonoTime now) {
  auto it = pods_.find(pod);
  if (it == pods_.end()) return;
  Entry& entry = it->second;
  assert(entry.state == State::popped);
  if (entry.popped_at != changes_) return back_off(pod, entry, now + backoff(entry.attempts));
  entry.state = State::unschedulable;
  entry.due = now;
  unschedulable_.emplace(now, pod);
}

void SchedulingQueue::retry(PodId pod, io::MonoTime now) {
  auto it = pods_.find(pod);
  if (it == pods_.end()) return;
  assert(it->second.state == State::popped);
  back_off(pod, it->second, now + backoff(it->second.attempts));
}

void SchedulingQueue::remove(PodId pod) {
  auto it = pods_.find(pod);
  if (it == pods_.end()) return;
  leave(pod, it->second);
  pods_.erase(it);
}

void SchedulingQueue::cluster_changed(io::MonoTime now) {
  ++changes_;
  auto waiting = std::move(unschedulable_);
  unschedulable_.clear();
  for (const auto& [since, pod] : waiting) {
    Entry& entry = pods_.at(pod);
    const io::MonoTime until = since + backoff(entry.attempts);
    if (until <= now) {
      activate(pod, entry);
    } else {
      back_off(pod, entry, until);
    }
  }
}

std::optional<io::MonoTime> SchedulingQueue::advance(io::MonoTime now) {
  while (!backing_off_.empty() && backing_off_.begin()->first <= now) {
    const PodId pod = backing_off_.begin()->second;
    backing_off_.erase(backing_off_.begin());
    activate(pod, pods_.at(pod));
  }
  while (!unschedulable_.empty() && unschedulable_.begin()->first + kMaxUnschedulable <= now) {
    const PodId pod = unschedulable_.begin()->second;
    unschedulable_.erase(unschedulable_.begin());
    activate(pod, pods_.at(pod));
  }
  std::optional<io::MonoTime> next;
  if (!backing_off_.empty()) next = backing_off_.begin()->first;
  if (!unschedulable_.empty()) {
    const io::MonoTime due = unschedulable_.begin()->first + kMaxUnschedulable;
    if (!next || due < *next) next = due;
  }
  return next;
}

}  // namespace kabuki::scheduler
