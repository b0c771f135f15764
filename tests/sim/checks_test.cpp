#include "tools/sim/checks.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include "messages/api/apps/v1/daemon_set.pb.h"
#include "messages/api/apps/v1/replica_set.pb.h"
#include "messages/api/apps/v1/stateful_set.pb.h"
#include "messages/api/batch/v1/cron_job.pb.h"
#include "messages/api/core/v1/config_map.pb.h"
#include "messages/api/core/v1/endpoints.pb.h"
#include "messages/api/core/v1/namespace.pb.h"
#include "messages/api/core/v1/replication_controller.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/api/discovery/v1/endpoint_slice.pb.h"
#include "messages/api/policy/v1/pod_disruption_budget.pb.h"
#include "runtime/io/clock.hpp"
#include "tools/sim/checks/all.hpp"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/deployment.hpp"
#include "tools/sim/workloads/job.hpp"
#include "tools/sim/workloads/pods.hpp"

namespace kabuki::tools {
namespace {

namespace apps = ::k8s::io::api::apps::v1;
namespace batch = ::k8s::io::api::batch::v1;
namespace core = ::k8s::io::api::core::v1;
namespace policy = ::k8s::io::api::policy::v1;

/// What each check says of a cluster at rest that is not as it is to be.
struct ChecksTest : ::testing::Test {
  SimCluster cluster{SimClusterOptions{}};
  Observed observed;

  void SetUp() override { observed.settled = true; }
  void TearDown() override { cluster.close(); }

