#include "actors/kubelet/lifecycle/step.hpp"

#include <algorithm>
#include <cassert>

#include "actors/kubelet/lifecycle/backoff.hpp"

namespace kabuki::kubelet {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
// How long a failed pull shows as ErrImagePull before it shows as being backed off from.
constexpr int64_t kPullErrorShown = kSecond;

class Stepper {
 public:
  Stepper(const PodView& pod, PodState& state, int64_t now) : pod_(pod), state_(state), now_(now) {
    state_.containers.resize(pod_.containers.size());
    if (state_.start_seconds == 0) state_.start_seconds = now_ / kSecond;
  }

  void apply(const RuntimeEvent& event);
  void decide();
  Plan take() { return std::move(plan_); }

 private:
  using Kind = RuntimeEvent::Kind;

  ContainerRecord& record(size_t i) { return state_.containers[i]; }
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

  void pulled(size_t i, const RuntimeEvent& event);
  void failed(size_t i, Waiting waiting, const RuntimeEvent& event);
  void started(size_t i, const RuntimeEvent& event);
  void exited(size_t i, const RuntimeEvent& event);

  bool mains_began();
  bool finished();
  bool initialize();
  void try_start(size_t i);
  void stop(size_t i, int64_t kill_ns);
  bool wind_down(int64_t kill_ns);
  void end_pod();
  void show_pull_back_off(size_t i);

