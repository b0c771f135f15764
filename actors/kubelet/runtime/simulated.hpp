#pragma once

#include "actors/kubelet/runtime/container_runtime.hpp"

namespace kabuki::kubelet {

/// Containers that are a function of their record and the clock: latency, run time and outcome are drawn from the
/// distributions of the pod's annotations by a stream that is seeded from (pod uid, container, restart count, what is
/// drawn). So there is nothing to keep: a container outlives its pod's actor, its kubelet and its host's process, and
/// the verbs have nothing to do. No state; safe from any thread.
class SimulatedRuntime : public ContainerRuntime {
 public:
  void run_sandbox(const PodView&, const PodState&) override {}
  void stop_sandbox(const PodView&, const PodState&) override {}
  void pull_image(const PodView&, const PodState&, size_t) override {}
  void start_container(const PodView&, const PodState&, size_t) override {}
  void stop_container(const PodView&, const PodState&, size_t) override {}
  bool crash_container(const PodView& pod, const PodState& state, size_t container, int32_t exit_code,
                       io::WallTime now, RuntimeEvent* event) override;
  Poll poll(const PodView& pod, const PodState& state, io::WallTime now) override;
};

}  // namespace kabuki::kubelet
