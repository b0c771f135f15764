#pragma once

#include <cstdint>
#include <vector>

#include "actors/kubelet/lifecycle/state.hpp"
#include "actors/kubelet/lifecycle/view.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::kubelet {

/// What a step decided; what it changed is in the state.
struct Plan {
  std::vector<Action> actions;  // for the runtime, in order
  std::vector<Note> notes;
  int64_t wake_ns = 0;  // step again then at the latest; 0: only when something happens
  bool look = false;    // what the pod refers to is to be looked up: see needs.hpp
  bool remove = false;  // deleted and quiet: once the final status is recorded, delete the object for good
};

/// Takes a pod's life one step on: takes note of `events`, then decides what to do now. Pure: all it knows is in its
/// arguments. Stepping again at once with no events decides nothing new.
Plan step(const PodView& pod, PodState& state, const std::vector<RuntimeEvent>& events, io::WallTime now);

/// Takes note of what of the pod's needs was missing when they were looked up at `now`; an event needs_known is to
/// follow.
void take_needs(PodState& state, std::vector<Missing> missing, io::WallTime now);

/// Lets containers that could not be created be tried again at once: the pod has been changed.
void retry_failed_creates(PodState& state);

}  // namespace kabuki::kubelet
