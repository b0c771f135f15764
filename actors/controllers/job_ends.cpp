#include "actors/controllers/job_ends.hpp"

#include <algorithm>
#include <string_view>

#include "actors/controllers/job_conditions.hpp"
#include "actors/controllers/job_indexes.hpp"

namespace kabuki::controllers {
namespace {

namespace batch = ::k8s::io::api::batch::v1;
namespace core = ::k8s::io::api::core::v1;
using State = JobPod::State;

constexpr int kMostUncounted = 500;

bool contains(const google::protobuf::RepeatedPtrField<std::string>& uids, std::string_view uid) {
  return std::find(uids.begin(), uids.end(), uid) != uids.end();
}

bool has_index_limit(const batch::Job& job) { return job.spec().has_backofflimitperindex(); }

}  // namespace

JobEnds::JobEnds(const batch::Job& job, const std::vector<JobPod>& pods, batch::JobStatus* status, Plan* plan)
    : job_(job), pods_(pods), status_(*status), plan_(*plan) {}

void JobEnds::count() {
  count_released();
  completed_ = parse_indexes(status_.completedindexes(), job_.spec().completions());
  noted_completed_ = completed_;
  failed_indexes_ = parse_indexes(status_.failedindexes(), job_.spec().completions());
  for (const JobPod& one : pods_) take_attempts(one);
  for (const JobPod& one : pods_) {
    if (one.tracked) take_end(one);
  }
  if (is_indexed(job_)) {
    status_.set_completedindexes(format_indexes(completed_));
    status_.set_succeeded(static_cast<int32_t>(completed_.size()));
  }
  if (has_index_limit(job_)) status_.set_failedindexes(format_indexes(failed_indexes_));
}

int32_t JobEnds::succeeded() const {
  return is_indexed(job_) ? static_cast<int32_t>(completed_.size())
                          : status_.succeeded() + status_.uncountedterminatedpods().succeeded_size();
}

int32_t JobEnds::failed() const { return status_.failed() + status_.uncountedterminatedpods().failed_size(); }

const JobEnds::Attempts* JobEnds::attempts(int32_t index) const {
  auto it = attempts_.find(index);
  return it == attempts_.end() ? nullptr : &it->second;
}

// What was noted and has no finalizer any more is counted for good.
void JobEnds::count_released() {
  std::set<std::string_view> tracked;
  for (const JobPod& one : pods_) {
    if (one.tracked) tracked.insert(one.pod->uid());
  }
  auto* uncounted = status_.mutable_uncountedterminatedpods();
  auto count = [&](Uids* uids) {
    const auto before = uids->size();
    uids->erase(std::remove_if(uids->begin(), uids->end(), [&](const auto& uid) { return !tracked.contains(uid); }),
                uids->end());
    return before - uids->size();
  };
  const int32_t succeeded = count(uncounted->mutable_succeeded());
  if (!is_indexed(job_)) status_.set_succeeded(status_.succeeded() + succeeded);
  status_.set_failed(status_.failed() + count(uncounted->mutable_failed()));
}

void JobEnds::take_end(const JobPod& one) {
  auto* uncounted = status_.mutable_uncountedterminatedpods();
  const std::string uid(one.pod->uid());
  // Counted as failed when it was deleted, whatever it came to in the end.
  if (contains(uncounted->failed(), uid)) {
    if (!delays_release(one)) release(one);
  } else if (one.state == State::failed) {
    take_failure(one);
  } else if (one.state == State::succeeded && is_indexed(job_)) {
    if (one.index) completed_.insert(*one.index);
    if (!one.index || noted_completed_.contains(*one.index)) release(one);
  } else if (one.state == State::succeeded) {
    if (contains(uncounted->succeeded(), uid)) {
      release(one);
    } else {
      note(uid, uncounted->mutable_succeeded());
    }
  }
}

void JobEnds::take_failure(const JobPod& one) {
  if (is_indexed(job_) && !one.index) return release(one);
  const FailureVerdict verdict = judge(one);
  if (fails_job_.empty()) fails_job_ = verdict.fails_job;
  if (one.index && has_index_limit(job_) &&
      (verdict.fails_index || (verdict.counts && one.index_failures >= job_.spec().backofflimitperindex()))) {
    failed_indexes_.insert(*one.index);
  }
  if (verdict.counts) {
    note(std::string(one.pod->uid()), status_.mutable_uncountedterminatedpods()->mutable_failed());
  } else if (!delays_release(one)) {
    release(one);
  }
}

FailureVerdict JobEnds::judge(const JobPod& one) const {
  if (!job_.spec().has_podfailurepolicy() || one.facts.phase != PodFacts::Phase::failed) return {};
  return judge_failure(job_.spec().podfailurepolicy(), one.pod->as<core::Pod>());
}

void JobEnds::note(const std::string& uid, Uids* uids) {
  const auto& uncounted = status_.uncountedterminatedpods();
  if (uncounted.succeeded_size() + uncounted.failed_size() < kMostUncounted) *uids->Add() = uid;
}

void JobEnds::release(const JobPod& one) { plan_.add(release_job_pod(*one.pod)); }

void JobEnds::take_attempts(const JobPod& one) {
  if (!has_index_limit(job_) || !one.index) return;
  Attempts& attempts = attempts_[*one.index];
  attempts.most = std::max(attempts.most, one.index_failures);
  if (one.state == State::active) attempts.active = true;
  if (one.state != State::failed) return;
  attempts.failures = std::max(attempts.failures, one.index_failures + (judge(one).counts ? 1 : 0));
  attempts.ends.push_back({finished_at(one.pod->as<core::Pod>()), true});
}

// The last failed pod of an index that is to be tried again tells how often it failed: it stays until its successor
// is there.
bool JobEnds::delays_release(const JobPod& one) const {
  if (!has_index_limit(job_) || !one.index || job_.metadata().has_deletiontimestamp()) return false;
  if (true_condition(status_, "FailureTarget") || true_condition(status_, "SuccessCriteriaMet")) return false;
  if (failed_indexes_.contains(*one.index) || completed_.contains(*one.index)) return false;
  const Attempts& attempts = attempts_.at(*one.index);
  return !attempts.active && one.index_failures == attempts.most;
}

}  // namespace kabuki::controllers
