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

/// The status a deployment has now: counts over what its sets report, and the conditions Available and, `rolling_out`
/// (not while paused or scaled), Progressing. `created`: the newest set was created just now.
DeploymentReport report_deployment(const ::k8s::io::api::apps::v1::Deployment& deployment, const Rollout& rollout,
                                   bool rolling_out, bool created, const Instant& now);

}  // namespace kabuki::controllers
