#include "actors/controllers/cron_job.hpp"

#include <algorithm>

#include "actors/controllers/cron_schedule.hpp"
#include "actors/controllers/job_conditions.hpp"
#include "actors/controllers/owned_pods.hpp"
#include "actors/controllers/owners.hpp"
#include "messages/api/batch/v1/cron_job.pb.h"
#include "messages/encode.hpp"
#include "messages/time_format.hpp"

namespace kabuki::controllers {
namespace {

namespace batch = ::k8s::io::api::batch::v1;
using actors::Write;

constexpr const char* kScheduledAt = "batch.kubernetes.io/cronjob-scheduled-timestamp";
/// More missed times than this are worth a warning.
constexpr int64_t kMostMissed = 100;

struct OwnedJob {
  ObjectPtr object;
  batch::Job job;
  const batch::JobCondition* finished() const { return finished_condition(job.status()); }
  /// Started by the schedule, and not by somebody who names the CronJob as its owner (kubectl create job --from).
  bool scheduled() const { return job.metadata().annotations().contains(kScheduledAt); }
  /// What a concurrencyPolicy is about.
  bool active() const { return scheduled() && !finished(); }
};

class Reconcile {
 public:
  Reconcile(const View& view, const ObjectPtr& object, const Instant& now)
      : view_(view), object_(object), cron_(object->as<batch::CronJob>()), status_(cron_.status()), now_(now) {
    for (const ObjectPtr& job : view.controlled_by(object->uid(), kinds::kJob)) {
      jobs_.push_back({job, job->as<batch::Job>()});
    }
  }

  Plan run() {
    keep_active();
    cut_history(true, cron_.spec().has_successfuljobshistorylimit() ? cron_.spec().successfuljobshistorylimit() : 3);
    cut_history(false, cron_.spec().has_failedjobshistorylimit() ? cron_.spec().failedjobshistorylimit() : 1);
    if (!cron_.metadata().has_deletiontimestamp() && !cron_.spec().suspend()) schedule();
    write_status();
    return std::move(plan_);
  }

 private:
  int64_t now() const { return now_.wall.seconds(); }

  void keep_active() {
    status_.clear_active();
    for (const OwnedJob& one : jobs_) {
      const auto& ended = one.job.status();
      if (true_condition(ended, "Complete") &&
          ended.completiontime().seconds() > status_.lastsuccessfultime().seconds()) {
        *status_.mutable_lastsuccessfultime() = ended.completiontime();
      }
      if (one.finished()) {
        tell_end(one);
        continue;
      }
      if (!one.active()) continue;
      auto* reference = status_.add_active();
      reference->set_kind("Job");
      reference->set_namespace_(one.job.metadata().namespace_());
      reference->set_name(one.job.metadata().name());
      reference->set_uid(one.job.metadata().uid());
      reference->set_apiversion("batch/v1");
      // A reference names a version, which changes with every status: it is left out, so that rest is rest.
    }
  }

  /// Of a job that was still active when the status was written.
  void tell_end(const OwnedJob& one) {
    const auto& before = cron_.status().active();
    const auto& uid = one.job.metadata().uid();
    if (std::none_of(before.begin(), before.end(), [&](const auto& active) { return active.uid() == uid; })) return;
    plan_.events.push_back(
        {object_->key(), std::string(object_->uid()), "Normal", "SawCompletedJob",
         "Saw completed job: " + one.job.metadata().name() + ", condition: " + one.finished()->type()});
  }

  void cut_history(bool succeeded, int32_t limit) {
    std::vector<const OwnedJob*> ended;
    for (const OwnedJob& one : jobs_) {
      if (one.finished() && (one.finished()->type() == "Complete") == succeeded) ended.push_back(&one);
    }
    std::stable_sort(ended.begin(), ended.end(), [](const OwnedJob* a, const OwnedJob* b) {
      return a->job.status().starttime().seconds() < b->job.status().starttime().seconds();
    });
    for (size_t i = 0; i + static_cast<size_t>(std::max(0, limit)) < ended.size(); ++i) {
      remove(*ended[i], "SuccessfulDelete", "Deleted job {name}");
    }
  }

  void remove(const OwnedJob& one, const char* reason, const char* text) {
    if (one.job.metadata().has_deletiontimestamp()) return;
    plan_.add(Write::remove(*one.object, "Background"),
              announce(*object_, reason, text, "FailedDelete", "Deleted job: {error}"));
  }

  /// The last time that is due and was not taken yet; asks to come again for the one after.
  std::optional<int64_t> due(const CronSchedule& schedule, const TimeZone& zone) {
    int64_t from = status_.has_lastscheduletime() ? status_.lastscheduletime().seconds()
                                                  : cron_.metadata().creationtimestamp().seconds();
    const auto& spec = cron_.spec();
    if (spec.has_startingdeadlineseconds()) from = std::max(from, now() - spec.startingdeadlineseconds());
    const CronSchedule::Due due = schedule.due(from, now(), zone);
    if (due.next) plan_.again(std::chrono::seconds(std::max<int64_t>(1, *due.next - now())));
    if (due.missed > kMostMissed) {
      plan_.events.push_back({object_->key(), std::string(object_->uid()), "Warning", "TooManyMissedTimes",
                              "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check "
                              "clock skew"});
    }
    return due.last;
  }

