#pragma once

#include <cstddef>
#include <vector>

#include "runtime/supervisor.hpp"

namespace kabuki::runtime {

/// What a supervisor does about one more restart.
struct RestartCount {
  bool give_up = false;
  std::vector<io::MonoTime> restarts;  // those within the period, this one included
};

/// Counts a restart at `now`: gives up when it makes more than `intensity` within `period`. Pure; OTP's add_restart.
RestartCount count_restart(std::vector<io::MonoTime> restarts, io::MonoTime now, io::Duration period, int intensity);

/// Whether a child that ended so is started again: permanent always, transient after an abnormal end, temporary
/// never.
bool is_restarted(Restart restart, ExitReason::Kind end);

/// A supervisor's children by position: who is stopped, whose spec is dropped, who is started, in this order.
struct RestartPlan {
  std::vector<size_t> stop;
  std::vector<size_t> drop;
  std::vector<size_t> start;
  bool operator==(const RestartPlan&) const = default;
};

/// What a child is to the plan.
struct ChildView {
  Restart restart = Restart::permanent;
  bool alive = true;
};

/// The plan for restarting `child`, which has ended: with one_for_all every other child is stopped too (right to
/// left), with rest_for_one those to its right; temporary ones among them are dropped, the others started again left
/// to right, even those that had ended before. Pure.
RestartPlan plan_restart(Strategy strategy, const std::vector<ChildView>& children, size_t child);

}  // namespace kabuki::runtime
