#include "actors/kubelet/lifecycle/container_id.hpp"
#include "actors/kubelet/lifecycle/status.hpp"

namespace kabuki::kubelet {
namespace {

using ContainerStatus = ::k8s::io::api::core::v1::ContainerStatus;
using Terminated = ::k8s::io::api::core::v1::ContainerStateTerminated;

constexpr int64_t kSecond = 1'000'000'000;

SimulatedId identity_of(const std::string& id, int64_t started_seconds, int32_t restart_count) {
  if (const auto known = read_simulated_id(id)) return *known;
  return {static_cast<uint32_t>(restart_count), started_seconds * kSecond};
}

std::unique_ptr<Termination> termination_of(const Terminated& from, int32_t restart_count) {
  const SimulatedId identity = identity_of(from.containerid(), from.startedat().seconds(), restart_count);
  auto out = std::make_unique<Termination>();
  out->exit_code = from.exitcode();
  out->reason = from.reason();
  out->message = from.message();
  out->id = from.containerid();
  out->started_ns = identity.started_ns;
  // The record is in whole seconds; it must not seem to have ended before it began.
  out->finished_ns = std::max(from.finishedat().seconds() * kSecond, identity.started_ns);
  out->restart_count = restart_count;
  out->streak = identity.streak;
  return out;
}

Waiting waiting_of(const std::string& reason) {
  if (reason == "ErrImagePull") return Waiting::err_image_pull;
  if (reason == "ImagePullBackOff") return Waiting::image_pull_back_off;
  if (reason == "CrashLoopBackOff") return Waiting::crash_loop_back_off;
  if (reason == "CreateContainerConfigError") return Waiting::config_error;
  if (reason == "InvalidImageName") return Waiting::invalid_image_name;
  if (reason == "ErrImageNeverPull") return Waiting::image_never_pull;
  if (reason == "PostStartHookError") return Waiting::post_start_error;
  return Waiting::none;
}

ContainerRecord record_of(const ContainerStatus& from) {
  ContainerRecord out;
  out.restart_count = from.restartcount();
  const bool has_last = from.laststate().has_terminated();
  if (from.state().has_running()) {
    const SimulatedId identity =
        identity_of(from.containerid(), from.state().running().startedat().seconds(), from.restartcount());
    out.phase = ContainerPhase::running;
    out.id = from.containerid();
    out.started_ns = identity.started_ns;
    out.streak = identity.streak;
    out.startup = from.started();
    out.ready = from.ready();
    if (has_last) out.before = termination_of(from.laststate().terminated(), from.restartcount() - 1);
  } else if (from.state().has_terminated()) {
    out.ended = termination_of(from.state().terminated(), from.restartcount());
    if (has_last) out.before = termination_of(from.laststate().terminated(), from.restartcount() - 1);
  } else {
    out.waiting = waiting_of(from.state().waiting().reason());
    if (const std::string& why = from.state().waiting().message(); !why.empty() && out.waiting != Waiting::none) {
      out.detail = std::make_unique<std::string>(why);
    }
    if (has_last) out.ended = termination_of(from.laststate().terminated(), from.restartcount());
    if (out.waiting == Waiting::crash_loop_back_off && !out.ended) out.waiting = Waiting::none;
  }
  return out;
}

}  // namespace

PodState restore(const PodView& pod) {
  const PodStatusMessage& status = pod.message->status();
  PodState out;
  out.over = status.phase() == "Succeeded" || status.phase() == "Failed";
  out.start_seconds = status.starttime().seconds();
  if (const auto ip = overlay::Ipv4::parse(status.podip())) {
    out.ip = *ip;
    out.sandbox = out.over ? Sandbox::stopped : Sandbox::ready;
  }
  out.containers.resize(pod.containers.size());
  for (size_t i = 0; i < pod.containers.size(); ++i) {
    for (const ContainerStatus& recorded : statuses_of(pod, i, status)) {
      if (recorded.name() == pod.spec(i).name()) out.containers[i] = record_of(recorded);
    }
  }
  return out;
}

}  // namespace kabuki::kubelet
