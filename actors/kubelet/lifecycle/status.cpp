#include "actors/kubelet/lifecycle/status.hpp"

#include <algorithm>

#include "actors/kubelet/lifecycle/backoff.hpp"
#include "actors/kubelet/lifecycle/container_id.hpp"
#include "actors/kubelet/lifecycle/resize.hpp"
#include "messages/pod_facts.hpp"
#include "messages/time_format.hpp"

namespace kabuki::kubelet {
namespace {

using ContainerStatus = ::k8s::io::api::core::v1::ContainerStatus;
using ContainerState = ::k8s::io::api::core::v1::ContainerState;

constexpr int64_t kSecond = 1'000'000'000;

void set_terminated(const Termination& ended, ContainerState* out) {
  auto* terminated = out->mutable_terminated();
  terminated->set_exitcode(ended.exit_code);
  terminated->set_reason(ended.reason);
  terminated->set_message(ended.message);
  terminated->set_containerid(ended.id);
  // A container that never was has no times.
  if (ended.started_ns != 0) terminated->mutable_startedat()->set_seconds(ended.started_ns / kSecond);
  if (ended.finished_ns != 0) terminated->mutable_finishedat()->set_seconds(ended.finished_ns / kSecond);
}

void set_waiting(const PodView& pod, const ContainerRecord& r, const ContainerMessage& spec, ContainerState* out) {
  auto* waiting = out->mutable_waiting();
  switch (r.waiting) {
    case Waiting::none:
      waiting->set_reason(pod.inits > 0 ? "PodInitializing" : "ContainerCreating");
      return;
    case Waiting::err_image_pull:
      waiting->set_reason("ErrImagePull");
      if (r.detail) waiting->set_message(*r.detail);
      return;
    case Waiting::image_pull_back_off:
      waiting->set_reason("ImagePullBackOff");
      waiting->set_message("Back-off pulling image \"" + spec.image() + "\"");
      return;
    case Waiting::config_error:
      waiting->set_reason("CreateContainerConfigError");
      if (r.detail) waiting->set_message(*r.detail);
      return;
    case Waiting::invalid_image_name:
      waiting->set_reason("InvalidImageName");
      if (r.detail) waiting->set_message(*r.detail);
      return;
    case Waiting::image_never_pull:
      waiting->set_reason("ErrImageNeverPull");
      if (r.detail) waiting->set_message(*r.detail);
      return;
    case Waiting::post_start_error:
      waiting->set_reason("PostStartHookError");
      if (r.detail) waiting->set_message(*r.detail);
      return;
    case Waiting::crash_loop_back_off:
      waiting->set_reason("CrashLoopBackOff");
      waiting->set_message("back-off " + format_duration(restart_delay_seconds(*r.ended) * kSecond) +
                           " restarting failed container=" + spec.name() + " pod=" + pod.name() + "_" + pod.ns() +
                           "(" + pod.uid() + ")");
      return;
  }
}

ContainerStatus container_status(const PodView& pod, const PodState& state, size_t i) {
  const ContainerRecord& r = state.containers[i];
  const ContainerMessage& spec = pod.spec(i);
  const bool running = r.phase == ContainerPhase::running || r.phase == ContainerPhase::stopping;
  ContainerStatus out;
  out.set_name(spec.name());
  out.set_image(spec.image());
  // Nobody waits for an ephemeral one, or sends to it.
  const bool serves = pod.role(i) != Role::ephemeral;
  if (serves) out.set_started(running && r.startup);
  if (running) {
    out.mutable_state()->mutable_running()->mutable_startedat()->set_seconds(r.started_ns / kSecond);
    if (r.before) set_terminated(*r.before, out.mutable_laststate());
    out.set_restartcount(r.restart_count);
    out.set_containerid(r.id);
    out.set_ready(serves && r.startup && r.ready && pod.role(i) != Role::init);
  } else if (r.ended && r.waiting == Waiting::none) {
    set_terminated(*r.ended, out.mutable_state());
    if (r.before) set_terminated(*r.before, out.mutable_laststate());
    out.set_ready(pod.role(i) == Role::init && r.ended->exit_code == 0);
  } else {
    set_waiting(pod, r, spec, out.mutable_state());
    const Termination* last = r.ended ? r.ended.get() : r.before.get();
    if (last) set_terminated(*last, out.mutable_laststate());
  }
  if (!running && r.ended) {
    out.set_restartcount(r.ended->restart_count);
    out.set_containerid(r.ended->id);
  }
  if (!out.containerid().empty()) out.set_imageid(simulated_image_id(spec.image()));
  tell_resources(pod, state, i, running, &out);
  return out;
}

bool never_began(const ContainerRecord& r) { return r.phase == ContainerPhase::idle && !r.ended; }

/// Phase, reason and message. A pod is not said to have failed while anything of it still runs.
void set_phase(const PodView& pod, const PodState& state, PodStatusMessage* out) {
  const PodStatusMessage& recorded = pod.message->status();
  if (recorded.phase() == "Succeeded" || recorded.phase() == "Failed") {
    out->set_phase(recorded.phase());
    out->set_reason(recorded.reason());
    out->set_message(recorded.message());
  } else if (state.over && state.evicted()) {
    out->set_phase("Failed");
    out->set_reason("Evicted");
    out->set_message(state.rarely->evicted);
  } else if (state.over && state.deadline_exceeded) {
    out->set_phase("Failed");
    out->set_reason("DeadlineExceeded");
    out->set_message("Pod was active on the node longer than the specified deadline");
  } else {
    out->set_phase(phase_of(pod, *out, state.over));
  }
}

}  // namespace

PodStatusMessage build_status(const PodView& pod, const PodState& state, const std::string& host_ip,
                              io::WallTime now) {
  const PodStatusMessage& recorded = pod.message->status();
  PodStatusMessage out;
  *out.mutable_conditions() = recorded.conditions();
  out.set_nominatednodename(recorded.nominatednodename());
  out.set_observedgeneration(pod.message->metadata().generation());
  out.set_qosclass(recorded.qosclass().empty() ? qos_class(pod.message->spec()) : recorded.qosclass());
  out.mutable_starttime()->set_seconds(state.start_seconds);
  out.set_hostip(host_ip);
  if (!host_ip.empty()) out.add_hostips()->set_ip(host_ip);
  if (state.ip && (state.sandbox == Sandbox::ready || !recorded.podip().empty())) {
    out.set_podip(state.ip.text());
    out.add_podips()->set_ip(out.podip());
  }
  // Of a pod that its node has refused there is nothing to say about containers.
  const bool refused = state.evicted() && std::all_of(state.containers.begin(), state.containers.end(), never_began);
  for (size_t i = 0; i < pod.containers.size() && !refused; ++i) {
    *statuses_of(pod, i, out).Add() = container_status(pod, state, i);
  }
  set_phase(pod, state, &out);
  if (state.evicted()) set_disruption(pod, state.rarely->evicted, now, &out);
  set_conditions(pod, state.sandbox == Sandbox::ready, now, &out);
  tell_resize(pod, state, now, &out);
  return out;
}

}  // namespace kabuki::kubelet
