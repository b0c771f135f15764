#pragma once

// Private to the lifecycle: the machine's class, whose members stand in step.cpp and step_events.cpp.

#include <algorithm>
#include <string>
#include <utility>

#include "actors/kubelet/lifecycle/step.hpp"

namespace kabuki::kubelet {

inline constexpr int64_t kSecond = 1'000'000'000;

/// One step of one pod.
class Stepper {
 public:
  Stepper(const PodView& pod, PodState& state, int64_t now) : pod_(pod), state_(state), now_(now) {
    state_.containers.resize(pod_.containers.size());
    if (state_.start_seconds == 0) state_.start_seconds = now_ / kSecond;
  }

  // step_events.cpp
  void apply(const RuntimeEvent& event);
  // step.cpp
  void decide();
  Plan take() { return std::move(plan_); }

 private:
  using Kind = RuntimeEvent::Kind;

  ContainerRecord& record(size_t i) { return state_.containers[i]; }
  bool runs(size_t i) const {
    const ContainerPhase phase = state_.containers[i].phase;
    return phase == ContainerPhase::running || phase == ContainerPhase::stopping;
  }
  void act(Action::Kind kind, size_t container = 0) { plan_.actions.push_back({kind, container}); }
  void note(bool warning, std::string reason, std::string message, size_t i) {
    plan_.notes.push_back({warning, std::move(reason), std::move(message), pod_.spec(i).name()});
  }
  /// Of a container that waits only its last end is recorded: the one before it is forgotten, or a restarted kubelet
  /// would know less than this one.
  void wait_for(ContainerRecord& r, Waiting why) {
    r.waiting = why;
    if (r.ended) r.before.reset();
  }
  void wake_at(int64_t ns) { plan_.wake_ns = plan_.wake_ns == 0 ? ns : std::min(plan_.wake_ns, ns); }

  int64_t grace_end() const { return now_ + pod_.grace_seconds * kSecond; }

  // step_events.cpp
  void pulled(size_t i, const RuntimeEvent& event);
  void failed(size_t i, Waiting waiting, const std::string& why);
  void started(size_t i, const RuntimeEvent& event);
  void exited(size_t i, const RuntimeEvent& event);
  void unhealthy(size_t i, const RuntimeEvent& event);
  void tell_missing_volumes();

  // step.cpp
  bool mains_began();
  bool finished();
  bool initialize();
  void try_start(size_t i);
  void configure(size_t i);
  bool volumes_there();
  /// `since_ns`: when it was decided, which may be before now. `why` is the event's message; "": as it is for all.
  void stop(size_t i, int64_t kill_ns, int64_t since_ns, std::string why = {});
  void restart_resized();
  bool wind_down(int64_t kill_ns);
  void end_pod();
  void end_deleted();
  void show_pull_back_off(size_t i);

  const PodView& pod_;
  PodState& state_;
  const int64_t now_;
  Plan plan_;
};

}  // namespace kabuki::kubelet
