#include "actors/controllers/job.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "actors/controllers/claim.hpp"
#include "actors/controllers/job_conditions.hpp"
#include "actors/controllers/job_ends.hpp"
#include "actors/controllers/job_indexes.hpp"
#include "actors/controllers/job_pods.hpp"
#include "actors/controllers/owned_pods.hpp"
#include "actors/controllers/owners.hpp"
#include "actors/controllers/replica_set.hpp"
#include "messages/encode.hpp"
#include "messages/meta.hpp"

namespace kabuki::controllers {
namespace {

namespace batch = ::k8s::io::api::batch::v1;
namespace core = ::k8s::io::api::core::v1;
using actors::Write;
using State = JobPod::State;

constexpr size_t kBurst = 500;
constexpr const char* kOurselves = "kubernetes.io/job-controller";

bool is_suspended(const batch::Job& job) { return job.spec().suspend(); }

/// One reconcile of one job that has not finished.
class Reconcile {
 public:
  Reconcile(const View& view, const ObjectPtr& object, const batch::Job& job, const std::vector<ObjectPtr>& pods,
            const Instant& now)
      : view_(view),
        object_(object),
        job_(job),
        now_(now),
        status_(job.status()),
        pods_(job_pods(view, job, pods)),
        deleting_(job.metadata().has_deletiontimestamp()) {}

  Plan run() {
    if (!status_.has_starttime() && !is_suspended(job_)) *status_.mutable_starttime() = time_of(now_.wall.ns);
    ends_.count();
    decide();
    if (is_ending()) {
      end_active();
      finish();
    } else if (!deleting_) {
      manage();
      tell_suspension();
    }
    count_present();
    write_status();
    return std::move(plan_);
  }

 private:
  // --- the end of the job ---

  int32_t active() const {
    return static_cast<int32_t>(std::count_if(
        pods_.begin(), pods_.end(), [](const JobPod& one) { return one.state == State::active && one.tracked; }));
  }
  bool is_ending() const {
    return true_condition(status_, "FailureTarget") || true_condition(status_, "SuccessCriteriaMet");
  }
  void fail(const std::string& reason, const std::string& message) {
    set_condition("FailureTarget", true, reason, message, now_, &status_);
  }
  void succeed(const std::string& reason, const std::string& message) {
    set_condition("SuccessCriteriaMet", true, reason, message, now_, &status_);
  }

