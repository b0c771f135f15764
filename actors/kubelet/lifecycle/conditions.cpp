#include <string_view>

#include "actors/kubelet/lifecycle/status.hpp"

namespace kabuki::kubelet {
namespace {

using PodCondition = ::k8s::io::api::core::v1::PodCondition;

constexpr int64_t kSecond = 1'000'000'000;
constexpr std::string_view kOwned[] = {"PodReadyToStartContainers", "Initialized",  "Ready",
                                       "ContainersReady",           "PodScheduled", "PodResizePending",
                                       "PodResizeInProgress"};

struct Verdict {
  bool holds = true;
  std::string reason;
  std::string message;
};

const PodCondition* find(const PodStatusMessage& status, std::string_view type) {
  for (const PodCondition& condition : status.conditions()) {
    if (condition.type() == type) return &condition;
  }
  return nullptr;
}

/// "containers with unready status: [a b]"
std::string list_of(std::string_view what, const std::vector<std::string>& names) {
  std::string out = "containers with " + std::string(what) + " status: [";
  for (size_t i = 0; i < names.size(); ++i) out.append(i ? " " : "").append(names[i]);
  return out + "]";
}

Verdict initialized(const PodView& pod, const PodStatusMessage& status) {
  if (status.phase() == "Succeeded") return {true, "PodCompleted", ""};
  for (const auto& main : status.containerstatuses()) {
    if (main.state().has_running() || main.state().has_terminated() || main.laststate().has_terminated()) return {};
  }
  std::vector<std::string> incomplete;
  for (int i = 0; i < status.initcontainerstatuses_size(); ++i) {
    const auto& init = status.initcontainerstatuses(i);
    if (pod.role(i) == Role::sidecar ? !init.started() : !init.ready()) incomplete.push_back(init.name());
  }
  if (incomplete.empty()) return {};
  return {false, "ContainersNotInitialized", list_of("incomplete", incomplete)};
}

Verdict containers_ready(const PodView& pod, const PodStatusMessage& status) {
  if (status.phase() == "Succeeded") return {false, "PodCompleted", ""};
  if (status.phase() == "Failed") return {false, "PodFailed", ""};
  std::vector<std::string> unready;
  for (int i = 0; i < status.initcontainerstatuses_size(); ++i) {
    const auto& init = status.initcontainerstatuses(i);
    if (pod.role(i) == Role::sidecar && !init.ready()) unready.push_back(init.name());
  }
  for (const auto& main : status.containerstatuses()) {
    if (!main.ready()) unready.push_back(main.name());
  }
  if (unready.empty()) return {};
  return {false, "ContainersNotReady", list_of("unready", unready)};
}

Verdict ready(const PodView& pod, const PodStatusMessage& status, const Verdict& containers) {
  if (!containers.holds) return containers;
  std::string message;
  for (const auto& gate : pod.message->spec().readinessgates()) {
    const PodCondition* condition = find(status, gate.conditiontype());
    if (condition && condition->status() == "True") continue;
    if (!message.empty()) message += ", ";
    message += condition
                   ? "the status of pod readiness gate \"" + gate.conditiontype() + "\" is not \"True\", but " +
                         condition->status()
                   : "corresponding condition of pod readiness gate \"" + gate.conditiontype() + "\" does not exist.";
  }
  if (message.empty()) return {};
  return {false, "ReadinessGatesNotReady", message};
}

}  // namespace

void set_disruption(const PodView& pod, const std::string& why, io::WallTime now, PodStatusMessage* status) {
  constexpr const char* kDisruption = "DisruptionTarget";
  PodCondition* condition = nullptr;
  for (PodCondition& known : *status->mutable_conditions()) {
    if (known.type() == kDisruption) condition = &known;
  }
  if (condition && condition->status() == "True") return;
  if (!condition) condition = status->add_conditions();
  condition->set_type(kDisruption);
  condition->set_status("True");
  condition->set_reason("TerminationByKubelet");
  condition->set_message(why);
  condition->set_observedgeneration(pod.message->metadata().generation());
  condition->mutable_lasttransitiontime()->set_seconds(now.ns / kSecond);
}

void set_conditions(const PodView& pod, bool sandbox_ready, io::WallTime now, PodStatusMessage* status) {
  const PodStatusMessage& recorded = pod.message->status();
  const auto others = std::move(*status->mutable_conditions());
  status->clear_conditions();
  for (const PodCondition& condition : others) {
    bool owned = false;
    for (const std::string_view type : kOwned) owned = owned || condition.type() == type;
    if (!owned) *status->add_conditions() = condition;
  }
  const auto add = [&](std::string_view type, const Verdict& verdict) {
    PodCondition* condition = status->add_conditions();
    condition->set_type(std::string(type));
    condition->set_status(verdict.holds ? "True" : "False");
    condition->set_reason(verdict.reason);
    condition->set_message(verdict.message);
    condition->set_observedgeneration(pod.message->metadata().generation());
    const PodCondition* before = find(recorded, type);
    const bool kept = before && before->status() == condition->status() && before->has_lasttransitiontime();
    condition->mutable_lasttransitiontime()->set_seconds(kept ? before->lasttransitiontime().seconds()
                                                              : now.ns / kSecond);
  };
  const Verdict containers = containers_ready(pod, *status);
  add("PodReadyToStartContainers", {sandbox_ready, "", ""});
  add("Initialized", initialized(pod, *status));
  add("Ready", ready(pod, *status, containers));
  add("ContainersReady", containers);
  add("PodScheduled", {});
}

}  // namespace kabuki::kubelet
