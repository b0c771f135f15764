#pragma once

#include "actors/kubelet/runtime/behaviour.hpp"
#include "actors/kubelet/runtime/container_runtime.hpp"

namespace kabuki::kubelet {

/// What the probes of a running or stopping simulated container tell by `now_ns`, and when they tell something next:
/// that it has started, whether it is ready, that it is to be stopped, and each probe that failed. Probes whose
/// outcome does not change cost nothing: nobody wakes for them.
void poll_probes(const PodView& pod, const PodState& state, size_t container, const Behaviour& behaviour,
                 int64_t now_ns, Poll* out);

/// Whether nothing holds it back from being ready as soon as it has started.
bool ready_at_once(const PodView& pod, size_t container, const Behaviour& behaviour);

}  // namespace kabuki::kubelet
