#include "messages/api/batch/v1/job.pb.h"
#include "tools/sim/workload_objects.hpp"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/job.hpp"
#include "tools/sim/workloads/pods.hpp"

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

class Jobs final : public Workload {
 public:
  Jobs(SimCluster& cluster, const WorkloadOptions& options) : Workload(cluster, options, "workload/jobs") {
    for (int i = 1; i <= kJobs; ++i) {
      client().add({kinds::kJob, kSimNamespace, "work-" + std::to_string(i)}, look_of);
    }
  }

  Lines wrong(const Observed& observed) const override {
    Lines wrong;
    for (const Key& key : client().keys()) {
      if (const ObjectPtr job = observed.find(key)) wrong_job(job->as<Job>(), observed, &wrong);
    }
    return wrong;
  }

 protected:
  void act() override {
    const Key* key = any_key();
    if (!key) return;
    if (!client().exists(*key)) return create(*key);
    const Job job = client().as<Job>(*key);
    const uint64_t draw = random().below(10);
    if (draw < 3) return suspend(*key, !job.spec().suspend());
    if (draw < 5) return change_parallelism(*key);
    if (draw < 8) client().remove(*key, draw == 5 ? "Foreground" : "Background");
  }

  bool rest() override {
    for (const Key& key : client().keys()) {
      if (!client().exists(key) || !client().as<Job>(key).spec().suspend()) continue;
      suspend(key, false);
      return false;
    }
    return true;
  }

 private:
  void create(const Key& key) {
    Job job;
    job.mutable_metadata()->set_name(key.name);
    job.mutable_metadata()->set_namespace_(key.ns);
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
    const bool vanishes = random().chance(0.3);
    if (vanishes) spec->set_ttlsecondsafterfinished(static_cast<int>(random().between(0, 20)));
    if (random().chance(0.2)) spec->set_suspend(true);
    client().create(key, job, vanishes);
  }

  /// Each pod fails; there is one at a time, so that it can be said how many there will have been.
  void make_failing(::k8s::io::api::batch::v1::JobSpec* spec) {
    annotate(spec->mutable_template_(), "exit-code", "3");
    spec->set_parallelism(1);
    spec->set_backofflimit(static_cast<int>(random().between(0, 2)));
  }

  void suspend(const Key& key, bool suspended) {
    client().patch<Job>(
        key, std::string("{\"spec\":{\"suspend\":") + (suspended ? "true" : "false") + "}}",
        [suspended](Job* job) { job->mutable_spec()->set_suspend(suspended); }, suspended ? "suspend" : "resume");
  }

  void change_parallelism(const Key& key) {
    if (is_failing(client().as<Job>(key))) return;
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
