#include "actors/kubelet/lifecycle/backoff.hpp"
#include "actors/kubelet/lifecycle/image_name.hpp"
#include "actors/kubelet/lifecycle/needs.hpp"
#include "actors/kubelet/lifecycle/resize.hpp"
#include "actors/kubelet/lifecycle/stepper.hpp"

namespace kabuki::kubelet {
namespace {

// How long a failed pull or hook shows as such before it shows as being backed off from.
constexpr int64_t kErrorShown = kSecond;
// Between two tries to mount the volumes: a kubelet's half a second, doubled, at most two minutes.
constexpr int64_t kMountRetryFirst = kSecond / 2;
constexpr int64_t kMountRetryMax = 122 * kSecond;
constexpr int kMountDoublingsMax = 8;
// What is left to a sidecar when the others have used up the pod's grace.
constexpr int64_t kSidecarGraceMin = 2 * kSecond;

}  // namespace

bool Stepper::mains_began() {
  for (size_t i = pod_.inits; i < pod_.mains_end; ++i) {
    if (record(i).phase != ContainerPhase::idle || record(i).ended || record(i).waiting != Waiting::none) return true;
  }
  return false;
}

/// Whether nothing of the pod's own work will ever run again.
bool Stepper::finished() {
  for (size_t i = 0; i < pod_.inits; ++i) {
    const ContainerRecord& r = record(i);
    if (pod_.role(i) != Role::init || r.phase != ContainerPhase::idle || !r.ended) continue;
    if (r.ended->exit_code != 0 && !needs_restart(pod_, i, r.ended->exit_code)) return true;
  }
  for (size_t i = pod_.inits; i < pod_.mains_end; ++i) {
    const ContainerRecord& r = record(i);
    if (r.phase != ContainerPhase::idle || !r.ended) return false;
    if (needs_restart(pod_, i, r.ended->exit_code)) return false;
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
    const int64_t shown = r.ended->finished_ns + kErrorShown;
    if (r.waiting == Waiting::post_start_error && now_ < std::min(shown, r.retry_ns)) {
      return wake_at(std::min(shown, r.retry_ns));
    }
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
  const std::string& image = pod_.spec(i).image();
  if (const std::string why = image.empty() ? "" : why_no_image_name(image); !why.empty()) {
    const std::string message = "Failed to apply default image tag \"" + image +
                                "\": couldn't parse image reference \"" + image + "\": " + why;
    failed(i, Waiting::invalid_image_name, message);
    note(true, "InspectFailed", message, i);
    note(true, "Failed", "Error: InvalidImageName", i);
    return wake_at(r.retry_ns);
  }
  r.phase = ContainerPhase::pulling;
  r.since_ns = now_;
  r.told_ns = 0;
  act(Action::Kind::pull_image, i);
}

/// Starts a container whose image is there, once what its environment is taken from is there, too.
void Stepper::configure(size_t i) {
  ContainerRecord& r = record(i);
  if (container_needs(pod_.spec(i))) {
    if (!state_.rarely || state_.rarely->looked_ns < r.since_ns) {
      plan_.look = true;
      return;
    }
    for (const Missing& missing : state_.rarely->missing) {
      if (missing.container != i) continue;
      failed(i, Waiting::config_error, missing.message);
      note(true, "Failed", "Error: " + missing.message, i);
      return wake_at(r.retry_ns);
    }
  }
  r.phase = ContainerPhase::starting;
  r.since_ns = now_;
  act(Action::Kind::start_container, i);
}

/// Whether all that the pod's volumes are made of is there; looks, and looks again later, where it is not.
bool Stepper::volumes_there() {
  if (!volumes_need(pod_)) return true;
  if (!state_.rarely || state_.rarely->looked_ns == 0) {
    plan_.look = true;
    return false;
  }
  const Rarely& rare = *state_.rarely;
  const bool missing = std::any_of(rare.missing.begin(), rare.missing.end(),
                                   [](const Missing& one) { return one.container == Missing::kVolume; });
  if (!missing) return true;
  const int doublings = std::clamp(rare.mounts_failed - 1, 0, kMountDoublingsMax);
  const int64_t retry = rare.looked_ns + std::min(kMountRetryFirst << doublings, kMountRetryMax);
  if (now_ < retry) {
    wake_at(retry);
  } else {
    plan_.look = true;
  }
  return false;
}

void Stepper::show_pull_back_off(size_t i) {
  ContainerRecord& r = record(i);
  if (r.waiting != Waiting::err_image_pull) return;
  if (now_ < r.since_ns + kErrorShown) return wake_at(r.since_ns + kErrorShown);
  r.waiting = Waiting::image_pull_back_off;
  note(false, "BackOff", "Back-off pulling image \"" + pod_.spec(i).image() + "\"", i);
  note(true, "Failed", "Error: ImagePullBackOff", i);
}

void Stepper::stop(size_t i, int64_t kill_ns, int64_t since_ns, std::string why) {
  ContainerRecord& r = record(i);
  switch (r.phase) {
    case ContainerPhase::idle:
      return;
    case ContainerPhase::pulling:
    case ContainerPhase::configuring:
    case ContainerPhase::starting:
      r.phase = ContainerPhase::idle;
      act(Action::Kind::stop_container, i);
      return;
    case ContainerPhase::running:
      r.phase = ContainerPhase::stopping;
      r.since_ns = since_ns;
      r.kill_ns = kill_ns;
      note(false, "Killing", why.empty() ? "Stopping container " + pod_.spec(i).name() : std::move(why), i);
      act(Action::Kind::stop_container, i);
      return;
    case ContainerPhase::stopping:
      if (kill_ns >= r.kill_ns) return;
      r.kill_ns = kill_ns;
      act(Action::Kind::stop_container, i);
      return;
  }
}

/// Containers that are to be restarted for a resize to reach them.
void Stepper::restart_resized() {
  for (size_t i = 0; i < pod_.mains_end; ++i) {
    ContainerRecord& r = record(i);
    if (r.phase != ContainerPhase::running || !resize_restarts(pod_, state_, i)) continue;
    r.unhealthy = true;  // whatever its exit code, it is to be started again
    stop(i, grace_end(), now_, "Container " + pod_.spec(i).name() + " resize requires restart");
  }
}

/// Stops everything: sidecars after all others, the last one first. Whether all is quiet.
bool Stepper::wind_down(int64_t kill_ns) {
  bool quiet = true;
  for (size_t i = 0; i < state_.containers.size(); ++i) {
    if (pod_.role(i) == Role::sidecar) continue;
    stop(i, kill_ns, now_);
    quiet = quiet && record(i).phase == ContainerPhase::idle;
  }
  for (size_t i = pod_.inits; quiet && i-- > 0;) {
    if (pod_.role(i) != Role::sidecar) continue;
    stop(i, std::max(kill_ns, now_ + kSidecarGraceMin), now_);
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

/// Of a deleted pod that is quiet: what never ran is said to be unknown.
void Stepper::end_deleted() {
  for (size_t i = pod_.inits; i < pod_.mains_end && !state_.over; ++i) {
    if (record(i).ended) continue;
    record(i).ended = std::make_unique<Termination>();
    record(i).ended->exit_code = 137;
    record(i).ended->reason = "ContainerStatusUnknown";
    record(i).ended->message = "The container could not be located when the pod was terminated";
  }
  end_pod();
  plan_.remove = true;
}

void Stepper::decide() {
  if (pod_.deleted) {
    if (wind_down(pod_.kill_ns)) end_deleted();
    return;
  }
  if (state_.over) {
    wind_down(grace_end());
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
  if (state_.evicted() || state_.deadline_exceeded || finished()) {
    // Who is evicted gets no time: the node has none.
    if (wind_down(state_.evicted() ? now_ : grace_end())) end_pod();
    return;
  }
  if (state_.sandbox == Sandbox::none && state_.ip && volumes_there()) {
    state_.sandbox = Sandbox::creating;
    state_.sandbox_since_ns = now_;
    act(Action::Kind::run_sandbox);
  }
  if (state_.sandbox != Sandbox::ready) return;
  for (size_t i = 0; i < state_.containers.size(); ++i) {
    if (record(i).phase == ContainerPhase::configuring) configure(i);
  }
  // They look into what hangs, so they wait for nobody.
  for (size_t i = pod_.mains_end; i < state_.containers.size(); ++i) {
    if (!record(i).ended) try_start(i);
  }
  restart_resized();
  if (!initialize()) return;
  for (size_t i = pod_.inits; i < pod_.mains_end; ++i) {
    const ContainerRecord& r = record(i);
    if (!r.ended || needs_restart(pod_, i, r.ended->exit_code)) try_start(i);
  }
}

Plan step(const PodView& pod, PodState& state, const std::vector<RuntimeEvent>& events, io::WallTime now) {
  Stepper stepper(pod, state, now.ns);
  for (const RuntimeEvent& event : events) stepper.apply(event);
  stepper.decide();
  return stepper.take();
}

void take_needs(PodState& state, std::vector<Missing> missing, io::WallTime now) {
  Rarely& rare = state.rare();
  rare.missing = std::move(missing);
  rare.looked_ns = now.ns;
}

void retry_failed_creates(PodState& state) {
  for (ContainerRecord& record : state.containers) {
    if (record.waiting == Waiting::config_error || record.waiting == Waiting::invalid_image_name) record.retry_ns = 0;
  }
}

}  // namespace kabuki::kubelet
