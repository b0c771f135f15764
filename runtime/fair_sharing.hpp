#pragma once

#include <algorithm>
#include <caf/actor_system_config.hpp>
#include <caf/policy/unprofiled.hpp>
#include <caf/resumable.hpp>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>

#include "runtime/actor_cell.hpp"
#include "runtime/io/clock.hpp"

namespace kabuki::runtime {

/// The configuration of a live host's actor system, which is all that CAF hands to its scheduler.
struct LiveConfig final : caf::actor_system_config {
  explicit LiveConfig(const io::Clock& c) : clock(c) {}
  const io::Clock& clock;
};

/// CAF's policy for the threads of a live host: all share two queues, one for the few actors that everybody waits
/// for, one for the many (`OneOfMany`). While both have work they get the same time; in one queue a write would wait
/// at every hop for a turn of each of a hundred thousand pods.
class FairSharing : public caf::policy::unprofiled {
 public:
  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator* coordinator)
        : clock(static_cast<const LiveConfig&>(coordinator->system().config()).clock) {}
    const io::Clock& clock;
    std::mutex lock;
    std::condition_variable cv;
    std::deque<caf::resumable*> queues[2];  // of the few, of the many
    int64_t used_ns[2] = {0, 0};
  };
  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator*) {}
    int queue = -1;  // whose actor has run since `began`; -1: none has
    int64_t began_ns = 0;
  };

  template <class Coordinator>
  void central_enqueue(Coordinator* self, caf::resumable* job) {
    const auto* cell = dynamic_cast<const ActorCell*>(job);
    auto& data = d(self);
    const std::lock_guard guard(data.lock);
    data.queues[cell && cell->one_of_many()].push_back(job);
    data.cv.notify_one();
  }
  template <class Worker>
  void external_enqueue(Worker* self, caf::resumable* job) {
    central_enqueue(self->parent(), job);
  }
  template <class Worker>
  void internal_enqueue(Worker* self, caf::resumable* job) {
    central_enqueue(self->parent(), job);
  }
  template <class Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    central_enqueue(self->parent(), job);
  }

  template <class Worker>
  caf::resumable* dequeue(Worker* self) {
    auto& data = d(self->parent());
    auto& worker = d(self);
    auto& [few, many] = data.queues;
    std::unique_lock guard(data.lock);
    int64_t now = data.clock.mono().ns;
    if (worker.queue >= 0) data.used_ns[worker.queue] += now - worker.began_ns;
    if (few.empty() && many.empty()) {
      data.cv.wait(guard, [&] { return !few.empty() || !many.empty(); });
      now = data.clock.mono().ns;
    }
    // Who had little to do for a while does not make up for it.
    auto& [few_used, many_used] = data.used_ns;
    few_used = std::max(few_used, many_used - kMostAhead);
    many_used = std::max(many_used, few_used - kMostAhead);
    worker.queue = few.empty() || (!many.empty() && many_used < few_used);
    worker.began_ns = now;
    auto& queue = data.queues[worker.queue];
    caf::resumable* job = queue.front();
    queue.pop_front();
    return job;
  }

  template <class Worker, class UnaryFunction>
  void foreach_resumable(Worker*, UnaryFunction) {}

  template <class Coordinator, class UnaryFunction>
  void foreach_central_resumable(Coordinator* self, UnaryFunction call) {
    auto& data = d(self);
    const std::lock_guard guard(data.lock);
    for (auto& queue : data.queues) {
      for (; !queue.empty(); queue.pop_front()) call(queue.front());
    }
  }

 private:
  static constexpr int64_t kMostAhead = 20'000'000;
};

}  // namespace kabuki::runtime
