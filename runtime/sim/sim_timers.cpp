#include "runtime/sim/sim_timers.hpp"

namespace kabuki::runtime::sim {

io::Timers::Id SimTimers::after(io::Duration delay, std::function<void()> run) {
  if (dropped_) return ~Id{0};
  auto id = std::make_shared<Id>(0);
  *id = agenda_->after(clock_->in_world(delay), [this, id, run = std::move(run)] {
    waiting_.erase(*id);
    run();
  });
  waiting_.insert(*id);
  return *id;
}

void SimTimers::cancel(Id id) {
  if (waiting_.erase(id)) agenda_->cancel(id);
}

void SimTimers::drop() {
  dropped_ = true;
  while (!waiting_.empty()) {
    const Id id = *waiting_.begin();
    waiting_.erase(waiting_.begin());
    agenda_->cancel(id);
  }
}

}  // namespace kabuki::runtime::sim
