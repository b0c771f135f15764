#include "runtime/restart.hpp"

namespace kabuki::runtime {

RestartCount count_restart(std::vector<io::MonoTime> restarts, io::MonoTime now, io::Duration period, int intensity) {
  std::erase_if(restarts, [&](io::MonoTime then) { return now - then > period; });
  restarts.push_back(now);
  RestartCount count;
  count.give_up = restarts.size() > static_cast<size_t>(intensity < 0 ? 0 : intensity);
  count.restarts = std::move(restarts);
  return count;
}

bool is_restarted(Restart restart, ExitReason::Kind end) {
  switch (restart) {
    case Restart::permanent:
      return true;
    case Restart::transient:
      return end == ExitReason::Kind::failed || end == ExitReason::Kind::killed;
    case Restart::temporary:
      return false;
  }
  return false;
}

RestartPlan plan_restart(Strategy strategy, const std::vector<ChildView>& children, size_t child) {
  RestartPlan plan;
  const size_t first = strategy == Strategy::one_for_all ? 0 : child;
  const size_t end = strategy == Strategy::one_for_one ? child + 1 : children.size();
  for (size_t i = end; i-- > first;) {
    if (i == child) continue;
    if (children[i].alive) plan.stop.push_back(i);
    if (children[i].restart == Restart::temporary) plan.drop.push_back(i);
  }
  for (size_t i = first; i < end; ++i)
    if (i == child || children[i].restart != Restart::temporary) plan.start.push_back(i);
  return plan;
}

}  // namespace kabuki::runtime
