#include "actors/kubelet/lifecycle/backoff.hpp"
#include "actors/kubelet/lifecycle/status.hpp"

namespace kabuki::kubelet {

std::string phase_of(const PodView& pod, const PodStatusMessage& status, bool over) {
  int waiting = 0, running = 0, stopped = 0, succeeded = 0;
  int inits_pending = 0, sidecars_pending = 0;
  bool initialized = false, restarting = false;
  for (int i = 0; i < status.containerstatuses_size(); ++i) {
    const auto& main = status.containerstatuses(i);
    const auto& end = main.state().has_terminated() ? main.state().terminated() : main.laststate().terminated();
    restarting = restarting || needs_restart(pod, pod.inits + i, end.exitcode());
    if (main.state().has_running()) {
      ++running;
    } else if (main.state().has_terminated()) {
      ++stopped;
      succeeded += main.state().terminated().exitcode() == 0;
    } else if (main.laststate().has_terminated()) {
      ++stopped;
    } else {
      ++waiting;
    }
    initialized = initialized || main.state().has_running() || main.state().has_terminated() ||
                  main.laststate().has_terminated();
  }
  for (int i = 0; i < status.initcontainerstatuses_size(); ++i) {
    const auto& init = status.initcontainerstatuses(i);
    if (pod.role(i) == Role::sidecar) {
      running += init.state().has_running();
      sidecars_pending += init.state().has_running()
                              ? !init.started()
                              : init.state().has_waiting() && !init.laststate().has_terminated();
    } else if (init.state().has_terminated()) {
      if (init.state().terminated().exitcode() == 0) continue;
      if (!needs_restart(pod, i, init.state().terminated().exitcode())) return "Failed";
      ++inits_pending;
    } else {
      ++inits_pending;
    }
  }
  if (over && running == 0) return stopped > 0 && succeeded == stopped && waiting == 0 ? "Succeeded" : "Failed";
  if ((!initialized && (inits_pending > 0 || sidecars_pending > 0)) || waiting > 0) return "Pending";
  if (running > 0) return "Running";
  if (stopped == 0) return "Pending";
  if (restarting) return "Running";
  return succeeded == stopped ? "Succeeded" : "Failed";
}

}  // namespace kabuki::kubelet
