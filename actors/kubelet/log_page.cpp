#include "actors/kubelet/log_page.hpp"

#include <algorithm>

#include "actors/kubelet/lifecycle/container_id.hpp"
#include "actors/kubelet/runtime/simulated_log.hpp"
#include "messages/status.hpp"
#include "messages/time_format.hpp"

namespace kabuki::kubelet {
namespace {

using ContainerStatus = ::k8s::io::api::core::v1::ContainerStatus;
using Terminated = ::k8s::io::api::core::v1::ContainerStateTerminated;

constexpr int64_t kSecond = 1'000'000'000;
constexpr size_t kPageBytes = 256u << 10;

struct Run {
  std::string id;
  SimulatedLog::Life life;
};

int64_t start_of(const std::string& id, int64_t seconds) {
  const auto known = read_simulated_id(id);
  return known ? known->started_ns : seconds * kSecond;
}

Run run_of(const Terminated& ended, int32_t restart_count) {
  Run run{ended.containerid(), {.restart_count = restart_count, .exit_code = ended.exitcode()}};
  run.life.started_ns = start_of(run.id, ended.startedat().seconds());
  // The status has whole seconds: no line is lost that was read while the container still ran.
  run.life.ended_ns = std::max(ended.finishedat().seconds() * kSecond + kSecond - 1, run.life.started_ns);
  return run;
}

Run running_run(const ContainerStatus& status) {
  Run run{status.containerid(), {.restart_count = status.restartcount()}};
  run.life.started_ns = start_of(run.id, status.state().running().startedat().seconds());
  return run;
}

Run last_run(const ContainerStatus& status) {
  return run_of(status.laststate().terminated(), status.restartcount() - (status.state().has_waiting() ? 0 : 1));
}

const ContainerStatus* find_status(const PodMessage& pod, const std::string& name) {
  for (const auto* list : {&pod.status().containerstatuses(), &pod.status().initcontainerstatuses(),
                           &pod.status().ephemeralcontainerstatuses()}) {
    for (const ContainerStatus& status : *list) {
      if (status.name() == name) return &status;
    }
  }
  return nullptr;
}

/// The run that a first request means.
Result<Run> choose_run(const ContainerStatus& status, const bus::ReadLog& request) {
  const std::string who = "container \"" + request.container() + "\" in pod \"" + request.pod() + "\" ";
  const bool has_last = status.laststate().has_terminated() && !status.laststate().terminated().containerid().empty();
  if (request.previous()) {
    if (has_last) return last_run(status);
    return bad_request("previous terminated " + who + "not found");
  }
  if (status.state().has_running()) return running_run(status);
  if (status.state().has_terminated() && !status.state().terminated().containerid().empty()) {
    return run_of(status.state().terminated(), status.restartcount());
  }
  if (has_last) return last_run(status);
  if (status.state().has_terminated() || status.laststate().has_terminated()) {
    return bad_request(who + "is terminated");
  }
  const std::string& reason = status.state().waiting().reason();
  if (reason == "ErrImagePull") return bad_request(who + "is waiting to start: image can't be pulled");
  if (reason == "ImagePullBackOff") {
    return bad_request(who + "is waiting to start: trying and failing to pull image");
  }
  if (status.state().has_waiting()) return bad_request(who + "is waiting to start: " + reason);
  return bad_request(who + "is waiting to start - no logs yet");
}

/// The run of this id, as long as it is remembered.
const Run* find_run(const ContainerStatus& status, const std::string& id, Run* out) {
  if (status.state().has_running() && status.containerid() == id) {
    *out = running_run(status);
  } else if (status.state().terminated().containerid() == id) {
    *out = run_of(status.state().terminated(), status.restartcount());
  } else if (status.laststate().terminated().containerid() == id) {
    *out = last_run(status);
  } else {
    return nullptr;
  }
  return out;
}

std::string stamp(int64_t at_ns) {
  std::string fraction = std::to_string(kSecond + at_ns % kSecond).substr(1);
  std::string text = format_time(at_ns / kSecond);
  text.pop_back();  // the Z
  return text + "." + fraction + "Z ";
}

}  // namespace

Result<LogPage> log_page(const PodMessage& pod, const bus::ReadLog& request, io::WallTime now) {
  const PodView view = view_of(pod);
  const size_t container = view.find(request.container());
  const ContainerStatus* status = find_status(pod, request.container());
  LogPage page;
  if (container == view.containers.size() || !status) {
    return bad_request("container \"" + request.container() + "\" in pod \"" + request.pod() + "\" is not available");
  }
  Run run;
  if (request.run().empty()) {
    auto chosen = choose_run(*status, request);
    if (!chosen) return chosen.error();
    run = *chosen;
  } else if (!find_run(*status, request.run(), &run)) {
    page.reply.set_ended(true);
    return page;
  }
  const auto read = behaviour_of(view, container);
  const SimulatedLog log(view, container, read.ok() ? *read : Behaviour{}, run.life);
  const int64_t end = log.count(std::max(now.ns, run.life.ended_ns));
  int64_t next = request.next();
  if (request.run().empty()) {
    next = request.has_since() ? std::min(log.first_since(request.since_ns()), end) : 0;
    if (request.has_tail()) next = std::max(next, end - request.tail());
  }
  std::string text;
  for (; next < end && text.size() < kPageBytes; ++next) {
    const auto line = log.line(next);
    if (request.timestamps()) text += stamp(line.at_ns);
    text += line.text + "\n";
  }
  page.reply.set_text(std::move(text));
  page.reply.set_run(run.id);
  page.reply.set_next(next);
  page.reply.set_ended(next >= end && (!request.follow() || run.life.ended_ns != 0));
  if (log.at(next) != SimulatedLog::kNever) page.next_ns = log.at(next);
  return page;
}

}  // namespace kabuki::kubelet