  const PodView& pod_;
  PodState& state_;
  const int64_t now_;
  Plan plan_;
};

void Stepper::apply(const RuntimeEvent& event) {
  const size_t i = event.container;
  assert(i < state_.containers.size() || event.kind <= Kind::sandbox_failed);
  switch (event.kind) {
    case Kind::sandbox_ready:
      if (state_.sandbox == Sandbox::creating) state_.sandbox = Sandbox::ready;
      return;
    case Kind::sandbox_failed:
      if (state_.sandbox == Sandbox::creating) state_.sandbox = Sandbox::none;
      plan_.notes.push_back({true, "FailedCreatePodSandBox", event.message, ""});
      return;
    case Kind::image_pulled:
      if (record(i).phase == ContainerPhase::pulling) pulled(i, event);
      return;
    case Kind::pull_failed:
      if (record(i).phase != ContainerPhase::pulling) return;
      failed(i, Waiting::err_image_pull, event);
      note(true, "Failed", "Failed to pull image \"" + pod_.spec(i).image() + "\": " + event.message, i);
      note(true, "Failed", "Error: ErrImagePull", i);
      return;
    case Kind::started:
      if (record(i).phase == ContainerPhase::starting) started(i, event);
      return;
    case Kind::start_failed:
      if (record(i).phase != ContainerPhase::starting) return;
      failed(i, Waiting::config_error, event);
      note(true, "Failed", "Error: " + event.message, i);
      return;
    case Kind::startup_passed:
    case Kind::readiness_changed:
      if (record(i).phase != ContainerPhase::running && record(i).phase != ContainerPhase::stopping) return;
      record(i).startup = true;
      record(i).ready = event.ready;
      return;
    case Kind::liveness_failed:
      if (record(i).phase != ContainerPhase::running) return;
      note(true, "Unhealthy", "Liveness probe failed: " + event.message, i);
      stop(i, now_ + pod_.grace_seconds * kSecond);
      return;
    case Kind::exited:
      exited(i, event);
      return;
  }
}

void Stepper::pulled(size_t i, const RuntimeEvent& event) {
  ContainerRecord& r = record(i);
  const std::string& image = pod_.spec(i).image();
  note(false, "Pulled",
       event.message.empty() ? "Container image \"" + image + "\" already present on machine" : event.message, i);
  r.phase = ContainerPhase::starting;
  r.since_ns = now_;
  act(Action::Kind::start_container, i);
}

void Stepper::failed(size_t i, Waiting waiting, const RuntimeEvent& event) {
  ContainerRecord& r = record(i);
  r.phase = ContainerPhase::idle;
  wait_for(r, waiting);
  r.detail = event.message;
  r.since_ns = now_;
  r.retry_ns = now_ + back_off_seconds(++r.failures) * kSecond;
}

void Stepper::started(size_t i, const RuntimeEvent& event) {
  ContainerRecord& r = record(i);
  r.phase = ContainerPhase::running;
  r.waiting = Waiting::none;
  r.failures = 0;
  r.retry_ns = 0;
  r.detail.clear();
  r.id = event.id;
  r.started_ns = event.at_ns;
  r.startup = event.startup;
  r.ready = event.startup && event.ready;
  if (r.ended) r.before = std::move(r.ended);
  note(false, "Created", "Created container: " + pod_.spec(i).name(), i);
  note(false, "Started", "Started container " + pod_.spec(i).name(), i);
}

void Stepper::exited(size_t i, const RuntimeEvent& event) {
  ContainerRecord& r = record(i);
  if (r.phase != ContainerPhase::running && r.phase != ContainerPhase::stopping) return;
  r.ended = std::make_unique<Termination>();
  r.ended->exit_code = event.exit_code;
  r.ended->reason = !event.reason.empty() ? event.reason : event.exit_code == 0 ? "Completed" : "Error";
  r.ended->message = event.message;
  r.ended->id = std::move(r.id);
  r.ended->started_ns = r.started_ns;
  r.ended->finished_ns = std::max(event.at_ns, r.started_ns);
  r.ended->restart_count = r.restart_count;
  r.ended->streak = r.streak;
  r.id.clear();
  r.phase = ContainerPhase::idle;
  r.since_ns = now_;
  r.started_ns = r.kill_ns = 0;
  r.startup = r.ready = false;
}

bool Stepper::mains_began() {
  for (size_t i = pod_.inits; i < state_.containers.size(); ++i) {
    if (record(i).phase != ContainerPhase::idle || record(i).ended || record(i).waiting != Waiting::none) return true;
  }
  return false;
}

/// Whether nothing of the pod's own work will ever run again.
bool Stepper::finished() {
  for (size_t i = 0; i < pod_.inits; ++i) {
    const ContainerRecord& r = record(i);
    if (pod_.role(i) != Role::init || r.phase != ContainerPhase::idle || !r.ended) continue;
    if (r.ended->exit_code != 0 && !needs_restart(Role::init, pod_.policy, r.ended->exit_code)) return true;
  }
  for (size_t i = pod_.inits; i < state_.containers.size(); ++i) {
    const ContainerRecord& r = record(i);
    if (r.phase != ContainerPhase::idle || !r.ended) return false;
    if (needs_restart(Role::main, pod_.policy, r.ended->exit_code)) return false;
  }
  return true;
}

/// Brings init containers and sidecars on, in order; whether the main containers may run.
bool Stepper::initialize() {
  const bool began = mains_began();
  for (size_t i = 0; i < pod_.inits; ++i) {
    ContainerRecord& r = record(i);
    if (pod_.role(i) == Role::sidecar) {
      const bool up = r.phase == ContainerPhase::running || r.phase == ContainerPhase::stopping;
      if (!up) try_start(i);
      if (!began && !(up && r.startup)) return false;
      continue;
    }
    if (began || (r.phase == ContainerPhase::idle && r.ended && r.ended->exit_code == 0)) continue;
    try_start(i);
    return false;
  }
  return true;
}

/// Begins to start an idle container as soon as it may be.
void Stepper::try_start(size_t i) {
  ContainerRecord& r = record(i);
  if (r.phase != ContainerPhase::idle) return;
  if (r.ended && r.failures == 0) {
    r.retry_ns = restart_at_ns(*r.ended);
    if (now_ < r.retry_ns && r.waiting != Waiting::crash_loop_back_off) {
      wait_for(r, Waiting::crash_loop_back_off);
      note(true, "BackOff",
           "Back-off restarting failed container " + pod_.spec(i).name() + " in pod " + pod_.name() + "_" +
               pod_.ns() + "(" + pod_.uid() + ")",
           i);
    }
  }
  if (now_ < r.retry_ns) {
    wake_at(r.retry_ns);
    return show_pull_back_off(i);
  }
  if (r.ended) {
    r.restart_count = r.ended->restart_count + 1;
    r.streak = next_streak(*r.ended);
  }
  r.phase = ContainerPhase::pulling;
  r.since_ns = now_;
  act(Action::Kind::pull_image, i);
}

void Stepper::show_pull_back_off(size_t i) {
  ContainerRecord& r = record(i);
  if (r.waiting != Waiting::err_image_pull) return;
  if (now_ < r.since_ns + kPullErrorShown) return wake_at(r.since_ns + kPullErrorShown);
  r.waiting = Waiting::image_pull_back_off;
  note(false, "BackOff", "Back-off pulling image \"" + pod_.spec(i).image() + "\"", i);
  note(true, "Failed", "Error: ImagePullBackOff", i);
}

void Stepper::stop(size_t i, int64_t kill_ns) {
  ContainerRecord& r = record(i);
  switch (r.phase) {
    case ContainerPhase::idle:
      return;
    case ContainerPhase::pulling:
    case ContainerPhase::starting:
      r.phase = ContainerPhase::idle;
      act(Action::Kind::stop_container, i);
      return;
    case ContainerPhase::running:
      r.phase = ContainerPhase::stopping;
      r.since_ns = now_;
      r.kill_ns = kill_ns;
      note(false, "Killing", "Stopping container " + pod_.spec(i).name(), i);
      act(Action::Kind::stop_container, i);
      return;
    case ContainerPhase::stopping:
      if (kill_ns >= r.kill_ns) return;
      r.kill_ns = kill_ns;
      act(Action::Kind::stop_container, i);
      return;
  }
}

/// Stops everything: sidecars after all others, the last one first. Whether all is quiet.
bool Stepper::wind_down(int64_t kill_ns) {
  bool quiet = true;
  for (size_t i = 0; i < state_.containers.size(); ++i) {
    if (pod_.role(i) == Role::sidecar) continue;
    stop(i, kill_ns);
    quiet = quiet && record(i).phase == ContainerPhase::idle;
  }
  for (size_t i = pod_.inits; quiet && i-- > 0;) {
    if (pod_.role(i) != Role::sidecar) continue;
    stop(i, kill_ns);
    quiet = record(i).phase == ContainerPhase::idle;
  }
  return quiet;
}

void Stepper::end_pod() {
  state_.over = true;
  for (ContainerRecord& r : state_.containers) r.waiting = Waiting::none;
  if (state_.sandbox == Sandbox::stopped) return;
  if (state_.sandbox != Sandbox::none) act(Action::Kind::stop_sandbox);
  state_.sandbox = Sandbox::stopped;
}

void Stepper::decide() {
  const int64_t grace_end = now_ + pod_.grace_seconds * kSecond;
  if (pod_.deleted) {
    if (!wind_down(pod_.kill_ns)) return;
    for (size_t i = pod_.inits; i < state_.containers.size() && !state_.over; ++i) {
      if (record(i).ended) continue;
      record(i).ended = std::make_unique<Termination>();
      record(i).ended->exit_code = 137;
      record(i).ended->reason = "ContainerStatusUnknown";
      record(i).ended->message = "The container could not be located when the pod was terminated";
    }
    end_pod();
    plan_.remove = true;
    return;
  }
  if (state_.over) {
    wind_down(grace_end);
    return;
  }
  if (pod_.active_deadline_seconds) {
    const int64_t deadline = (state_.start_seconds + *pod_.active_deadline_seconds) * kSecond;
    if (now_ >= deadline && !state_.deadline_exceeded) {
      state_.deadline_exceeded = true;
      plan_.notes.push_back(
          {false, "DeadlineExceeded", "Pod was active on the node longer than the specified deadline", ""});
    }
    if (!state_.deadline_exceeded) wake_at(deadline);
  }
  if (state_.deadline_exceeded || finished()) {
    if (wind_down(grace_end)) end_pod();
    return;
  }
  if (state_.sandbox == Sandbox::none && state_.ip) {
    state_.sandbox = Sandbox::creating;
    state_.sandbox_since_ns = now_;
    act(Action::Kind::run_sandbox);
  }
  if (state_.sandbox != Sandbox::ready || !initialize()) return;
  for (size_t i = pod_.inits; i < state_.containers.size(); ++i) {
    const ContainerRecord& r = record(i);
    if (!r.ended || needs_restart(Role::main, pod_.policy, r.ended->exit_code)) try_start(i);
  }
}

}  // namespace

Plan step(const PodView& pod, PodState& state, const std::vector<RuntimeEvent>& events, io::WallTime now) {
  Stepper stepper(pod, state, now.ns);
  for (const RuntimeEvent& event : events) stepper.apply(event);
  stepper.decide();
  return stepper.take();
}

void retry_failed_creates(PodState& state) {
  for (ContainerRecord& record : state.containers) {
    if (record.waiting == Waiting::config_error) record.retry_ns = 0;
  }
}

}  // namespace kabuki::kubelet
