#include "actors/controllers/job_failures.hpp"

#include <algorithm>

namespace kabuki::controllers {
namespace {

namespace batch = ::k8s::io::api::batch::v1;
namespace core = ::k8s::io::api::core::v1;

constexpr int64_t kFirstDelaySeconds = 10;
constexpr int64_t kLongestDelaySeconds = 600;

template <class Statuses>
const core::ContainerStatus* exit_that_matches(const batch::PodFailurePolicyOnExitCodesRequirement& rule,
                                               const Statuses& statuses) {
  for (const core::ContainerStatus& status : statuses) {
    if (rule.has_containername() && rule.containername() != status.name()) continue;
    const int32_t code = status.state().terminated().exitcode();
    if (!status.state().has_terminated() || code == 0) continue;
    const bool listed = std::find(rule.values().begin(), rule.values().end(), code) != rule.values().end();
    if (listed == (rule.operator_() == "In")) return &status;
  }
  return nullptr;
}

const core::PodCondition* condition_that_matches(const batch::PodFailurePolicyRule& rule, const core::Pod& pod) {
  for (const auto& pattern : rule.onpodconditions()) {
    for (const auto& condition : pod.status().conditions()) {
      if (condition.type() == pattern.type() && condition.status() == pattern.status()) return &condition;
    }
  }
  return nullptr;
}

/// Why the rule applies; none when it does not.
std::optional<std::string> applies(const batch::PodFailurePolicyRule& rule, const core::Pod& pod) {
  const std::string who = pod.metadata().namespace_() + "/" + pod.metadata().name();
  if (rule.has_onexitcodes()) {
    const auto* status = exit_that_matches(rule.onexitcodes(), pod.status().containerstatuses());
    if (!status) status = exit_that_matches(rule.onexitcodes(), pod.status().initcontainerstatuses());
    if (!status) return std::nullopt;
    return "Container " + status->name() + " for pod " + who + " failed with exit code " +
           std::to_string(status->state().terminated().exitcode());
  }
  const auto* condition = condition_that_matches(rule, pod);
  if (!condition) return std::nullopt;
  return "Pod " + who + " has condition " + condition->type();
}

}  // namespace

FailureVerdict judge_failure(const batch::PodFailurePolicy& policy, const core::Pod& pod) {
  FailureVerdict verdict;
  for (int i = 0; i < policy.rules_size(); ++i) {
    const auto& rule = policy.rules(i);
    const auto why = applies(rule, pod);
    if (!why) continue;
    verdict.counts = rule.action() != "Ignore";
    verdict.fails_index = rule.action() == "FailIndex";
    if (rule.action() == "FailJob") {
      verdict.fails_job = *why + " matching FailJob rule at index " + std::to_string(i);
    }
    return verdict;
  }
  return verdict;
}

int64_t finished_at(const core::Pod& pod) {
  int64_t at = 0;
  for (const auto& status : pod.status().containerstatuses()) {
    at = std::max(at, status.state().terminated().finishedat().seconds());
  }
  if (at > 0) return at;
  for (const auto& condition : pod.status().conditions()) {
    if (condition.type() == "Ready" && condition.status() == "False") return condition.lasttransitiontime().seconds();
  }
  const auto& meta = pod.metadata();
  if (meta.has_deletiontimestamp()) {
    return meta.deletiontimestamp().seconds() - meta.deletiongraceperiodseconds();
  }
  return meta.creationtimestamp().seconds();
}

int64_t next_attempt(std::vector<PodEnd> ends) {
  int64_t last_success = 0, last_failure = 0;
  for (const PodEnd& end : ends) {
    if (!end.failed) last_success = std::max(last_success, end.at);
  }
  int failures = 0;
  for (const PodEnd& end : ends) {
    if (!end.failed || end.at < last_success) continue;
    ++failures;
    last_failure = std::max(last_failure, end.at);
  }
  if (failures == 0) return 0;
  const int64_t delay = failures > 6 ? kLongestDelaySeconds : kFirstDelaySeconds << (failures - 1);
  return last_failure + std::min(delay, kLongestDelaySeconds);
}

}  // namespace kabuki::controllers
