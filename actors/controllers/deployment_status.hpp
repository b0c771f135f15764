#pragma once

#include <optional>
#include <string>

#include "actors/controllers/plan.hpp"
#include "actors/controllers/rollout.hpp"

namespace kabuki::controllers {

/// Whether every replica is of the newest template, available and observed.
bool is_complete(const ::k8s::io::api::apps::v1::Deployment& deployment,
                 const ::k8s::io::api::apps::v1::DeploymentStatus& status);

struct DeploymentReport {
  ::k8s::io::api::apps::v1::DeploymentStatus status;
  /// When the progress deadline runs out, if it is running.
  std::optional<io::Duration> deadline_in;
};

struct RolloutNews {
  bool rolling_out = false;  // not while paused or scaled
  bool created = false;      // the newest set is created just now
  std::string refused;       // why it could not be created before, "" if it could
};

/// The status a deployment has now: counts over what its sets report, and the conditions Available and, rolling out,
/// Progressing and ReplicaFailure (of the newest set, else of another).
DeploymentReport report_deployment(const ::k8s::io::api::apps::v1::Deployment& deployment, const Rollout& rollout,
                                   const RolloutNews& news, const Instant& now);

}  // namespace kabuki::controllers
