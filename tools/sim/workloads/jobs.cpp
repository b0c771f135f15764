#include "messages/api/batch/v1/job.pb.h"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/job.hpp"
#include "tools/sim/workloads/one_kind.hpp"

namespace kabuki::tools {
namespace {

constexpr int kJobs = 4;
constexpr int kCompletionsMax = 6;
constexpr int kParallelismMax = 3;
constexpr int kForgiving = 1000;  // pods may be lost for reasons of their nodes

std::string look_of(const Object& object) {
  const auto job = object.as<Job>();
  return "completions=" + std::to_string(job.spec().completions()) +
         " parallelism=" + std::to_string(job.spec().parallelism()) + (job.spec().suspend() ? " suspended" : "");
}

class Jobs final : public OneKind<Job> {
 public:
  Jobs(SimCluster& cluster, const WorkloadOptions& options) : OneKind(cluster, options, "workload/jobs") {
    add(kinds::kJob, "work-", kJobs, look_of);
  }

 protected:
  void judge(const Job& job, const Observed& observed, Lines* wrong) const override {
    wrong_job(job, observed, wrong);
  }

  Job made(const Key& key) override {
    auto job = named<Job>(key);
    auto* spec = job.mutable_spec();
    spec->set_completions(static_cast<int>(random().between(1, kCompletionsMax)));
    spec->set_parallelism(static_cast<int>(random().between(1, kParallelismMax)));
    spec->set_backofflimit(kForgiving);
    if (random().chance(0.4)) spec->set_completionmode("Indexed");
    fill_template(key.name, image_name(1), 0, spec->mutable_template_());
    spec->mutable_template_()->mutable_spec()->set_restartpolicy("Never");
    annotate(spec->mutable_template_(), "run-time", "uniform(500ms,8s)");
    const uint64_t draw = random().below(10);
    if (draw < 2) {
      make_failing(spec);
    } else if (draw < 4) {
      annotate(spec->mutable_template_(), "exit-code", "1,0");
      spec->mutable_template_()->mutable_spec()->set_restartpolicy("OnFailure");
    }
    if (random().chance(0.3)) spec->set_ttlsecondsafterfinished(static_cast<int>(random().between(0, 20)));
    if (random().chance(0.2)) spec->set_suspend(true);
    return job;
  }
  bool vanishes(const Job& job) const override { return job.spec().has_ttlsecondsafterfinished(); }

  void change(const Key& key) override {
    const Job job = client().as<Job>(key);
    const uint64_t draw = random().below(10);
    if (draw < 3) return suspend<Job>(key, !job.spec().suspend(), &client());
    if (draw < 5) return is_failing(job) ? void() : change_parallelism(key);
    if (draw < 8) remove(key, draw == 5 ? "Foreground" : "Background");
  }

  bool rests(const Key& key, const Job& job) override {
    if (!job.spec().suspend()) return true;
    suspend<Job>(key, false, &client());
    return false;
  }

 private:
  /// Each pod fails; there is one at a time, so that it can be said how many there will have been.
  void make_failing(::k8s::io::api::batch::v1::JobSpec* spec) {
    annotate(spec->mutable_template_(), "exit-code", "3");
    spec->set_parallelism(1);
    spec->set_backofflimit(static_cast<int>(random().between(0, 2)));
  }

  void change_parallelism(const Key& key) {
    const int parallelism = static_cast<int>(random().between(1, kParallelismMax));
    client().patch<Job>(
        key, "{\"spec\":{\"parallelism\":" + std::to_string(parallelism) + "}}",
        [parallelism](Job* job) { job->mutable_spec()->set_parallelism(parallelism); }, "change the parallelism of");
  }
};

}  // namespace

std::unique_ptr<Workload> make_jobs(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<Jobs>(cluster, options);
}

}  // namespace kabuki::tools
