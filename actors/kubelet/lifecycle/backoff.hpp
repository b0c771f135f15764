#pragma once

#include <cstdint>

#include "actors/kubelet/lifecycle/state.hpp"
#include "actors/kubelet/lifecycle/view.hpp"

namespace kabuki::kubelet {

/// Kubernetes' back-off: 10 s, doubled each time, at most 300 s; forgotten by a container that ran for 10 minutes.
inline constexpr int64_t kBackOffFirstSeconds = 10;
inline constexpr int64_t kBackOffMaxSeconds = 300;
inline constexpr int64_t kBackOffResetSeconds = 600;

/// Seconds to wait after the n-th failure in a row, from 1.
int64_t back_off_seconds(uint32_t failures);

/// Seconds to wait before the container that ended so is started again: none after its first end.
int64_t restart_delay_seconds(const Termination& ended);
/// The streak of the container that takes its place.
uint32_t next_streak(const Termination& ended);
/// When it may be started again. Counted from the whole second, which is what the API records.
int64_t restart_at_ns(const Termination& ended);

/// Whether a container of this role that ended so is to be started again.
bool needs_restart(Role role, RestartPolicy policy, int32_t exit_code);
/// The same of a container of `pod`: its own restartPolicyRules and restartPolicy go before the pod's.
/// Source: Kubernetes, ContainerShouldRestart.
bool needs_restart(const PodView& pod, size_t container, int32_t exit_code);

}  // namespace kabuki::kubelet
