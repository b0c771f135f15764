#include "runtime/sim/coordinator.hpp"

#include <caf/event_based_actor.hpp>

namespace kabuki::runtime::sim {
namespace {

/// CAF hands its `aout` to a printer that must be there.
class NoPrinter final : public caf::event_based_actor {
 public:
  using caf::event_based_actor::event_based_actor;
  caf::behavior make_behavior() override {
    return {[](int) {}};
  }
};

}  // namespace

Coordinator::Coordinator(caf::actor_system& system, std::function<void()> runnable)
    : caf::scheduler::abstract_coordinator(system), runnable_(std::move(runnable)) {}

void Coordinator::start() {
  Unit unit(this);
  caf::actor_config config{&unit};
  utility_actors_[printer_id] =
      caf::make_actor<NoPrinter, caf::actor>(system().next_actor_id(), system().node(), &system(), config);
}

void Coordinator::stop() {
  drop_jobs();
  destroy(utility_actors_[printer_id]);  // while there is a system that it can leave
}

void Coordinator::drop_jobs() {
  runnable_ = nullptr;
  // Ending one may make another runnable.
  while (!jobs_.empty()) {
    auto jobs = std::move(jobs_);
    jobs_.clear();
    for (auto* job : jobs) cleanup_and_release(job);
  }
}

void Coordinator::enqueue(caf::resumable* job) {
  jobs_.push_back(job);
  if (jobs_.size() == 1 && runnable_) runnable_();
}

void Coordinator::run_one(io::Random& random) {
  const size_t pick = jobs_.size() == 1 ? 0 : random.below(jobs_.size());
  auto* job = jobs_[pick];
  jobs_[pick] = jobs_.back();
  jobs_.pop_back();
  Unit unit(this);
  switch (job->resume(&unit, 1)) {
    case caf::resumable::resume_later:
      enqueue(job);
      break;
    default:
      intrusive_ptr_release(job);
  }
}

}  // namespace kabuki::runtime::sim
