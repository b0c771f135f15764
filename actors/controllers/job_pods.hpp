#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/controllers/job_failures.hpp"
#include "actors/controllers/plan.hpp"
#include "actors/controllers/view.hpp"
#include "messages/api/batch/v1/job.pb.h"

namespace kabuki::controllers {

/// A job's pod as the job controller sees it.
struct JobPod {
  enum class State { active, going, succeeded, failed };
  ObjectPtr pod;
  PodFacts facts;
  bool tracked = false;          // has the finalizer
  State state = State::active;   // `going`: being deleted and not known to have ended
  std::optional<int32_t> index;  // below spec.completions
  int32_t index_failures = 0;    // of its index before it
};

/// Reads `objects` for `job`. With podReplacementPolicy Failed a pod that is being deleted has failed only once that
/// is known or it can never run; otherwise at once.
std::vector<JobPod> job_pods(const View& view, const ::k8s::io::api::batch::v1::Job& job,
                             const std::vector<ObjectPtr>& objects);

/// A new pod of the job, for a completion index where it has them.
::k8s::io::api::core::v1::Pod new_job_pod(const Object& object, const ::k8s::io::api::batch::v1::Job& job,
                                          std::optional<int32_t> index, int32_t index_failures);

/// The pod without the finalizer, provided that nobody changed it since it was read.
actors::Write release_job_pod(const Object& pod);

bool is_indexed(const ::k8s::io::api::batch::v1::Job& job);
bool only_replaces_failed(const ::k8s::io::api::batch::v1::Job& job);

}  // namespace kabuki::controllers
