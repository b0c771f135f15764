#include <gtest/gtest.h>

#include "actors/quota/ledger.hpp"
#include "messages/api/apps/v1/deployment.pb.h"
#include "messages/api/apps/v1/replica_set.pb.h"
#include "messages/api/apps/v1/stateful_set.pb.h"
#include "messages/api/batch/v1/cron_job.pb.h"
#include "messages/api/batch/v1/job.pb.h"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/persistent_volume_claim.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/core/v1/resource_quota.pb.h"
#include "messages/api/policy/v1/pod_disruption_budget.pb.h"
#include "messages/meta.hpp"
#include "tests/sim/invariant_test.hpp"

namespace kabuki::tools {
namespace {

namespace apps = ::k8s::io::api::apps::v1;
namespace batch = ::k8s::io::api::batch::v1;
namespace policy = ::k8s::io::api::policy::v1;

TEST_F(InvariantTest, ACronJobMakesOneJobForEachTime) {
  const auto invariant = cron_once();
  auto job_for = [](const std::string& name, const std::string& time) {
    auto job = owned<batch::Job>(name, "CronJob", "tick", "uid-of-" + name);
    if (!time.empty()) {
      (*job.mutable_metadata()->mutable_annotations())["batch.kubernetes.io/cronjob-scheduled-timestamp"] = time;
    }
    return job;
  };
  put(*invariant, kinds::kJob, job_for("tick-1", "10:01"));
  put(*invariant, kinds::kJob, job_for("tick-2", "10:02"));
  remove(*invariant, kinds::kJob, "tick-1");
  EXPECT_EQ(breaches, Lines{});
  put(*invariant, kinds::kJob, job_for("tick-3", "10:01"));
  EXPECT_EQ(breaches, Lines{"jobs/default/tick-3 is for 10:01 as jobs/default/tick-1 was"});
  put(*invariant, kinds::kJob, job_for("tick-4", ""));
  EXPECT_EQ(breaches.back(), "jobs/default/tick-4 does not say for what time it is");
  // What the store was put back from has not happened.
  breaches.clear();
  invariant->forget();
  put(*invariant, kinds::kJob, job_for("tick-5", "10:02"));
  EXPECT_EQ(breaches, Lines{});
}

TEST_F(InvariantTest, AJobCountsItsEndsOnceAndForEver) {
  const auto invariant = jobs_exact();
  auto job = named<batch::Job>("work");
  job.mutable_spec()->set_completions(2);
  auto ended = [&](const std::string& name) {
    auto pod = owned<core::Pod>(name, "Job", "work");
    pod.mutable_status()->set_phase("Succeeded");
    put(*invariant, kinds::kPod, pod);
  };
  auto counts = [&](int succeeded, const std::string& end = "") {
    breaches.clear();
    job.mutable_status()->set_succeeded(succeeded);
    job.mutable_status()->clear_conditions();
    if (!end.empty()) {
      auto* condition = job.mutable_status()->add_conditions();
      condition->set_type(end);
      condition->set_status("True");
    }
    put(*invariant, kinds::kJob, job);
    return breaches;
  };
  EXPECT_EQ(counts(0), Lines{});
  ended("work-a");
  EXPECT_EQ(counts(2), Lines{"jobs/default/work counts 2 that succeeded, and 1 have"});
  EXPECT_EQ(counts(1), Lines{"jobs/default/work counts back from 2 that succeeded and 0 that failed to 1 and 0"});
  EXPECT_EQ(counts(1, "Complete"), Lines{"jobs/default/work is Complete with 1 of 2"});
  ended("work-b");
  EXPECT_EQ(counts(2, "Complete"), Lines{});
  EXPECT_EQ(counts(2), Lines{"jobs/default/work was Complete and is \"\""});
  ended("work-c");
  EXPECT_EQ(counts(3), Lines{"jobs/default/work counts 3 that succeeded, asked for 2"});
}

TEST_F(InvariantTest, RecreateKeepsTemplatesApart) {
  const auto invariant = recreate_apart();
  auto deployment = named<apps::Deployment>("web");
  deployment.mutable_spec()->mutable_strategy()->set_type("Recreate");
  put(*invariant, kinds::kDeployment, deployment);
  put(*invariant, kinds::kReplicaSet, owned<apps::ReplicaSet>("web-1", "Deployment", "web"));
  put(*invariant, kinds::kReplicaSet, owned<apps::ReplicaSet>("web-2", "Deployment", "web"));
  auto pod = [](const std::string& set, const std::string& name, const std::string& phase = "Running") {
    auto out = owned<core::Pod>(set + "-" + name, "ReplicaSet", set);
    (*out.mutable_metadata()->mutable_labels())["pod-template-hash"] = set;
    out.mutable_status()->set_phase(phase);
    return out;
  };
  put(*invariant, kinds::kPod, pod("web-1", "a"));
  put(*invariant, kinds::kPod, pod("web-1", "b"));
  EXPECT_EQ(breaches, Lines{});
  put(*invariant, kinds::kPod, pod("web-2", "c"));
  EXPECT_EQ(breaches, (Lines{"pods/default/web-2-c came while pods/default/web-1-a was there",
                             "pods/default/web-2-c came while pods/default/web-1-b was there"}));
  breaches.clear();
  remove(*invariant, kinds::kPod, "web-1-a");
  put(*invariant, kinds::kPod, pod("web-1", "b", "Failed"));
  put(*invariant, kinds::kPod, pod("web-2", "d"));
  EXPECT_EQ(breaches, Lines{});
}

TEST_F(InvariantTest, AnIdentityMayGoAsItWasPutBack) {
  const auto invariant = identities();
  auto zero = owned<core::Pod>("db-0", "StatefulSet", "db");
  zero.mutable_spec()->set_nodename("n");
  zero.mutable_status()->add_containerstatuses()->mutable_state()->mutable_running();
  auto node = named<core::Node>("n");
  node.mutable_metadata()->clear_namespace_();
  put(*invariant, kinds::kNode, node);
  restoring = true;
  put(*invariant, kinds::kPod, zero);
  restoring = false;
  remove(*invariant, kinds::kPod, "db-0");
  EXPECT_EQ(breaches, Lines{});
  put(*invariant, kinds::kPod, zero);
  remove(*invariant, kinds::kPod, "db-0");
  EXPECT_EQ(breaches, Lines{"pods/default/db-0 went while its containers ran on n"});
}

TEST_F(InvariantTest, IdentitiesComeInOrder) {
  const auto invariant = identities();
  put(*invariant, kinds::kStatefulSet, named<apps::StatefulSet>("db"));
  auto zero = owned<core::Pod>("db-0", "StatefulSet", "db");
  put(*invariant, kinds::kPod, zero);
  put(*invariant, kinds::kPod, owned<core::Pod>("db-1", "StatefulSet", "db"));
  EXPECT_EQ(breaches, Lines{"pods/default/db-1 came when db-0 was not ready"});
  breaches.clear();
  make_ready(&zero, true);
  put(*invariant, kinds::kPod, zero);
  put(*invariant, kinds::kPod, owned<core::Pod>("db-1", "StatefulSet", "db", "another"));
  remove(*invariant, kinds::kPod, "db-1");
  put(*invariant, kinds::kPod, owned<core::Pod>("db-1", "StatefulSet", "db", "a third"));
  EXPECT_EQ(breaches, Lines{});
  make_ready(&zero, false);
  put(*invariant, kinds::kPod, zero);
  remove(*invariant, kinds::kPod, "db-1");
  now = now + std::chrono::minutes(5);
  put(*invariant, kinds::kPod, owned<core::Pod>("db-1", "StatefulSet", "db", "a fourth"));
  EXPECT_EQ(breaches, Lines{"pods/default/db-1 came when db-0 was not ready"});
  put(*invariant, kinds::kPod, owned<core::Pod>("db-x", "StatefulSet", "db"));
  EXPECT_EQ(breaches.back(), "pods/default/db-x has no identity of db");
}

TEST_F(InvariantTest, AnIdentityDoesNotGoWhileItRuns) {
  const auto invariant = identities();
  core::Node node;
  node.mutable_metadata()->set_name("node-1");
  put(*invariant, kinds::kNode, node);
  auto pod = owned<core::Pod>("db-0", "StatefulSet", "db");
  pod.mutable_spec()->set_nodename("node-1");
  pod.mutable_status()->add_containerstatuses()->mutable_state()->mutable_running();
  put(*invariant, kinds::kPod, pod);
  remove(*invariant, kinds::kPod, "db-0");
  EXPECT_EQ(breaches, Lines{"pods/default/db-0 went while its containers ran on node-1"});
  breaches.clear();
  pod.mutable_status()->mutable_containerstatuses(0)->mutable_state()->clear_running();
  put(*invariant, kinds::kPod, pod);
  remove(*invariant, kinds::kPod, "db-0");
  EXPECT_EQ(breaches, Lines{});
}

TEST_F(InvariantTest, NoEvictionGoesBelowABudget) {
  const auto invariant = budgets_kept();
  auto budget = named<policy::PodDisruptionBudget>("web");
  (*budget.mutable_spec()->mutable_selector()->mutable_matchlabels())["app"] = "web";
  budget.mutable_status()->set_desiredhealthy(1);
  for (const char* name : {"a", "b"}) {
    auto pod = named<core::Pod>(name);
    (*pod.mutable_metadata()->mutable_labels())["app"] = "web";
    make_ready(&pod, true);
    put(*invariant, kinds::kPod, pod);
  }
  put(*invariant, kinds::kPodDisruptionBudget, budget);
  (*budget.mutable_status()->mutable_disruptedpods())["a"].set_seconds(1);
  put(*invariant, kinds::kPodDisruptionBudget, budget);
  EXPECT_EQ(breaches, Lines{});
  (*budget.mutable_status()->mutable_disruptedpods())["b"].set_seconds(1);
  put(*invariant, kinds::kPodDisruptionBudget, budget);
  EXPECT_EQ(breaches, Lines{"poddisruptionbudgets/default/web at 6: evicting b leaves 0 healthy pods of 1"});
}

TEST_F(InvariantTest, AVolumeIsOneClaimsAlone) {
  const auto invariant = volumes_once();
  auto claim = [](const std::string& name, const std::string& volume) {
    auto out = named<core::PersistentVolumeClaim>(name);
    out.mutable_spec()->set_volumename(volume);
    return out;
  };
  put(*invariant, kinds::kPersistentVolumeClaim, claim("a", ""));
  put(*invariant, kinds::kPersistentVolumeClaim, claim("a", "pv-1"));
  EXPECT_EQ(breaches, Lines{});
  put(*invariant, kinds::kPersistentVolumeClaim, claim("b", "pv-1"));
  EXPECT_EQ(breaches, Lines{"persistentvolumeclaims/default/b has pv-1 while another claim has it"});
  put(*invariant, kinds::kPersistentVolumeClaim, claim("a", "pv-2"));
  EXPECT_EQ(breaches.back(), "persistentvolumeclaims/default/a moved from pv-1 to \"pv-2\"");
}

TEST_F(InvariantTest, NoPodComesBeyondAQuota) {
  const auto invariant = quota_kept();
  auto quota = named<core::ResourceQuota>("bound");
  (*quota.mutable_status()->mutable_hard())["pods"].set_string("1");
  put(*invariant, kinds::kResourceQuota, quota);
  now = now + std::chrono::seconds(10);
  auto pod = named<core::Pod>("a");
  put(*invariant, kinds::kPod, pod);
  pod.mutable_status()->set_phase("Failed");
  put(*invariant, kinds::kPod, pod);
  put(*invariant, kinds::kPod, named<core::Pod>("b"));
  EXPECT_EQ(breaches, Lines{});
  put(*invariant, kinds::kPod, named<core::Pod>("c"));
  EXPECT_EQ(breaches, Lines{"pods/default/c is the 2th pod where bound allows 1"});
  // One that should have gone by now is not counted.
  breaches.clear();
  remove(*invariant, kinds::kPod, "c");
  auto lost = named<core::Pod>("b");
  lost.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(99);
  put(*invariant, kinds::kPod, lost);
  auto next = named<core::Pod>("d");
  next.mutable_metadata()->mutable_creationtimestamp()->set_seconds(100);
  put(*invariant, kinds::kPod, next);
  EXPECT_EQ(breaches, Lines{});
}

TEST_F(InvariantTest, APodIsJudgedByTheQuotaAsItWasWhenItWasCharged) {
  const auto invariant = quota_kept();
  auto bound = [&](const std::string& pods, const Lines& charged) {
    auto quota = named<core::ResourceQuota>("bound");
    (*quota.mutable_status()->mutable_hard())["pods"].set_string(pods);
    std::vector<quota::Reservation> reservations;
    for (const auto& name : charged) {
      reservations.push_back({.id = name, .key = {kinds::kPod, "default", name}, .uid = "uid-" + name});
    }
    quota::keep_reservations(reservations, &quota);
    put(*invariant, kinds::kResourceQuota, quota);
  };
  bound("2", {"a", "b"});
  put(*invariant, kinds::kPod, named<core::Pod>("a"));
  bound("1", {"b"});
  put(*invariant, kinds::kPod, named<core::Pod>("b"));
  EXPECT_EQ(breaches, Lines{});
  bound("1", {"c"});
  put(*invariant, kinds::kPod, named<core::Pod>("c"));
  EXPECT_EQ(breaches, Lines{"pods/default/c is the 3th pod where bound allows 1"});
  // One that was under way when the bound came is not charged, and says nothing of who is charged meanwhile.
  breaches.clear();
  put(*invariant, kinds::kPod, named<core::Pod>("d"));
  bound("1", {"e"});
  put(*invariant, kinds::kPod, named<core::Pod>("e"));
  EXPECT_EQ(breaches, Lines{});
  now = now + std::chrono::seconds(10);
  put(*invariant, kinds::kPod, named<core::Pod>("f"));
  EXPECT_EQ(breaches, Lines{"pods/default/f is the 6th pod where bound allows 1"});
}

}  // namespace
}  // namespace kabuki::tools
