#include <map>
#include <set>

#include "actors/api_server/table/human_duration.hpp"
#include "actors/api_server/table/printer.hpp"
#include "messages/api/core/v1/pod.pb.h"

namespace kabuki::api_server::table {
namespace {

namespace core = ::k8s::io::api::core::v1;

/// What the columns Ready, Status and Restarts say.
struct Summary {
  int ready = 0;
  int total = 0;
  std::string status;
  int64_t restarts = 0;
  int64_t last_restart_seconds = 0;  // 0: never
};

bool has_condition(const core::PodStatus& status, std::string_view type) {
  for (const auto& condition : status.conditions()) {
    if (condition.type() == type) return condition.status() == "True";
  }
  return false;
}

void count_restarts(const core::ContainerStatus& container, int64_t* restarts, int64_t* last_seconds) {
  *restarts += container.restartcount();
  const auto& last = container.laststate();
  if (last.has_terminated()) *last_seconds = std::max(*last_seconds, last.terminated().finishedat().seconds());
}

std::string words_of(const core::ContainerStateTerminated& terminated) {
  if (!terminated.reason().empty()) return terminated.reason();
  if (terminated.signal() != 0) return "Signal:" + std::to_string(terminated.signal());
  return "ExitCode:" + std::to_string(terminated.exitcode());
}

/// Goes through the init containers up to the first that is not through; whether there is one.
bool summarize_init(const core::Pod& pod, Summary* out, Summary* sidecars) {
  std::set<std::string> restartable;
  for (const auto& container : pod.spec().initcontainers()) {
    if (container.restartpolicy() == "Always") restartable.insert(container.name());
  }
  out->total += static_cast<int>(restartable.size());
  const auto& statuses = pod.status().initcontainerstatuses();
  for (int i = 0; i < statuses.size(); ++i) {
    const auto& container = statuses[i];
    const bool sidecar = restartable.contains(container.name());
    count_restarts(container, &out->restarts, &out->last_restart_seconds);
    if (sidecar) count_restarts(container, &sidecars->restarts, &sidecars->last_restart_seconds);
    const auto& state = container.state();
    if (state.has_terminated() && state.terminated().exitcode() == 0) continue;
    if (sidecar && container.started()) {
      if (container.ready()) ++out->ready;
      continue;
    }
    const std::string& waiting = state.waiting().reason();
    if (state.has_terminated()) {
      out->status = "Init:" + words_of(state.terminated());
    } else if (!waiting.empty() && waiting != "PodInitializing") {
      out->status = "Init:" + waiting;
    } else {
      out->status = "Init:" + std::to_string(i) + "/" + std::to_string(pod.spec().initcontainers_size());
    }
    return true;
  }
  return false;
}

void summarize_containers(const core::Pod& pod, Summary* out) {
  bool running = false;
  const auto& statuses = pod.status().containerstatuses();
  for (int i = statuses.size() - 1; i >= 0; --i) {
    const auto& container = statuses[i];
    const auto& state = container.state();
    count_restarts(container, &out->restarts, &out->last_restart_seconds);
    if (!state.waiting().reason().empty()) {
      out->status = state.waiting().reason();
    } else if (state.has_terminated()) {
      out->status = words_of(state.terminated());
    } else if (container.ready() && state.has_running()) {
      running = true;
      ++out->ready;
    }
  }
  // One container is done, another goes on.
  if (out->status == "Completed" && running) {
    out->status = has_condition(pod.status(), "Ready") ? "Running" : "NotReady";
  }
}

// Step by step what Kubernetes' printPod does; a changed order of the steps shows in the golden tests.
Summary summarize(const core::Pod& pod) {
  Summary out;
  const auto& status = pod.status();
  out.status = status.reason().empty() ? status.phase() : status.reason();
  for (const auto& condition : status.conditions()) {
    if (condition.type() == "PodScheduled" && condition.reason() == "SchedulingGated") out.status = "SchedulingGated";
  }
  out.total = pod.spec().containers_size();
  Summary sidecars;
  const bool initializing = summarize_init(pod, &out, &sidecars);
  if (!initializing || has_condition(status, "Initialized")) {
    // Restarts of init containers that are through are no longer of interest.
    out.restarts = sidecars.restarts;
    out.last_restart_seconds = sidecars.last_restart_seconds;
    summarize_containers(pod, &out);
  }
  const bool terminal = status.phase() == "Succeeded" || status.phase() == "Failed";
  if (pod.metadata().has_deletiontimestamp()) {
    if (status.reason() == "NodeLost") {
      out.status = "Unknown";
    } else if (!terminal) {
      out.status = "Terminating";
    }
  }
  return out;
}

std::string readiness_gates(const core::Pod& pod) {
  const auto& gates = pod.spec().readinessgates();
  if (gates.empty()) return kNone;
  int met = 0;
  for (const auto& gate : gates) met += has_condition(pod.status(), gate.conditiontype()) ? 1 : 0;
  return std::to_string(met) + "/" + std::to_string(gates.size());
}

Row row(const google::protobuf::Message& message, io::WallTime now) {
  const auto& pod = static_cast<const core::Pod&>(message);
  const Summary summary = summarize(pod);
  std::string restarts = std::to_string(summary.restarts);
  if (summary.restarts != 0 && summary.last_restart_seconds != 0) {
    restarts += " (" + human_duration(now - io::WallTime{summary.last_restart_seconds * 1'000'000'000}) + " ago)";
  }
  Row out;
  out.cells = {pod.metadata().name(),
               std::to_string(summary.ready) + "/" + std::to_string(summary.total),
               summary.status,
               restarts,
               age_of(pod.metadata().creationtimestamp(), now),
               pod.status().podips().empty() ? kNone : or_none(pod.status().podips(0).ip()),
               or_none(pod.spec().nodename()),
               or_none(pod.status().nominatednodename()),
               readiness_gates(pod)};
  const std::string& phase = pod.status().phase();
  if (phase == "Succeeded" || phase == "Failed") out.finished = phase;
  return out;
}

}  // namespace

Printer pod_printer() {
  return {{name_column(),
           {"Ready", "string", "How many of the pod's containers are ready."},
           {"Status", "string", "The aggregate status of the containers in this pod."},
           {"Restarts", "string", "How often the pod's containers were restarted, and when last."},
           age_column(),
           {"IP", "string", "The pod's address.", true},
           {"Node", "string", "The node that the pod is bound to.", true},
           {"Nominated Node", "string", "The node on which room is being made for the pod.", true},
           {"Readiness Gates", "string", "How many of the pod's readiness gates are met.", true}},
          row};
}

}  // namespace kabuki::api_server::table
