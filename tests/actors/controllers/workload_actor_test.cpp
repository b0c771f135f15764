#include "actors/controllers/job_conditions.hpp"
#include "messages/api/apps/v1/daemon_set.pb.h"
#include "messages/api/apps/v1/stateful_set.pb.h"
#include "messages/api/batch/v1/cron_job.pb.h"
#include "tests/actors/controllers/cluster_sim.hpp"

namespace kabuki::controllers {
namespace {

namespace apps = ::k8s::io::api::apps::v1;
namespace batch = ::k8s::io::api::batch::v1;
namespace core = ::k8s::io::api::core::v1;
using actors::Write;

/// Workloads of a whole simulated cluster, whose controllers are killed while they work.
struct WorkloadActors : ClusterSim {
  template <class Workload>
  Workload labelled(const std::string& name) {
    Workload workload;
    workload.mutable_metadata()->set_name(name);
    workload.mutable_metadata()->set_namespace_("default");
    (*workload.mutable_spec()->mutable_selector()->mutable_matchlabels())["app"] = name;
    fill(name, workload.mutable_spec()->mutable_template_());
    return workload;
  }
  static void fill(const std::string& name, core::PodTemplateSpec* model) {
    (*model->mutable_metadata()->mutable_labels())["app"] = name;
    auto* container = model->mutable_spec()->add_containers();
    container->set_name("app");
    container->set_image("nginx");
  }
  static batch::JobSpec job_spec(int completions, int parallelism) {
    batch::JobSpec spec;
    spec.set_completions(completions);
    spec.set_parallelism(parallelism);
    fill("work", spec.mutable_template_());
    auto& notes = *spec.mutable_template_()->mutable_metadata()->mutable_annotations();
    notes["sim.kabuki.io/run-time"] = "uniform(1s,4s)";
    spec.mutable_template_()->mutable_spec()->set_restartpolicy("Never");
    return spec;
  }
  void make(KindId kind, const google::protobuf::Message& message) {
    ASSERT_TRUE(namespace_is_ready());
    const auto outcome = write({Write::create(kind, message)});
    ASSERT_FALSE(outcome[0].error) << outcome[0].error->message;
  }
  void kill_often(const std::string& actor, int times) {
    for (int i = 0; i < times; ++i) {
      world->run_for(io::Duration(world->random(actor).between(1'100'000'000, 3'000'000'000)));
      kill("host-1/controllers/" + actor);
    }
  }
  std::vector<std::string> pod_names() {
    std::vector<std::string> names;
    for (const ObjectPtr& pod : list(kinds::kPod)) names.emplace_back(pod->name());
    return names;
  }
};

TEST_F(WorkloadActors, AStatefulSetHasItsIdentities) {
  start(21);
  auto set = labelled<apps::StatefulSet>("db");
  set.mutable_spec()->set_replicas(4);
  set.mutable_spec()->set_servicename("db");
  make(kinds::kStatefulSet, set);
  kill_often("stateful-set", 3);
  ASSERT_TRUE(until([&] { return ready_pods() == 4; }, 300s));
  const std::vector<std::string> expected = {"db-0", "db-1", "db-2", "db-3"};
  EXPECT_EQ(pod_names(), expected);
  ASSERT_TRUE(until(
      [&] {
        const auto status = find(kinds::kStatefulSet, "default", "db")->as<apps::StatefulSet>().status();
        return status.availablereplicas() == 4 && status.currentrevision() == status.updaterevision();
      },
      60s));
  const uint64_t at_rest = find(kinds::kStatefulSet, "default", "db")->revision();
  world->run_for(60s);
  EXPECT_EQ(find(kinds::kStatefulSet, "default", "db")->revision(), at_rest);
  write({Write::remove(*find(kinds::kStatefulSet, "default", "db"))});
  EXPECT_TRUE(until([&] { return list(kinds::kPod).empty() && list(kinds::kControllerRevision).empty(); }, 300s));
}

TEST_F(WorkloadActors, ADaemonSetIsOnEveryNode) {
  start(22);
  make(kinds::kDaemonSet, labelled<apps::DaemonSet>("agent"));
  kill_often("daemon-set", 2);
  ASSERT_TRUE(until([&] { return ready_pods() == 3; }, 300s));
  std::set<std::string> on;
  for (const ObjectPtr& pod : list(kinds::kPod)) on.insert(std::string(node_of_pod(*pod)));
  EXPECT_EQ(on.size(), 3u);
  ASSERT_TRUE(until(
      [&] {
        const auto status = find(kinds::kDaemonSet, "default", "agent")->as<apps::DaemonSet>().status();
        return status.numberavailable() == 3 && status.updatednumberscheduled() == 3;
      },
      60s));
}

TEST_F(WorkloadActors, AJobCompletesExactlyAsOftenAsAsked) {
  for (const char* mode : {"NonIndexed", "Indexed"}) {
    SCOPED_TRACE(mode);
    media.clear();
    start(23);
    batch::Job job;
    job.mutable_metadata()->set_name("work");
    job.mutable_metadata()->set_namespace_("default");
    *job.mutable_spec() = job_spec(9, 3);
    job.mutable_spec()->set_completionmode(mode);
    make(kinds::kJob, job);
    kill_often("job", 4);
    auto status = [&] { return find(kinds::kJob, "default", "work")->as<batch::Job>().status(); };
    ASSERT_TRUE(until([&] { return finished_condition(status()) != nullptr; }, 600s));
    EXPECT_EQ(finished_condition(status())->type(), "Complete");
    EXPECT_EQ(status().succeeded(), 9);
    EXPECT_EQ(status().failed(), 0);
    size_t succeeded = 0;
    for (const ObjectPtr& pod : list(kinds::kPod)) {
      succeeded += facts_of_pod(*pod).phase == PodFacts::Phase::succeeded;
      EXPECT_EQ(pod->as<core::Pod>().metadata().finalizers_size(), 0);
    }
    EXPECT_EQ(succeeded, 9u);
    write({Write::remove(*find(kinds::kJob, "default", "work"))});
    EXPECT_TRUE(until([&] { return list(kinds::kPod).empty(); }, 120s));
  }
}

TEST_F(WorkloadActors, ACronJobRunsEveryMinuteAndItsJobsGo) {
  start(24);
  batch::CronJob cron;
  cron.mutable_metadata()->set_name("tick");
  cron.mutable_metadata()->set_namespace_("default");
  cron.mutable_spec()->set_schedule("* * * * *");
  *cron.mutable_spec()->mutable_jobtemplate()->mutable_spec() = job_spec(1, 1);
  cron.mutable_spec()->mutable_jobtemplate()->mutable_spec()->set_ttlsecondsafterfinished(20);
  make(kinds::kCronJob, cron);
  ASSERT_TRUE(until([&] { return !list(kinds::kJob).empty(); }, 120s));
  const std::string first(list(kinds::kJob)[0]->name());
  ASSERT_TRUE(until([&] { return !list(kinds::kJob).empty() && list(kinds::kJob)[0]->name() != first; }, 120s));
  EXPECT_EQ(list(kinds::kJob)[0]->name(), "tick-" + std::to_string(std::stoll(first.substr(5)) + 1));
  EXPECT_EQ(list(kinds::kJob).size(), 1u);
}

}  // namespace
}  // namespace kabuki::controllers
