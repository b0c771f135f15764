#pragma once

#include <optional>
#include <vector>

#include "runtime/io/time.hpp"

namespace kabuki::runtime {

/// How a guardian treats its host process: as a supervisor treats a transient child, with a pause before each start
/// so that a process that cannot start does not take the machine with it.
struct GuardianPolicy {
  int intensity = 5;  // restarts within `period`; one more ends the guardian
  io::Duration period = std::chrono::seconds(60);
  io::Duration pause_min =
      std::chrono::milliseconds(100);  // before the first restart; doubles with each in the period
  io::Duration pause_max = std::chrono::seconds(5);
};

/// How a process ended: by exit(code), or by a signal.
struct ProcessEnd {
  int code = 0;
  int signal = 0;
  bool operator==(const ProcessEnd&) const = default;
};

/// What the guardian does about it.
struct GuardianDecision {
  enum class Action { restart, finish, give_up };
  Action action = Action::finish;
  io::Duration pause{0};
  std::vector<io::MonoTime> restarts;  // within the period, to be handed in the next time
  bool operator==(const GuardianDecision&) const = default;
};

/// Pure. A process that ends with code 0, or that was asked to end (`stopping`), is not started again.
GuardianDecision after_process_end(const GuardianPolicy& policy, std::vector<io::MonoTime> restarts, ProcessEnd end,
                                   bool stopping, io::MonoTime now);

}  // namespace kabuki::runtime
