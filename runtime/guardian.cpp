#include "runtime/guardian.hpp"

#include <algorithm>
#include <utility>

#include "runtime/restart.hpp"

namespace kabuki::runtime {

GuardianDecision after_process_end(const GuardianPolicy& policy, std::vector<io::MonoTime> restarts, ProcessEnd end,
                                   bool stopping, io::MonoTime now) {
  using Action = GuardianDecision::Action;
  if (stopping || end == ProcessEnd{}) return {.action = Action::finish, .restarts = std::move(restarts)};
  auto count = count_restart(std::move(restarts), now, policy.period, policy.intensity);
  if (count.give_up) return {.action = Action::give_up, .restarts = std::move(count.restarts)};
  auto pause = policy.pause_min;
  for (size_t i = 1; i < count.restarts.size() && pause < policy.pause_max; ++i) pause *= 2;
  return {
      .action = Action::restart, .pause = std::min(pause, policy.pause_max), .restarts = std::move(count.restarts)};
}

}  // namespace kabuki::runtime
