#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "actors/controllers/job_pods.hpp"

namespace kabuki::controllers {

/// Counts the ends of a job's pods, each exactly once: noted in status.uncountedTerminatedPods (or as a completed
/// index), released from the finalizer, counted. Changes the status given to it; what has to be released goes into
/// the plan.
class JobEnds {
 public:
  JobEnds(const ::k8s::io::api::batch::v1::Job& job, const std::vector<JobPod>& pods,
          ::k8s::io::api::batch::v1::JobStatus* status, Plan* plan);
  void count();

  /// How often a completion index was tried, by the pods that are there.
  struct Attempts {
    int32_t most = 0;      // failures before the latest of its pods
    int32_t failures = 0;  // with that one
    bool active = false;
    std::vector<PodEnd> ends;
  };

  int32_t succeeded() const;
  int32_t failed() const;
  const std::set<int32_t>& completed() const { return completed_; }
  const std::set<int32_t>& failed_indexes() const { return failed_indexes_; }
  /// Null for an index that no pod had.
  const Attempts* attempts(int32_t index) const;
  /// Why the failure policy fails the job; "" when it does not.
  const std::string& fails_job() const { return fails_job_; }

 private:
  using Uids = google::protobuf::RepeatedPtrField<std::string>;

  void count_released();
  void take_end(const JobPod& one);
  void take_failure(const JobPod& one);
  void take_attempts(const JobPod& one);
  FailureVerdict judge(const JobPod& one) const;
  void note(const std::string& uid, Uids* uids);
  void release(const JobPod& one);
  bool delays_release(const JobPod& one) const;

  const ::k8s::io::api::batch::v1::Job& job_;
  const std::vector<JobPod>& pods_;
  ::k8s::io::api::batch::v1::JobStatus& status_;
  Plan& plan_;
  std::set<int32_t> completed_, noted_completed_, failed_indexes_;
  std::map<int32_t, Attempts> attempts_;  // by index
  std::string fails_job_;
};

}  // namespace kabuki::controllers
