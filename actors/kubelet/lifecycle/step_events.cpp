#include <cassert>

#include "actors/kubelet/lifecycle/backoff.hpp"
#include "actors/kubelet/lifecycle/probe.hpp"
#include "actors/kubelet/lifecycle/stepper.hpp"

namespace kabuki::kubelet {
namespace {

// Any exit code that is none of success.
constexpr int32_t kFailure = 1;

}  // namespace

void Stepper::apply(const RuntimeEvent& event) {
  const size_t i = event.container;
  assert(i < state_.containers.size());
  switch (event.kind) {
    case Kind::sandbox_ready:
      if (state_.sandbox == Sandbox::creating) state_.sandbox = Sandbox::ready;
      return;
    case Kind::sandbox_failed:
      if (state_.sandbox == Sandbox::creating) state_.sandbox = Sandbox::none;
      plan_.notes.push_back({true, "FailedCreatePodSandBox", event.message, ""});
      return;
    case Kind::pulling:
      if (record(i).phase != ContainerPhase::pulling || record(i).told_ns >= event.at_ns) return;
      record(i).told_ns = event.at_ns;
      return note(false, "Pulling", "Pulling image \"" + pod_.spec(i).image() + "\"", i);
    case Kind::image_pulled:
      if (record(i).phase == ContainerPhase::pulling) pulled(i, event);
      return;
    case Kind::pull_failed:
      if (record(i).phase != ContainerPhase::pulling) return;
      failed(i, Waiting::err_image_pull, event.message);
      note(true, "Failed", "Failed to pull image \"" + pod_.spec(i).image() + "\": " + event.message, i);
      return note(true, "Failed", "Error: ErrImagePull", i);
    case Kind::never_pulled:
      if (record(i).phase != ContainerPhase::pulling) return;
      failed(i, Waiting::image_never_pull, event.message);
      note(true, "ErrImageNeverPull", event.message, i);
      return note(true, "Failed", "Error: ErrImageNeverPull", i);
    case Kind::started:
      if (record(i).phase == ContainerPhase::starting) started(i, event);
      return;
    case Kind::start_failed:
      if (record(i).phase != ContainerPhase::starting) return;
      failed(i, Waiting::config_error, event.message);
      return note(true, "Failed", "Error: " + event.message, i);
    case Kind::startup_passed:
    case Kind::readiness_changed:
      if (!runs(i)) return;
      record(i).startup = true;
      record(i).ready = event.ready;
      return;
    case Kind::probe_failed:
      if (!runs(i)) return;
      record(i).told_ns = std::max(record(i).told_ns, event.at_ns);
      return note(true, "Unhealthy", std::string(probe_name(event.probe)) + " probe failed: " + event.message, i);
    case Kind::probes_told:
      record(i).told_ns = std::max(record(i).told_ns, event.at_ns);
      return;
    case Kind::unhealthy:
    case Kind::post_start_failed:
      if (record(i).phase == ContainerPhase::running) unhealthy(i, event);
      return;
    case Kind::pre_stop_failed:
      if (!runs(i)) return;
      record(i).told_ns = std::max(record(i).told_ns, event.at_ns);
      return note(true, "FailedPreStopHook", "PreStopHook failed", i);
    case Kind::needs_known:
      return tell_missing_volumes();
    case Kind::evicted:
      if (state_.over || state_.evicted()) return;
      state_.rare().evicted = event.message;
      plan_.notes.push_back({true, "Evicted", event.message, ""});
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
       event.message.empty()
           ? "Container image \"" + image + "\" already present on machine and can be accessed by the pod"
           : event.message,
       i);
  r.phase = ContainerPhase::configuring;
  r.since_ns = now_;
  configure(i);
}

void Stepper::failed(size_t i, Waiting waiting, const std::string& why) {
  ContainerRecord& r = record(i);
  r.phase = ContainerPhase::idle;
  wait_for(r, waiting);
  r.detail = std::make_unique<std::string>(why);
  r.since_ns = now_;
  r.retry_ns = now_ + back_off_seconds(++r.failures) * kSecond;
}

void Stepper::started(size_t i, const RuntimeEvent& event) {
  ContainerRecord& r = record(i);
  r.phase = ContainerPhase::running;
  r.waiting = Waiting::none;
  r.failures = 0;
  r.retry_ns = 0;
  r.detail.reset();
  r.id = event.id;
  r.started_ns = event.at_ns;
  r.told_ns = event.at_ns - 1;
  r.startup = event.startup;
  r.ready = event.startup && event.ready;
  if (r.ended) r.before = std::move(r.ended);
  note(false, "Created", "Container created", i);
  note(false, "Started", "Container started", i);
}

void Stepper::exited(size_t i, const RuntimeEvent& event) {
  ContainerRecord& r = record(i);
  if (!runs(i)) return;
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
  r.started_ns = r.kill_ns = r.told_ns = 0;
  r.startup = r.ready = r.unhealthy = false;
  if (r.waiting == Waiting::post_start_error) {
    if (needs_restart(pod_, i, r.ended->exit_code)) {
      wait_for(r, Waiting::post_start_error);
    } else {
      r.waiting = Waiting::none;
    }
  }
}

/// Stops a container whose probe or hook has failed. All that counts is from when it failed, so that a kubelet that
/// was away meanwhile does the same.
void Stepper::unhealthy(size_t i, const RuntimeEvent& event) {
  const ContainerMessage& spec = pod_.spec(i);
  int64_t grace = pod_.grace_seconds;
  std::string why;
  if (event.kind == Kind::post_start_failed) {
    note(true, "FailedPostStartHook", "PostStartHook failed", i);
    why = "FailedPostStartHook";
    // Shown once it has ended.
    record(i).waiting = Waiting::post_start_error;
    record(i).detail = std::make_unique<std::string>("PostStartHook failed");
  } else {
    const bool startup = event.probe == ProbeKind::startup;
    const ProbeMessage& probe = startup ? spec.startupprobe() : spec.livenessprobe();
    if (probe.has_terminationgraceperiodseconds()) grace = probe.terminationgraceperiodseconds();
    why = "Container " + spec.name() + " failed " + (startup ? "startup" : "liveness") + " probe";
    if (needs_restart(pod_, i, kFailure)) why += ", will be restarted";
  }
  record(i).unhealthy = true;
  stop(i, event.at_ns + grace * kSecond, event.at_ns, std::move(why));
}

void Stepper::tell_missing_volumes() {
  if (!state_.rarely || state_.sandbox != Sandbox::none) return;
  Rarely& rare = *state_.rarely;
  const size_t before = plan_.notes.size();
  for (const Missing& missing : rare.missing) {
    if (missing.container == Missing::kVolume) plan_.notes.push_back({true, "FailedMount", missing.message, ""});
  }
  rare.mounts_failed = plan_.notes.size() == before ? 0 : static_cast<uint8_t>(std::min(rare.mounts_failed + 1, 255));
}

}  // namespace kabuki::kubelet
