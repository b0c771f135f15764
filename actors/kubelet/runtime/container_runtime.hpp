#pragma once

#include <cstdint>
#include <vector>

#include "actors/kubelet/lifecycle/state.hpp"
#include "actors/kubelet/lifecycle/view.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::kubelet {

/// What a runtime has to tell by some moment.
struct Poll {
  std::vector<RuntimeEvent> events;  // oldest first
  int64_t next_ns = 0;               // ask again then at the latest; 0: nothing is to come by itself
};

/// What runs containers: the verbs of the CRI. All are asynchronous: a verb returns at once, and what came of it is
/// told by `poll`. A backend that learns of things by itself (a process that ended) wakes the pod's actor through the
/// mailbox it was given, and the actor polls. Create and start are one verb, as the lifecycle never wants them apart.
/// One instance serves all pods of a node, from any thread.
class ContainerRuntime {
 public:
  virtual ~ContainerRuntime() = default;

  virtual void run_sandbox(const PodView& pod, const PodState& state) = 0;
  virtual void stop_sandbox(const PodView& pod, const PodState& state) = 0;
  virtual void pull_image(const PodView& pod, const PodState& state, size_t container) = 0;
  /// The record has the restart count and streak that the new container is to have.
  virtual void start_container(const PodView& pod, const PodState& state, size_t container) = 0;
  /// Asks it to end and kills it at the record's kill_ns; of one that has not started yet: forgets it.
  virtual void stop_container(const PodView& pod, const PodState& state, size_t container) = 0;
  /// A fault: ends a running container now, as if its process had exited so. Told by the next poll, or by the event
  /// returned. False: it does not run.
  virtual bool crash_container(const PodView& pod, const PodState& state, size_t container, int32_t exit_code,
                               io::WallTime now, RuntimeEvent* event) = 0;

  /// What has happened since the state was last stepped. Also right after a restart, with a restored state.
  virtual Poll poll(const PodView& pod, const PodState& state, io::WallTime now) = 0;
};

}  // namespace kabuki::kubelet
