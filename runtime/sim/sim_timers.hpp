#pragma once

#include <memory>
#include <set>

#include "runtime/sim/agenda.hpp"
#include "runtime/sim/sim_clock.hpp"

namespace kabuki::runtime::sim {

/// One host's timers: entries of the world's agenda at the speed of the host's clock, gone when it crashes.
class SimTimers final : public io::Timers {
 public:
  SimTimers(Agenda* agenda, const SimClock* clock) : agenda_(agenda), clock_(clock) {}
  ~SimTimers() override { drop(); }

  Id after(io::Duration delay, std::function<void()> run) override;
  void cancel(Id id) override;
  /// Forgets all, and whatever is asked for later.
  void drop();

 private:
  Agenda* agenda_;
  const SimClock* clock_;
  std::set<Id> waiting_;
  bool dropped_ = false;
};

}  // namespace kabuki::runtime::sim
