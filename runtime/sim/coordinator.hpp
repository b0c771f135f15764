#pragma once

#include <caf/detail/test_actor_clock.hpp>
#include <caf/execution_unit.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <functional>
#include <vector>

#include "runtime/io/random.hpp"

namespace kabuki::runtime::sim {

/// CAF's scheduler of one simulated host: has no threads, keeps the actors that can run, and runs one message of one
/// of them when it is told to.
class Coordinator final : public caf::scheduler::abstract_coordinator {
 public:
  /// `runnable` is called when the first actor can run.
  Coordinator(caf::actor_system& system, std::function<void()> runnable);

  bool has_jobs() const { return !jobs_.empty(); }
  /// One message of an actor that `random` picks.
  void run_one(io::Random& random);
  /// Forgets who could run; their actors must have been ended.
  void drop_jobs();

  void enqueue(caf::resumable* job) override;
  bool detaches_utility_actors() const override { return false; }
  caf::actor_clock& clock() noexcept override { return clock_; }
  void start() override;
  void stop() override;

 private:
  class Unit final : public caf::execution_unit {
   public:
    explicit Unit(Coordinator* coordinator)
        : caf::execution_unit(&coordinator->system()), coordinator_(coordinator) {}
    void exec_later(caf::resumable* job) override { coordinator_->enqueue(job); }

   private:
    Coordinator* coordinator_;
  };

  std::function<void()> runnable_;
  std::vector<caf::resumable*> jobs_;
  caf::detail::test_actor_clock clock_;  // never asked: no timeout of CAF's is in use
};

}  // namespace kabuki::runtime::sim