  void decide() {
    if (is_ending()) return;
    const auto& spec = job_.spec();
    const int32_t limit = spec.has_backofflimit() ? spec.backofflimit() : 6;
    if (!ends_.fails_job().empty()) return fail("PodFailurePolicy", ends_.fails_job());
    if (ends_.failed() > limit || restarts_exceed(limit)) {
      return fail("BackoffLimitExceeded", "Job has reached the specified backoff limit");
    }
    if (past_deadline()) return fail("DeadlineExceeded", "Job was active longer than specified deadline");
    if (spec.has_backofflimitperindex()) {
      const auto failed = static_cast<int32_t>(ends_.failed_indexes().size());
      if (spec.has_maxfailedindexes() && failed > spec.maxfailedindexes()) {
        return fail("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
      }
      if (failed > 0 && failed + ends_.succeeded() >= spec.completions()) {
        return fail("FailedIndexes", "Job has failed indexes");
      }
    }
    if (const auto rule = success_rule(job_, ends_.completed())) {
      return succeed("SuccessPolicy", "Matched rules at index " + std::to_string(*rule));
    }
    const bool complete = spec.has_completions() ? ends_.succeeded() >= spec.completions() : ends_.succeeded() > 0;
    if (complete && active() == 0) succeed("CompletionsReached", "Reached expected number of succeeded pods");
  }

  bool restarts_exceed(int32_t limit) const {
    if (job_.spec().template_().spec().restartpolicy() != "OnFailure") return false;
    int64_t restarts = 0;
    for (const JobPod& one : pods_) {
      if (one.state != State::active) continue;
      const auto status = one.pod->as<core::Pod>().status();
      for (const auto& container : status.containerstatuses()) restarts += container.restartcount();
      for (const auto& container : status.initcontainerstatuses()) restarts += container.restartcount();
    }
    return limit == 0 ? restarts > 0 : restarts >= limit;
  }

  bool past_deadline() {
    if (!job_.spec().has_activedeadlineseconds() || is_suspended(job_) || !status_.has_starttime()) return false;
    const int64_t left = status_.starttime().seconds() + job_.spec().activedeadlineseconds() - now_.wall.seconds();
    if (left > 0) plan_.again(std::chrono::seconds(left));
    return left <= 0;
  }

  void end_active() {
    for (const JobPod& one : pods_) {
      if (one.state == State::active) remove(one);
    }
  }

  /// Complete or Failed, once every pod has ended and was counted.
  void finish() {
    const auto& uncounted = status_.uncountedterminatedpods();
    const bool rest = std::any_of(pods_.begin(), pods_.end(), [](const JobPod& one) {
      return one.tracked || one.state == State::active || (one.facts.deleting && !one.facts.over());
    });
    if (rest || uncounted.succeeded_size() + uncounted.failed_size() > 0) return;
    if (const auto* why = true_condition(status_, "FailureTarget")) {
      const std::string reason = why->reason(), message = why->message();
      set_condition("Failed", true, reason, message, now_, &status_);
      say("Warning", reason, message);
    } else {
      const auto* met = true_condition(status_, "SuccessCriteriaMet");
      const std::string reason = met->reason(), message = met->message();
      set_condition("Complete", true, reason, message, now_, &status_);
      *status_.mutable_completiontime() = time_of(now_.wall.ns);
      say("Normal", "Completed", "Job completed");
    }
  }

  // --- pods made and taken away ---

  void remove(const JobPod& one) {
    if (one.facts.deleting || plan_.steps.size() >= kBurst) return;
    plan_.add(Write::remove(*one.pod), announce_deleted(*object_));
  }

  /// A pod that is taken away is no failure: it loses its finalizer first, if it has not ended meanwhile.
  void take_away(const std::vector<const JobPod*>& pods) {
    for (const JobPod* one : pods) {
      if (plan_.steps.size() < kBurst) plan_.add(release_job_pod(*one->pod));
    }
  }

  void manage() {
    std::vector<const JobPod*> active;
    for (const JobPod& one : pods_) {
      if (one.state != State::active) continue;
      // What was released while it ran is not counted any more, whatever becomes of it.
      one.tracked ? active.push_back(&one) : remove(one);
    }
    if (is_suspended(job_)) return take_away(active);
    std::vector<const JobPod*> surplus = is_indexed(job_) ? misplaced(&active) : std::vector<const JobPod*>();
    const int32_t wanted = wanted_active(static_cast<int32_t>(active.size()));
    const int32_t too_many = static_cast<int32_t>(active.size()) - wanted;
    if (too_many > 0) {
      const auto ranked = by_rank(active);
      surplus.insert(surplus.end(), ranked.begin(), ranked.begin() + too_many);
    }
    if (!surplus.empty()) return take_away(surplus);
    int32_t missing = -too_many;
    if (only_replaces_failed(job_)) missing -= going();
    if (missing > 0) create(static_cast<size_t>(missing), active);
  }

  int32_t wanted_active(int32_t active) const {
    const auto& spec = job_.spec();
    const int32_t parallelism = spec.has_parallelism() ? spec.parallelism() : 1;
    // Without a number of completions the first success says that the rest shall finish.
    if (!spec.has_completions()) return ends_.succeeded() > 0 ? std::min(active, parallelism) : parallelism;
    return std::clamp(spec.completions() - ends_.succeeded(), 0, parallelism);
  }

  int32_t going() const {
    return static_cast<int32_t>(
        std::count_if(pods_.begin(), pods_.end(), [](const JobPod& one) { return one.state == State::going; }));
  }

  std::vector<const JobPod*> by_rank(const std::vector<const JobPod*>& pods) const {
    std::vector<ObjectPtr> objects, related;
    std::map<Key, const JobPod*> found;
    for (const JobPod* one : pods) {
      objects.push_back(one->pod);
      found[one->pod->key()] = one;
    }
    for (const JobPod& one : pods_) related.push_back(one.pod);
    rank_for_deletion(view_, related, now_, &objects);
    std::vector<const JobPod*> ranked;
    for (const ObjectPtr& object : objects) ranked.push_back(found[object->key()]);
    return ranked;
  }

  /// Takes those out of `active` that have no index of the job, or one that another pod has too or that is done.
  std::vector<const JobPod*> misplaced(std::vector<const JobPod*>* active) const {
    std::vector<const JobPod*> out, kept;
    std::set<int32_t> taken;
    const auto ranked = by_rank(*active);
    for (auto it = ranked.rbegin(); it != ranked.rend(); ++it) {
      const auto& index = (*it)->index;
      const bool fits = index && !ends_.completed().contains(*index) && !ends_.failed_indexes().contains(*index) &&
                        taken.insert(*index).second;
      (fits ? kept : out).push_back(*it);
    }
    *active = std::move(kept);
    return out;
  }

  void create(size_t missing, const std::vector<const JobPod*>& active) {
    missing = std::min(missing, kBurst);
    if (!is_indexed(job_)) {
      if (must_wait(ends_of_all())) return;
      const Write write = Write::create(kinds::kPod, new_job_pod(*object_, job_, std::nullopt, 0));
      for (size_t i = 0; i < missing; ++i) plan_.add(write, announce_created(*object_));
      return;
    }
    const bool per_index = job_.spec().has_backofflimitperindex();
    if (!per_index && must_wait(ends_of_all())) return;
    std::set<int32_t> taken;
    for (const JobPod* one : active) taken.insert(*one->index);
    for (const JobPod& one : pods_) {
      if (one.state == State::going && one.index && only_replaces_failed(job_)) taken.insert(*one.index);
    }
    for (int32_t index = 0; index < job_.spec().completions() && missing > 0; ++index) {
      if (taken.contains(index) || ends_.completed().contains(index) || ends_.failed_indexes().contains(index))
        continue;
      const JobEnds::Attempts* attempts = ends_.attempts(index);
      if (per_index && attempts && must_wait(attempts->ends)) continue;
      const int32_t failures = attempts ? attempts->failures : 0;
      plan_.add(Write::create(kinds::kPod, new_job_pod(*object_, job_, index, failures)), announce_created(*object_));
      --missing;
    }
  }

  std::vector<PodEnd> ends_of_all() const {
    std::vector<PodEnd> ends;
    if (ends_.failed() == 0) return ends;
    for (const JobPod& one : pods_) {
      if (one.state != State::failed && one.state != State::succeeded) continue;
      ends.push_back({finished_at(one.pod->as<core::Pod>()), one.state == State::failed});
    }
    return ends;
  }

  bool must_wait(std::vector<PodEnd> ends) {
    const int64_t left = next_attempt(std::move(ends)) - now_.wall.seconds();
    if (left > 0) plan_.again(std::chrono::seconds(left));
    return left > 0;
  }

  // --- status ---

  void tell_suspension() {
    if (is_suspended(job_)) {
      if (set_condition("Suspended", true, "JobSuspended", "Job suspended", now_, &status_)) {
        say("Normal", "Suspended", "Job suspended");
      }
    } else if (true_condition(status_, "Suspended")) {
      set_condition("Suspended", false, "JobResumed", "Job resumed", now_, &status_);
      *status_.mutable_starttime() = time_of(now_.wall.ns);
      say("Normal", "Resumed", "Job resumed");
    }
  }

  void count_present() {
    int32_t ready = 0, terminating = 0;
    for (const JobPod& one : pods_) {
      ready += one.state == State::active && one.tracked && one.facts.ready;
      terminating += one.facts.deleting && !one.facts.over();
    }
    status_.set_active(active());
    status_.set_ready(ready);
    status_.set_terminating(terminating);
  }

  void say(const std::string& type, const std::string& reason, const std::string& message) {
    events_.push_back({object_->key(), std::string(object_->uid()), type, reason, message});
  }

  void write_status() {
    if (serialize(status_) == serialize(job_.status())) return;
    auto updated = job_;
    *updated.mutable_status() = status_;
    plan_.add(Write::update_status(*object_, updated));
    plan_.events = std::move(events_);
  }

  const View& view_;
  const ObjectPtr object_;
  const batch::Job& job_;
  const Instant now_;
  batch::JobStatus status_;
  const std::vector<JobPod> pods_;
  const bool deleting_;
  Plan plan_;
  std::vector<actors::EventNote> events_;
  JobEnds ends_{job_, pods_, &status_, &plan_};
};

/// A job's pod whose job is gone, or that is no job's pod any more, has nobody left who would count it.
Plan release_stray(const View& view, const Key& key) {
  Plan plan;
  const ObjectPtr pod = view.find(key);
  if (!pod || !has_finalizer(*pod, kJobTracking)) return plan;
  const auto owners = owners_of(*pod);
  const Owner* controller = controller_in(owners);
  if (controller) {
    const Key job = key_of(*controller, pod->ns());
    if (job.kind == kinds::kJob) {
      const ObjectPtr found = view.find(job);
      if (found && found->uid() == controller->uid) return plan;
      plan.only_if_gone.push_back({job, std::string(controller->uid)});
    }
  }
  plan.add(release_job_pod(*pod));
  return plan;
}

void concerned_by_pod(const View& view, const Change& change, std::vector<Key>* keys) {
  concerned_by_dependent(view, change, kinds::kJob, keys);
  if (change.after && has_finalizer(*change.after, kJobTracking)) keys->push_back(change.after->key());
}

void concerned_by_job(const View& view, const Change& change, std::vector<Key>* keys) {
  keys->push_back(change.object().key());
  if (change.after) return;
  for (const ObjectPtr& pod : view.controlled_by(change.before->uid(), kinds::kPod)) keys->push_back(pod->key());
}

}  // namespace

Plan reconcile_job(const View& view, const Key& key, const Instant& now) {
  if (key.kind == kinds::kPod) return release_stray(view, key);
  Plan plan;
  const ObjectPtr object = view.find(key);
  if (!object) return plan;
  const auto job = object->as<batch::Job>();
  const auto selector = selector_of(*object);
  if (!selector || (job.spec().has_managedby() && job.spec().managedby() != kOurselves)) return plan;
  const bool finished = finished_condition(job.status());
  const bool may_adopt = !finished && !job.metadata().has_deletiontimestamp();
  Claim claim = claim_dependents(view, *object, kinds::kPod, *selector, may_adopt);
  if (finished) {
    for (const ObjectPtr& pod : claim.kept) {
      if (has_finalizer(*pod, kJobTracking) && plan.steps.size() < kBurst) plan.add(release_job_pod(*pod));
    }
    return plan;
  }
  for (Write& write : claim.writes) {
    // Who is adopted is counted; who is released is not.
    auto pod = write.object->as<core::Pod>();
    auto* finalizers = pod.mutable_metadata()->mutable_finalizers();
    finalizers->erase(std::remove(finalizers->begin(), finalizers->end(), kJobTracking), finalizers->end());
    const auto owners = owners_of(*write.object);
    const Owner* controller = controller_in(owners);
    if (controller && controller->uid == object->uid()) *finalizers->Add() = kJobTracking;
    write.object = Object::encode(kinds::kPod, pod);
    plan.add(std::move(write));
  }
  if (!plan.empty()) return plan;
  return Reconcile(view, object, job, claim.kept, now).run();
}

Controller job_controller() {
  Controller controller;
  controller.name = "job-controller";
  controller.watches = {kinds::kJob, kinds::kPod};
  controller.indexes = View::kControllers | View::kPods;
  controller.concerns = [](const View& view, const Change& change, std::vector<Key>* keys) {
    if (change.object().kind() == kinds::kJob) {
      concerned_by_job(view, change, keys);
    } else {
      concerned_by_pod(view, change, keys);
    }
  };
  controller.confirms_views = true;
  controller.reconcile = reconcile_job;
  return controller;
}

}  // namespace kabuki::controllers
