#pragma once

#include "runtime/actor.hpp"

namespace kabuki::bus {
class ActorInfo;
}

namespace kabuki::runtime {

/// What a cell tells a component that supervises: the ends and starts of its children, and that it should stop.
class SupervisorActor : public Actor {
 public:
  virtual void child_started(uint64_t instance) = 0;
  virtual void child_exited(uint64_t instance, const ExitReason& reason) = 0;
  /// To stop the children in order and then end itself.
  virtual void stop_requested() = 0;
  /// Adds the children that are not alive just now, and the supervisor's own state.
  virtual void describe(bus::ActorInfo* info) const = 0;
};

}  // namespace kabuki::runtime
