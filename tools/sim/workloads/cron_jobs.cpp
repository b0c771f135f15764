#include "messages/api/batch/v1/cron_job.pb.h"
#include "tools/sim/workload_objects.hpp"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/job.hpp"
#include "tools/sim/workloads/pods.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::batch::v1::CronJob;

constexpr int kCronJobs = 2;
constexpr int kHistory = 2;

std::string look_of(const Object& object) {
  const auto cron = object.as<CronJob>();
  return "schedule=" + cron.spec().schedule() + (cron.spec().suspend() ? " suspended" : "");
}

/// Its Jobs have ended, and no more are kept than it says.
void judge(const CronJob& cron, const Observed& observed, Lines* wrong) {
  const std::string& who = cron.metadata().name();
  int complete = 0, failed = 0;
  for (const auto& [key, job] : observed.all_of<Job>(kinds::kJob)) {
    if (!is_controlled_by(job, cron.metadata().uid())) continue;
    wrong_job(job, observed, wrong);
    (has_condition(job, "Failed") ? failed : complete) += 1;
  }
  if (complete > cron.spec().successfuljobshistorylimit() || failed > cron.spec().failedjobshistorylimit()) {
    wrong->push_back(who + " keeps " + std::to_string(complete) + " Jobs that succeeded and " +
                     std::to_string(failed) + " that failed");
  }
  if (cron.status().active_size() > 0) wrong->push_back(who + " says that Jobs are active");
}

class CronJobs final : public Workload {
 public:
  CronJobs(SimCluster& cluster, const WorkloadOptions& options) : Workload(cluster, options, "workload/cron-jobs") {
    for (int i = 1; i <= kCronJobs; ++i) {
      client().add({kinds::kCronJob, kSimNamespace, "cron-" + std::to_string(i)}, look_of);
    }
  }

  Lines wrong(const Observed& observed) const override {
    Lines wrong;
    for (const auto& [key, cron] : observed.all_of<CronJob>(kinds::kCronJob)) judge(cron, observed, &wrong);
    return wrong;
  }

 protected:
  void act() override {
    const Key* key = any_key();
    if (!key) return;
    if (!client().exists(*key)) return create(*key);
    const uint64_t draw = random().below(20);
    if (draw < 2) return suspend(*key, !client().as<CronJob>(*key).spec().suspend());
    if (draw < 3) client().remove(*key);
  }

  /// As long as times come nothing rests.
  bool rest() override {
    for (const Key& key : client().keys()) {
      if (!client().exists(key) || client().as<CronJob>(key).spec().suspend()) continue;
      suspend(key, true);
      return false;
    }
    return true;
  }

 private:
  void create(const Key& key) {
    CronJob cron;
    cron.mutable_metadata()->set_name(key.name);
    cron.mutable_metadata()->set_namespace_(key.ns);
    auto* spec = cron.mutable_spec();
    spec->set_schedule("* * * * *");
    static constexpr const char* kPolicies[] = {"Allow", "Forbid", "Replace"};
    spec->set_concurrencypolicy(kPolicies[random().below(3)]);
    spec->set_successfuljobshistorylimit(static_cast<int>(random().between(0, kHistory)));
    spec->set_failedjobshistorylimit(static_cast<int>(random().between(0, kHistory)));
    auto* job = spec->mutable_jobtemplate()->mutable_spec();
    job->set_completions(1);
    job->set_parallelism(1);
    job->set_backofflimit(1000);
    fill_template(key.name, image_name(1), 0, job->mutable_template_());
    job->mutable_template_()->mutable_spec()->set_restartpolicy("Never");
    annotate(job->mutable_template_(), "run-time", "uniform(1s,90s)");
    if (random().chance(0.2)) {
      annotate(job->mutable_template_(), "exit-code", "3");
      job->set_backofflimit(0);
    }
    client().create(key, cron);
  }

  void suspend(const Key& key, bool suspended) {
    client().patch<CronJob>(
        key, std::string("{\"spec\":{\"suspend\":") + (suspended ? "true" : "false") + "}}",
        [suspended](CronJob* cron) { cron->mutable_spec()->set_suspend(suspended); },
        suspended ? "suspend" : "resume");
  }
};

}  // namespace

std::unique_ptr<Workload> make_cron_jobs(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<CronJobs>(cluster, options);
}

}  // namespace kabuki::tools
