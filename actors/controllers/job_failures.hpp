#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "messages/api/batch/v1/job.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "runtime/io/time.hpp"

namespace kabuki::controllers {

/// What a pod failure policy says of one failed pod.
struct FailureVerdict {
  bool counts = true;        // towards the backoff limit
  bool fails_index = false;  // its completion index is not tried again
  std::string fails_job;     // why the job fails at once, "" when it does not
  bool operator==(const FailureVerdict&) const = default;
};
FailureVerdict judge_failure(const ::k8s::io::api::batch::v1::PodFailurePolicy& policy,
                             const ::k8s::io::api::core::v1::Pod& pod);

/// When the pod ended, in seconds since 1970, as Kubernetes tells it from what is recorded.
int64_t finished_at(const ::k8s::io::api::core::v1::Pod& pod);

/// An end of a pod: what the delay before the next one follows from.
struct PodEnd {
  int64_t at = 0;
  bool failed = false;
};
/// When the next pod may be made, in seconds since 1970: 10 s after the last failure, doubled with every failure
/// since the last success, at most 10 min. 0 when nothing failed since.
int64_t next_attempt(std::vector<PodEnd> ends);

}  // namespace kabuki::controllers
