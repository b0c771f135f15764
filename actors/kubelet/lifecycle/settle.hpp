#pragma once

#include <cstdint>
#include <vector>

#include "actors/kubelet/lifecycle/state.hpp"
#include "actors/kubelet/lifecycle/view.hpp"
#include "actors/kubelet/runtime/container_runtime.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::kubelet {

struct Settled {
  std::vector<Note> notes;
  int64_t wake_ns = 0;  // settle again then at the latest; 0: only when something happens
  bool look = false;    // see Plan
  bool remove = false;  // see Plan
};

/// Polls the runtime, steps and acts until nothing is left to do at `now`. `first` are events that are known already.
Settled settle(const PodView& pod, PodState& state, ContainerRuntime& runtime, io::WallTime now,
               std::vector<RuntimeEvent> first = {});

}  // namespace kabuki::kubelet