  void serve(KindId kind, const google::protobuf::Message& message) {
    const ObjectPtr object = Object::encode(kind, message, 1);
    observed.served[object->key()] = object;
  }
  template <class M>
  static M named(const std::string& name, const std::string& ns = "default") {
    M out;
    out.mutable_metadata()->set_name(name);
    out.mutable_metadata()->set_namespace_(ns);
    out.mutable_metadata()->set_uid("uid-" + name);
    return out;
  }
  template <class M>
  static M owned(const std::string& name, const std::string& owner) {
    M out = named<M>(name);
    auto* reference = out.mutable_metadata()->add_ownerreferences();
    reference->set_name(owner);
    reference->set_uid("uid-" + owner);
    reference->set_controller(true);
    return out;
  }
  static Pod running(const std::string& name, const std::string& owner) {
    auto pod = owned<Pod>(name, owner);
    pod.mutable_spec()->set_nodename("host-1-node-1");
    pod.mutable_spec()->add_containers()->set_image(image_name(1));
    pod.mutable_status()->set_phase("Running");
    pod.mutable_status()->set_podip("10.0.0.9");
    auto* condition = pod.mutable_status()->add_conditions();
    condition->set_type("Ready");
    condition->set_status("True");
    return pod;
  }
  static bool tells(const Lines& wrong, const std::string& line) {
    return std::ranges::find(wrong, line) != wrong.end();
  }
  Lines wrong(std::unique_ptr<Workload> (*make)(SimCluster&, const WorkloadOptions&)) {
    return make(cluster, {})->wrong(observed);
  }
};

TEST_F(ChecksTest, WhatHasOnlyAbsentOwnersIsAnOrphan) {
  serve(kinds::kReplicaSet, named<apps::ReplicaSet>("web"));
  serve(kinds::kPod, owned<Pod>("web-1", "web"));
  EXPECT_EQ(orphans(observed), Lines{});
  serve(kinds::kPod, owned<Pod>("lost", "gone"));
  EXPECT_EQ(orphans(observed), Lines{"pods/default/lost is there and its owner gone is not"});
}

TEST_F(ChecksTest, NothingIsInANamespaceThatIsGone) {
  core::Namespace space;
  space.mutable_metadata()->set_name("default");
  serve(kinds::kNamespace, space);
  serve(kinds::kConfigMap, named<core::ConfigMap>("settings"));
  EXPECT_EQ(homeless(observed), Lines{});
  serve(kinds::kConfigMap, named<core::ConfigMap>("left", "gone"));
  EXPECT_EQ(homeless(observed), Lines{"configmaps/gone/left is there and its namespace is not"});
}

TEST_F(ChecksTest, EndpointsAreTheReadyPods) {
  auto service = named<core::Service>("web");
  (*service.mutable_spec()->mutable_selector())["app"] = "web";
  serve(kinds::kService, service);
  auto pod = [](const std::string& name, const std::string& ip) {
    auto out = running(name, "set");
    (*out.mutable_metadata()->mutable_labels())["app"] = "web";
    out.mutable_status()->set_podip(ip);
    return out;
  };
  serve(kinds::kPod, pod("web-a", "10.0.0.1"));
  auto going = pod("web-b", "10.0.0.2");
  going.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(1);
  serve(kinds::kPod, going);
  auto endpoints = named<core::Endpoints>("web");
  endpoints.add_subsets()->add_addresses()->set_ip("10.0.0.1");
  serve(kinds::kEndpoints, endpoints);
  auto slice = named<::k8s::io::api::discovery::v1::EndpointSlice>("web-x");
  (*slice.mutable_metadata()->mutable_labels())["kubernetes.io/service-name"] = "web";
  auto* endpoint = slice.add_endpoints();
  endpoint->add_addresses("10.0.0.1");
  endpoint->mutable_conditions()->set_ready(true);
  serve(kinds::kEndpointSlice, slice);
  EXPECT_EQ(wrong_endpoints(observed), Lines{});
  serve(kinds::kPod, pod("web-b", "10.0.0.2"));
  EXPECT_EQ(wrong_endpoints(observed),
            (Lines{"services/default/web's Endpoints say {10.0.0.1}, ready are {10.0.0.1 10.0.0.2}",
                   "services/default/web's EndpointSlices say {10.0.0.1}, ready are {10.0.0.1 10.0.0.2}"}));
}

TEST_F(ChecksTest, WhatIsWrittenAtRestFails) {
  observed.written_at_rest = {"pods/default/web-1"};
  struct Stopped final : io::Clock {
    io::WallTime wall() const override { return {}; }
    io::MonoTime mono() const override { return {}; }
  } clock;
  const History history(clock);
  const Workloads workloads(cluster, {});
  auto verdict = [&] {
    for (const Check& check : judge(observed, history, workloads)) {
      if (check.name == "rest-writes-nothing") return std::string(text(check.verdict)) + ": " + check.detail;
    }
    return std::string("not checked");
  };
  EXPECT_EQ(verdict(), "failed: pods/default/web-1");
  observed.written_at_rest.clear();
  EXPECT_EQ(verdict(), "passed: ");
}

TEST_F(ChecksTest, HistoryTellsWhatIsWritten) {
  struct Stopped final : io::Clock {
    io::WallTime wall() const override { return {}; }
    io::MonoTime mono() const override { return {}; }
  } clock;
  History history(clock);
  Lines told;
  history.on_change([&](const std::string& key) { told.push_back(key); });
  history.fed("pods", 2, {{store::Change::Type::put, Object::encode(kinds::kPod, named<Pod>("web"), 2), nullptr}});
  EXPECT_EQ(told, Lines{"pods/default/web"});
}

TEST_F(ChecksTest, AJobEndsAsOftenAsAsked) {
  auto job = named<Job>("work");
  job.mutable_spec()->set_completions(2);
  job.mutable_spec()->set_completionmode("Indexed");
  job.mutable_status()->set_succeeded(2);
  job.mutable_status()->set_completedindexes("0,1");
  auto* condition = job.mutable_status()->add_conditions();
  condition->set_type("Complete");
  condition->set_status("True");
  auto pod = [&](const std::string& name, const std::string& index) {
    auto out = owned<Pod>(name, "work");
    (*out.mutable_metadata()->mutable_annotations())["batch.kubernetes.io/job-completion-index"] = index;
    out.mutable_status()->set_phase("Succeeded");
    return out;
  };
  auto found = [&] {
    Lines lines;
    wrong_job(job, observed, &lines);
    return lines;
  };
  serve(kinds::kPod, pod("work-0", "0"));
  serve(kinds::kPod, pod("work-1", "1"));
  EXPECT_EQ(found(), Lines{});
  serve(kinds::kPod, pod("work-2", "1"));
  EXPECT_EQ(found(),
            (Lines{"work's index 1 succeeded twice", "work's number of pods that succeeded is 3, expected 2"}));
  observed.served.clear();
  auto lingering = pod("work-0", "0");
  lingering.mutable_metadata()->add_finalizers("batch.kubernetes.io/job-tracking");
  lingering.mutable_status()->set_phase("Running");
  serve(kinds::kPod, lingering);
  EXPECT_EQ(found(), (Lines{"work-0 is of a finished Job and is Running", "work-0 still has a finalizer"}));
  observed.served.clear();
  job.mutable_status()->set_succeeded(1);
  job.mutable_status()->set_completedindexes("0");
  job.mutable_status()->clear_conditions();
  EXPECT_EQ(found(), (Lines{"work is not Complete", "work's status.succeeded is 1, expected 2",
                            "work has completed the indexes 0"}));
}

TEST_F(ChecksTest, AFailingJobFailsAfterAsManyPodsAsItMayLose) {
  auto job = named<Job>("work");
  job.mutable_spec()->set_completions(1);
  job.mutable_spec()->set_backofflimit(2);
  (*job.mutable_spec()->mutable_template_()->mutable_metadata()->mutable_annotations())["sim.kabuki.io/exit-code"] =
      "3";
  job.mutable_status()->set_failed(2);
  auto* condition = job.mutable_status()->add_conditions();
  condition->set_type("Failed");
  condition->set_status("True");
  Lines found;
  wrong_job(job, observed, &found);
  EXPECT_EQ(found, Lines{"work failed after 2 pods, its backoffLimit is 2"});
}

TEST_F(ChecksTest, ADeploymentHasItsPodsOfItsNewestSet) {
  auto deployment = named<apps::Deployment>("web");
  deployment.mutable_spec()->set_replicas(1);
  deployment.mutable_spec()->mutable_template_()->mutable_spec()->add_containers()->set_image(image_name(1));
  EXPECT_EQ(wrong_deployment(deployment, observed), Lines{"web has no ReplicaSet"});
  auto set = [](const std::string& name, const std::string& revision) {
    auto out = owned<apps::ReplicaSet>(name, "web");
    out.mutable_spec()->mutable_template_()->mutable_spec()->add_containers()->set_image(image_name(1));
    (*out.mutable_metadata()->mutable_annotations())["deployment.kubernetes.io/revision"] = revision;
    return out;
  };
  serve(kinds::kReplicaSet, set("web-a", "1"));
  serve(kinds::kReplicaSet, set("web-b", "2"));
  serve(kinds::kPod, running("web-b-1", "web-b"));
  auto* status = deployment.mutable_status();
  status->set_replicas(1);
  status->set_updatedreplicas(1);
  status->set_readyreplicas(1);
  status->set_availablereplicas(1);
  EXPECT_EQ(wrong_deployment(deployment, observed), Lines{});
  serve(kinds::kPod, running("web-a-1", "web-a"));
  EXPECT_EQ(wrong_deployment(deployment, observed), Lines{"web-a-1 is not of web-b"});
  serve(kinds::kPod, running("web-b-2", "web-b"));
  EXPECT_TRUE(tells(wrong_deployment(deployment, observed), "web's number of pods is 2, expected 1"));
  status->set_readyreplicas(0);
  EXPECT_TRUE(tells(wrong_deployment(deployment, observed), "web's status.readyReplicas is 0, expected 1"));
}

TEST_F(ChecksTest, AStatefulSetHasEachIdentityOfItsNewestRevision) {
  auto set = named<apps::StatefulSet>("db1");
  set.mutable_spec()->set_replicas(2);
  set.mutable_spec()->mutable_template_()->mutable_spec()->add_containers()->set_image(image_name(1));
  set.mutable_status()->set_updaterevision("new");
  serve(kinds::kStatefulSet, set);
  auto pod = running("db1-0", "db1");
  (*pod.mutable_metadata()->mutable_labels())["controller-revision-hash"] = "old";
  serve(kinds::kPod, pod);
  const Lines found = wrong(make_stateful_sets);
  for (const char* line :
       {"db1's number of pods is 1, expected 2", "db1-1 is not there", "db1-0 is of an old revision",
        "db1's status.readyReplicas is 0, expected 2", "db1's update has not ended"}) {
    EXPECT_TRUE(tells(found, line)) << line;
  }
}

TEST_F(ChecksTest, ADaemonSetHasOnePodOnEachOfItsNodes) {
  observed.nodes = {"host-1-node-1", "host-1-node-2"};
  auto set = named<apps::DaemonSet>("agent-1");
  set.mutable_spec()->mutable_template_()->mutable_spec()->add_containers()->set_image(image_name(1));
  serve(kinds::kDaemonSet, set);
  serve(kinds::kPod, running("agent-a", "agent-1"));
  serve(kinds::kPod, running("agent-b", "agent-1"));
  const Lines found = wrong(make_daemon_sets);
  EXPECT_TRUE(tells(found, "agent-b is on host-1-node-1, where none is to be, or one more"));
  EXPECT_TRUE(tells(found, "agent-1's status.numberReady is 0, expected 2"));
}

TEST_F(ChecksTest, AReplicationControllerHasItsPods) {
  auto controller = named<core::ReplicationController>("rc-1");
  controller.mutable_spec()->set_replicas(2);
  serve(kinds::kReplicationController, controller);
  serve(kinds::kPod, running("rc-1-a", "rc-1"));
  const Lines found = wrong(make_replication_controllers);
  EXPECT_TRUE(tells(found, "rc-1's number of pods is 1, expected 2"));
  EXPECT_TRUE(tells(found, "rc-1's status.replicas is 0, expected 2"));
}

TEST_F(ChecksTest, ACronJobKeepsNoMoreThanItsHistory) {
  auto cron = named<batch::CronJob>("cron-1");
  cron.mutable_spec()->set_successfuljobshistorylimit(0);
  cron.mutable_status()->add_active()->set_name("cron-1-5");
  serve(kinds::kCronJob, cron);
  auto job = owned<Job>("cron-1-5", "cron-1");
  auto* condition = job.mutable_status()->add_conditions();
  condition->set_type("Complete");
  condition->set_status("True");
  serve(kinds::kJob, job);
  EXPECT_EQ(wrong(make_cron_jobs),
            (Lines{"cron-1 keeps 1 Jobs that succeeded and 0 that failed", "cron-1 says that Jobs are active"}));
}

TEST_F(ChecksTest, ABudgetHasCountedItsPods) {
  auto deployment = named<apps::Deployment>("shop-1", "guarded");
  deployment.mutable_spec()->set_replicas(1);
  deployment.mutable_spec()->mutable_template_()->mutable_spec()->add_containers()->set_image(image_name(1));
  serve(kinds::kDeployment, deployment);
  auto pod = running("shop-1-a", "set");
  pod.mutable_metadata()->set_namespace_("guarded");
  (*pod.mutable_metadata()->mutable_labels())["app"] = "shop-1";
  serve(kinds::kPod, pod);
  auto budget = named<policy::PodDisruptionBudget>("shop-1", "guarded");
  budget.mutable_spec()->mutable_minavailable()->set_intval(0);
  budget.mutable_status()->set_expectedpods(1);
  budget.mutable_status()->set_currenthealthy(0);
  serve(kinds::kPodDisruptionBudget, budget);
  const Lines found = wrong(make_budgets);
  EXPECT_TRUE(tells(found, "shop-1's status.currentHealthy is 0, expected 1"));
  EXPECT_TRUE(tells(found, "shop-1's status.disruptionsAllowed is 0, expected 1"));
}

TEST_F(ChecksTest, ANamespaceIsWholeOrGone) {
  core::Namespace space;
  space.mutable_metadata()->set_name("team-1");
  space.mutable_status()->set_phase("Terminating");
  serve(kinds::kNamespace, space);
  EXPECT_EQ(wrong(make_namespaces), (Lines{"team-1 is Terminating", "serviceaccounts/team-1/default is not there",
                                           "configmaps/team-1/kube-root-ca.crt is not there"}));
}

}  // namespace
}  // namespace kabuki::tools