  void schedule() {
    const auto schedule = CronSchedule::parse(cron_.spec().schedule());
    const auto zone = TimeZone::load(cron_.spec().timezone());
    if (!schedule.ok() || !zone.ok()) {
      const std::string why = schedule.ok() ? zone.error().message : schedule.error().message;
      plan_.events.push_back({object_->key(), std::string(object_->uid()), "Warning",
                              schedule.ok() ? "UnknownTimeZone" : "UnparseableSchedule",
                              "unparseable schedule: \"" + cron_.spec().schedule() + "\" : " + why});
      return;
    }
    const auto at = due(*schedule, *zone);
    if (!at) return;
    const std::string name = cron_.metadata().name() + "-" + std::to_string(*at / 60);
    const ObjectPtr there = view_.find({kinds::kJob, cron_.metadata().namespace_(), name});
    if (there) {
      // Made by the step before, or by somebody else: in both cases this time has its job.
      status_.mutable_lastscheduletime()->set_seconds(*at);
      return;
    }
    const std::string policy = cron_.spec().concurrencypolicy();
    if (policy == "Forbid" && status_.active_size() > 0) {
      plan_.events.push_back(
          {object_->key(), std::string(object_->uid()), "Normal", "JobAlreadyActive",
           "Not starting job because prior execution is running and concurrency policy is Forbid"});
      return;
    }
    if (policy == "Replace" && replace_active()) return;
    tell_unexpected();
    create(name, *at);
  }

  /// With each job that is made, so that a reconcile at rest says nothing.
  void tell_unexpected() {
    for (const OwnedJob& one : jobs_) {
      if (one.scheduled() || one.finished()) continue;
      plan_.events.push_back(
          {object_->key(), std::string(object_->uid()), "Warning", "UnexpectedJob",
           "Saw a job that the controller did not create or forgot: " + one.job.metadata().name()});
    }
  }

  /// Whether the job of this time has to wait because others are being deleted.
  bool replace_active() {
    for (const OwnedJob& one : jobs_) {
      if (one.active()) remove(one, "SuccessfulDelete", "Deleted job {name}");
    }
    return std::any_of(jobs_.begin(), jobs_.end(), [](const OwnedJob& one) { return one.active(); });
  }

  void create(const std::string& name, int64_t at) {
    const auto& model = cron_.spec().jobtemplate();
    batch::Job job;
    auto* meta = job.mutable_metadata();
    meta->set_name(name);
    meta->set_namespace_(cron_.metadata().namespace_());
    *meta->mutable_labels() = model.metadata().labels();
    *meta->mutable_annotations() = model.metadata().annotations();
    (*meta->mutable_annotations())[kScheduledAt] = format_time(at);
    *meta->add_ownerreferences() = controller_reference(*object_);
    *job.mutable_spec() = model.spec();
    plan_.add(Write::create(kinds::kJob, job), announce(*object_, "SuccessfulCreate", "Created job {name}",
                                                        "FailedCreate", "Error creating job: {error}"));
  }

  void write_status() {
    if (serialize(status_) == serialize(cron_.status())) return;
    auto updated = cron_;
    *updated.mutable_status() = status_;
    plan_.add(Write::update_status(*object_, updated));
  }

  const View& view_;
  const ObjectPtr object_;
  const batch::CronJob cron_;
  batch::CronJobStatus status_;
  const Instant now_;
  std::vector<OwnedJob> jobs_;
  Plan plan_;
};

}  // namespace

Plan reconcile_cron_job(const View& view, const Key& key, const Instant& now) {
  const ObjectPtr object = view.find(key);
  return object ? Reconcile(view, object, now).run() : Plan();
}

Controller cron_job_controller() {
  Controller controller;
  controller.name = "cronjob-controller";
  controller.watches = {kinds::kCronJob, kinds::kJob};
  controller.sleeps_without = 1;
  controller.indexes = View::kControllers;
  controller.concerns = [](const View&, const Change& change, std::vector<Key>* keys) {
    if (change.object().kind() == kinds::kCronJob) {
      keys->push_back(change.object().key());
      return;
    }
    for (const ObjectPtr& version : {change.before, change.after}) {
      if (!version) continue;
      const auto owners = owners_of(*version);
      const Owner* controller = controller_in(owners);
      if (controller) keys->push_back(key_of(*controller, version->ns()));
    }
    std::erase_if(*keys, [](const Key& key) { return key.kind != kinds::kCronJob; });
  };
  controller.confirms_views = true;
  controller.reconcile = reconcile_cron_job;
  return controller;
}

}  // namespace kabuki::controllers
