#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "runtime/io/time.hpp"

namespace kabuki::scheduler {

/// Stands for a pod in the scheduler.
using PodId = uint32_t;

/// Which pod is to be tried next. Pods are active (by priority, then in order of arrival), backing off until a time,
/// or unschedulable until the cluster changes. Pure: time comes in. Not thread-safe.
class SchedulingQueue {
 public:
  /// Backoff of the n-th failed attempt: 1 s doubled up to 10 s, as kube-scheduler does.
  static io::Duration backoff(uint32_t attempts);
  /// An unschedulable pod is tried again after this long though nothing seemed to change.
  static constexpr io::Duration kMaxUnschedulable = std::chrono::minutes(5);

  /// A new pod: active at once. Nothing happens when it is known.
  void add(PodId pod, int32_t priority);
  /// Takes the next active pod; it stays known, and is to be told failed, retried or removed.
  std::optional<PodId> pop();
  /// No node fits: waits for a change of the cluster. When one came since the pod was popped, it only backs off.
  void unschedulable(PodId pod, io::MonoTime now);
  /// Something else failed: backs off.
  void retry(PodId pod, io::MonoTime now);
  /// Placed, deleted, or not ours any more.
  void remove(PodId pod);
  /// A node came or changed, or a pod left one: every unschedulable pod may fit now.
  void cluster_changed(io::MonoTime now);
  /// Moves what is due to active; the time of the next thing due, if any.
  std::optional<io::MonoTime> advance(io::MonoTime now);

  bool known(PodId pod) const { return pods_.contains(pod); }
  size_t active() const { return active_; }
  size_t backing_off() const { return backing_off_.size(); }
  size_t waiting() const { return unschedulable_.size(); }

 private:
  enum class State : uint8_t { active, popped, backing_off, unschedulable };
  struct Entry {
    State state = State::active;
    int32_t priority = 0;
    uint32_t attempts = 0;
    uint64_t ticket = 0;     // of its place among the active: an older ticket is void
    uint64_t popped_at = 0;  // the count of cluster changes then
    io::MonoTime due;        // backing off: until; unschedulable: since
  };

  void activate(PodId pod, Entry& entry);
  void back_off(PodId pod, Entry& entry, io::MonoTime until);
  void leave(PodId pod, const Entry& entry);

  std::map<PodId, Entry> pods_;
  std::map<int32_t, std::deque<std::pair<uint64_t, PodId>>, std::greater<>> by_priority_;
  std::set<std::pair<io::MonoTime, PodId>> backing_off_;
  std::set<std::pair<io::MonoTime, PodId>> unschedulable_;
  size_t active_ = 0;
  uint64_t next_ticket_ = 1;
  uint64_t changes_ = 0;
};

}  // namespace kabuki::scheduler
