#include "actors/controllers/deployment_status.hpp"

#include <algorithm>

#include "messages/meta.hpp"

namespace kabuki::controllers {
namespace {

namespace apps = ::k8s::io::api::apps::v1;

constexpr const char* kProgressing = "Progressing";
constexpr const char* kAvailable = "Available";
constexpr const char* kReplicaFailure = "ReplicaFailure";
constexpr const char* kCreateError = "ReplicaSetCreateError";

const apps::DeploymentCondition* find(const apps::DeploymentStatus& status, const std::string& type) {
  for (const auto& condition : status.conditions()) {
    if (condition.type() == type) return &condition;
  }
  return nullptr;
}

void erase(const std::string& type, apps::DeploymentStatus* status) {
  auto* all = status->mutable_conditions();
  all->erase(std::remove_if(all->begin(), all->end(), [&](const auto& c) { return c.type() == type; }), all->end());
}

struct Said {
  const char* type;
  const char* status;
  const char* reason;
  std::string message;
};

/// Kubernetes' SetDeploymentCondition: says nothing new while status and reason stay, unless `renew`.
void say(const Said& said, bool renew, const Instant& now, apps::DeploymentStatus* status) {
  const auto* current = find(*status, said.type);
  if (!renew && current && current->status() == said.status && current->reason() == said.reason) return;
  apps::DeploymentCondition fresh;
  fresh.set_type(said.type);
  fresh.set_status(said.status);
  fresh.set_reason(said.reason);
  fresh.set_message(said.message);
  *fresh.mutable_lastupdatetime() = time_of(now.wall.ns);
  *fresh.mutable_lasttransitiontime() =
      current && current->status() == said.status ? current->lasttransitiontime() : time_of(now.wall.ns);
  erase(said.type, status);
  *status->add_conditions() = fresh;
}

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

std::string subject(const apps::Deployment& deployment, const Rollout& rollout) {
  return rollout.newest() ? "ReplicaSet " + quoted(rollout.newest()->set.metadata().name())
                          : "Deployment " + quoted(deployment.metadata().name());
}

bool has_deadline(const apps::Deployment& deployment) {
  return deployment.spec().has_progressdeadlineseconds() && deployment.spec().progressdeadlineseconds() != INT32_MAX;
}

bool moved_on(const apps::DeploymentStatus& before, const apps::DeploymentStatus& after) {
  return after.updatedreplicas() > before.updatedreplicas() ||
         after.replicas() - after.updatedreplicas() < before.replicas() - before.updatedreplicas() ||
         after.readyreplicas() > before.readyreplicas() || after.availablereplicas() > before.availablereplicas();
}

/// What is left of the deadline; none when it is not running.
std::optional<io::Duration> deadline_left(const apps::Deployment& deployment, const apps::DeploymentStatus& status,
                                          const Instant& now) {
  const auto* condition = find(status, kProgressing);
  if (!condition || condition->reason() == "NewReplicaSetAvailable" ||
      condition->reason() == "ProgressDeadlineExceeded" || condition->reason() == "DeploymentPaused") {
    return std::nullopt;
  }
  const int64_t due = condition->lastupdatetime().seconds() + deployment.spec().progressdeadlineseconds();
  return io::WallTime{due * 1'000'000'000} - now.wall;
}

apps::DeploymentStatus count(const apps::Deployment& deployment, const Rollout& rollout) {
  apps::DeploymentStatus status = deployment.status();
  int32_t actual = 0, ready = 0, available = 0, terminating = 0;
  for (const RolloutSet& set : rollout.sets()) {
    actual += set.set.status().replicas();
    ready += set.set.status().readyreplicas();
    available += set.available();
    terminating += set.set.status().terminatingreplicas();
  }
  status.set_observedgeneration(deployment.metadata().generation());
  status.set_replicas(actual);
  status.set_updatedreplicas(rollout.newest() ? rollout.newest()->set.status().replicas() : 0);
  status.set_readyreplicas(ready);
  status.set_availablereplicas(available);
  status.set_unavailablereplicas(std::max(0, rollout.total_replicas() - available));
  status.set_terminatingreplicas(terminating);
  return status;
}

void report_availability(const Rollout& rollout, const Instant& now, apps::DeploymentStatus* status) {
  if (status->availablereplicas() >= rollout.min_available()) {
    say({kAvailable, "True", "MinimumReplicasAvailable", "Deployment has minimum availability."}, false, now, status);
  } else {
    say({kAvailable, "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."}, false,
        now, status);
  }
}

/// What a set tells of pods that it cannot make or delete, of the newest one first.
const apps::ReplicaSetCondition* replica_failure(const Rollout& rollout) {
  const apps::ReplicaSetCondition* found = nullptr;
  for (const RolloutSet& set : rollout.sets()) {
    for (const auto& condition : set.set.status().conditions()) {
      if (condition.type() == kReplicaFailure && (!found || &set == rollout.newest())) found = &condition;
    }
  }
  return found;
}

void report_failure(const Rollout& rollout, apps::DeploymentStatus* status) {
  const auto* failure = replica_failure(rollout);
  if (!failure) return erase(kReplicaFailure, status);
  const auto* current = find(*status, kReplicaFailure);
  if (current && current->status() == failure->status() && current->reason() == failure->reason()) return;
  apps::DeploymentCondition fresh;
  fresh.set_type(kReplicaFailure);
  fresh.set_status(failure->status());
  fresh.set_reason(failure->reason());
  fresh.set_message(failure->message());
  *fresh.mutable_lastupdatetime() = failure->lasttransitiontime();
  *fresh.mutable_lasttransitiontime() = current && current->status() == failure->status()
                                            ? current->lasttransitiontime()
                                            : failure->lasttransitiontime();
  erase(kReplicaFailure, status);
  *status->add_conditions() = fresh;
}

void report_progress(const apps::Deployment& deployment, const Rollout& rollout, const RolloutNews& news,
                     const Instant& now, apps::DeploymentStatus* status) {
  const auto* current = find(*status, kProgressing);
  if (!news.refused.empty()) {
    return say(
        {kProgressing, "False", kCreateError,
         "Failed to create new replica set " + quoted(rollout.newest()->set.metadata().name()) + ": " + news.refused},
        false, now, status);
  }
  if (news.created || (current && current->reason() == kCreateError && rollout.newest())) {
    return say({kProgressing, "True", "NewReplicaSetCreated",
                "Created new replica set " + quoted(rollout.newest()->set.metadata().name())},
               true, now, status);
  }
  if (!current && rollout.newest()) {
    say({kProgressing, "True", "FoundNewReplicaSet",
         "Found new replica set " + quoted(rollout.newest()->set.metadata().name())},
        false, now, status);
    current = find(*status, kProgressing);
  }
  const std::string who = subject(deployment, rollout);
  // What is told of the set before this one says nothing of this rollout.
  if (current && current->reason() == "NewReplicaSetAvailable" && current->message().find(who) == std::string::npos) {
    const bool complete = is_complete(deployment, *status);
    return say({kProgressing, "True", complete ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
                who + (complete ? " has successfully progressed." : " is progressing.")},
               true, now, status);
  }
  const bool was_complete =
      status->replicas() == status->updatedreplicas() && current && current->reason() == "NewReplicaSetAvailable";
  if (was_complete) return;
  if (is_complete(deployment, *status)) {
    say({kProgressing, "True", "NewReplicaSetAvailable", who + " has successfully progressed."}, false, now, status);
  } else if (moved_on(deployment.status(), *status)) {
    say({kProgressing, "True", "ReplicaSetUpdated", who + " is progressing."}, true, now, status);
  } else if (auto left = deadline_left(deployment, *status, now); left && *left < io::Duration(0)) {
    say({kProgressing, "False", "ProgressDeadlineExceeded", who + " has timed out progressing."}, false, now, status);
  }
}

void report_pause(const apps::Deployment& deployment, const Instant& now, apps::DeploymentStatus* status) {
  const auto* current = find(*status, kProgressing);
  if (current && current->reason() == "ProgressDeadlineExceeded") return;
  const bool said = current && current->reason() == "DeploymentPaused";
  if (deployment.spec().paused() && !said) {
    say({kProgressing, "Unknown", "DeploymentPaused", "Deployment is paused"}, false, now, status);
  } else if (!deployment.spec().paused() && said) {
    say({kProgressing, "Unknown", "DeploymentResumed", "Deployment is resumed"}, false, now, status);
  }
}

}  // namespace

bool is_complete(const apps::Deployment& deployment, const apps::DeploymentStatus& status) {
  const int32_t desired = deployment.spec().has_replicas() ? deployment.spec().replicas() : 1;
  return status.updatedreplicas() == desired && status.replicas() == desired &&
         status.availablereplicas() == desired && status.observedgeneration() >= deployment.metadata().generation();
}

DeploymentReport report_deployment(const apps::Deployment& deployment, const Rollout& rollout,
                                   const RolloutNews& news, const Instant& now) {
  DeploymentReport report;
  report.status = count(deployment, rollout);
  report_availability(rollout, now, &report.status);
  if (news.rolling_out) report_failure(rollout, &report.status);
  if (!has_deadline(deployment)) {
    erase(kProgressing, &report.status);
    return report;
  }
  report_pause(deployment, now, &report.status);
  if (!news.rolling_out) return report;
  report_progress(deployment, rollout, news, now, &report.status);
  if (auto left = deadline_left(deployment, report.status, now)) {
    report.deadline_in = std::max(io::Duration(0), *left) + std::chrono::seconds(1);
  }
  return report;
}

}  // namespace kabuki::controllers
