#include "tools/sim/workloads/job.hpp"

#include <algorithm>
#include <set>

#include "tools/sim/workloads/pods.hpp"

namespace kabuki::tools {
namespace {

constexpr const char* kIndex = "batch.kubernetes.io/job-completion-index";

std::string all_indexes(int completions) {
  return completions == 1 ? "0" : completions == 2 ? "0,1" : "0-" + std::to_string(completions - 1);
}

}  // namespace

bool is_failing(const Job& job) {
  const auto& annotations = job.spec().template_().metadata().annotations();
  const auto found = annotations.find("sim.kabuki.io/exit-code");
  return found != annotations.end() && found->second == "3";
}

bool has_condition(const Job& job, std::string_view type) {
  return std::ranges::any_of(job.status().conditions(), [&](const auto& condition) {
    return condition.type() == type && condition.status() == "True";
  });
}

/// Whether pods have been taken away from it by suspending it. One that was just about to succeed does so uncounted,
/// and what it did is done again (actors/controllers/README.md).
bool was_suspended(const Job& job) {
  return std::ranges::any_of(job.status().conditions(),
                             [](const auto& condition) { return condition.type() == "Suspended"; });
}

void wrong_job(const Job& job, const Observed& observed, Lines* wrong) {
  const std::string& who = job.metadata().name();
  const auto& status = job.status();
  const int completions = job.spec().completions();
  const bool failing = is_failing(job);
  const char* end = failing ? "Failed" : "Complete";
  if (!has_condition(job, end)) wrong->push_back(who + " is not " + end);
  expect_equal(who, "status.succeeded", status.succeeded(), failing ? 0 : completions, wrong);
  expect_equal(who, "status.active", status.active(), 0, wrong);
  expect_equal(who, "status.terminating", status.terminating(), 0, wrong);
  if (status.uncountedterminatedpods().succeeded_size() + status.uncountedterminatedpods().failed_size() > 0) {
    wrong->push_back(who + " has not counted all of its pods");
  }
  if (failing && status.failed() < job.spec().backofflimit() + 1) {
    wrong->push_back(who + " failed after " + std::to_string(status.failed()) + " pods, its backoffLimit is " +
                     std::to_string(job.spec().backofflimit()));
  }
  if (!failing && job.spec().completionmode() == "Indexed" && status.completedindexes() != all_indexes(completions)) {
    wrong->push_back(who + " has completed the indexes " + status.completedindexes());
  }
  std::set<std::string> indexes;
  int succeeded = 0;
  for (const auto& [key, pod] : observed.all_of<Pod>(kinds::kPod)) {
    if (!is_controlled_by(pod, job.metadata().uid())) continue;
    if (!has_ended(pod)) wrong->push_back(key.name + " is of a finished Job and is " + pod.status().phase());
    if (pod.metadata().finalizers_size() > 0) wrong->push_back(key.name + " still has a finalizer");
    if (pod.status().phase() != "Succeeded" || was_suspended(job)) continue;
    ++succeeded;
    const auto index = pod.metadata().annotations().find(kIndex);
    if (index != pod.metadata().annotations().end() && !indexes.insert(index->second).second) {
      wrong->push_back(who + "'s index " + index->second + " succeeded twice");
    }
  }
  // Pods may go before their Job does, with their nodes.
  if (succeeded > completions) expect_equal(who, "number of pods that succeeded", succeeded, completions, wrong);
}

}  // namespace kabuki::tools
