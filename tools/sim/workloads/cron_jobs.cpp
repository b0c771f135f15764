#include "messages/api/batch/v1/cron_job.pb.h"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/job.hpp"
#include "tools/sim/workloads/one_kind.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::batch::v1::CronJob;

constexpr int kCronJobs = 2;
constexpr int kHistory = 2;

std::string look_of(const Object& object) {
  const auto cron = object.as<CronJob>();
  return "schedule=" + cron.spec().schedule() + (cron.spec().suspend() ? " suspended" : "");
}

class CronJobs final : public OneKind<CronJob> {
 public:
  CronJobs(SimCluster& cluster, const WorkloadOptions& options) : OneKind(cluster, options, "workload/cron-jobs") {
    add(kinds::kCronJob, "cron-", kCronJobs, look_of);
  }

 protected:
  /// Its Jobs have ended, and no more are kept than it says.
  void judge(const CronJob& cron, const Observed& observed, Lines* wrong) const override {
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

  CronJob made(const Key& key) override {
    auto cron = named<CronJob>(key);
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
    return cron;
  }

  void change(const Key& key) override {
    const uint64_t draw = random().below(20);
    if (draw < 2) return suspend<CronJob>(key, !client().as<CronJob>(key).spec().suspend(), &client());
    if (draw < 3) remove(key);
  }

  /// As long as times come nothing rests.
  bool rests(const Key& key, const CronJob& cron) override {
    if (cron.spec().suspend()) return true;
    suspend<CronJob>(key, true, &client());
    return false;
  }
};

}  // namespace

std::unique_ptr<Workload> make_cron_jobs(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<CronJobs>(cluster, options);
}

}  // namespace kabuki::tools
