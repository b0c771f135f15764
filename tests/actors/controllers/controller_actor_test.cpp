#include "messages/api/core/v1/event.pb.h"
#include "messages/api/core/v1/namespace.pb.h"
#include "messages/api/core/v1/node.pb.h"
#include "tests/actors/controllers/cluster_sim.hpp"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;
namespace apps = ::k8s::io::api::apps::v1;
using actors::Write;
using ControllerActors = ClusterSim;

TEST_F(ControllerActors, MakeWhatEveryClusterHas) {
  start(1);
  ASSERT_TRUE(namespace_is_ready());
  ASSERT_TRUE(until([&] { return find(kinds::kService, "default", "kubernetes") != nullptr; }, 30s));
  ASSERT_TRUE(until([&] { return list(kinds::kServiceAccount).size() == 4 && list(kinds::kNode).size() == 3; }, 60s));
  std::vector<std::string> namespaces;
  for (const ObjectPtr& one : list(kinds::kNamespace)) namespaces.emplace_back(one->name());
  EXPECT_EQ(namespaces, (std::vector<std::string>{"default", "kube-node-lease", "kube-public", "kube-system"}));
  ASSERT_TRUE(until([&] { return list(kinds::kConfigMap).size() == 4; }, 30s));
  std::set<std::string> cidrs;
  ASSERT_TRUE(until(
      [&] {
        cidrs.clear();
        for (const ObjectPtr& node : list(kinds::kNode)) cidrs.insert(node->as<core::Node>().spec().podcidr());
        return !cidrs.contains("");
      },
      60s));
  EXPECT_EQ(cidrs, (std::set<std::string>{"10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"}));
}

TEST_F(ControllerActors, ADeploymentGetsItsPodsRunsAndGoes) {
  start(2);
  create(6);
  ASSERT_TRUE(until([&] { return ready_pods() == 6; }, 300s));
  ASSERT_TRUE(until(
      [&] {
        const auto d = find(kinds::kDeployment, "default", "web")->as<apps::Deployment>();
        return d.status().availablereplicas() == 6 && d.status().conditions_size() == 2;
      },
      60s));
  write({Write::remove(*find(kinds::kDeployment, "default", "web"))});
  EXPECT_TRUE(until([&] { return list(kinds::kPod).empty() && list(kinds::kReplicaSet).empty(); }, 300s));
}

TEST_F(ControllerActors, ARollingUpdateReplacesEveryPod) {
  start(3);
  create(4);
  ASSERT_TRUE(until([&] { return ready_pods() == 4; }, 300s));
  const auto object = find(kinds::kDeployment, "default", "web");
  auto d = object->as<apps::Deployment>();
  d.mutable_spec()->mutable_template_()->mutable_spec()->mutable_containers(0)->set_image("nginx:2");
  ASSERT_FALSE(write({Write::update(*object, d)})[0].error);
  EXPECT_TRUE(until(
      [&] {
        const auto pods = list(kinds::kPod);
        return pods.size() == 4 && ready_pods() == 4 &&
               std::all_of(pods.begin(), pods.end(), [](const ObjectPtr& pod) {
                 return pod->as<core::Pod>().spec().containers(0).image() == "nginx:2";
               });
      },
      600s));
}

TEST_F(ControllerActors, KillingEveryControllerMidwayChangesNothingInTheEnd) {
  for (uint64_t seed = 10; seed < 13; ++seed) {
    SCOPED_TRACE(seed);
    media.clear();
    start(seed);
    create(12);
    for (const char* actor : {"scheduler", "controllers/replica-set", "controllers/deployment",
                              "controllers/garbage-collector", "controllers/node-ipam", "scheduler"}) {
      world->run_for(io::Duration(world->random(actor).between(0, 400'000'000)));
      kill(std::string("host-1/") + actor);
    }
    ASSERT_TRUE(until([&] { return ready_pods() == 12; }, 300s));
    world->run_for(60s);
    EXPECT_EQ(list(kinds::kPod).size(), 12u);
  }
}

TEST_F(ControllerActors, DeletingANamespaceTakesEverythingInIt) {
  start(5);
  ASSERT_TRUE(namespace_is_ready());
  core::Namespace mine;
  mine.mutable_metadata()->set_name("mine");
  ASSERT_FALSE(write({Write::create(kinds::kNamespace, mine)})[0].error);
  ASSERT_TRUE(until([&] { return find(kinds::kServiceAccount, "mine", "default") != nullptr; }, 60s));
  auto d = deployment(2);
  d.mutable_metadata()->set_namespace_("mine");
  ASSERT_FALSE(write({Write::create(kinds::kDeployment, d)})[0].error);
  ASSERT_TRUE(until([&] { return ready_pods() == 2; }, 300s));
  ASSERT_FALSE(write({Write::remove(*find(kinds::kNamespace, "", "mine"))})[0].error);
  EXPECT_TRUE(until([&] { return find(kinds::kNamespace, "", "mine") == nullptr; }, 300s));
  EXPECT_TRUE(list(kinds::kPod).empty());
}

TEST_F(ControllerActors, SleepUntilThereIsSomethingToControl) {
  start(4);
  ASSERT_TRUE(namespace_is_ready());
  const auto health = [&](const std::string& controller) {
    return inspect("host-1", "host-1/controllers/" + controller).health();
  };
  const std::string sleeps = "sleeps: there is nothing to control";
  EXPECT_EQ(health("replica-set"), sleeps);
  EXPECT_NE(health("node-lifecycle"), sleeps);
  create(1);
  ASSERT_TRUE(until([&] { return ready_pods() == 1; }, 300s));
  EXPECT_NE(health("replica-set"), sleeps);
  EXPECT_EQ(health("stateful-set"), sleeps);
  // One that finds its objects there at its start is awake at once.
  kill("host-1/controllers/replica-set");
  const ObjectPtr pod = list(kinds::kPod).at(0);
  write({Write::remove(*pod)});
  EXPECT_TRUE(
      until([&] { return ready_pods() == 1 && !find(kinds::kPod, "default", std::string(pod->name())); }, 300s));
}

TEST_F(ControllerActors, SayWhatTheyDid) {
  start(6);
  create(1);
  ASSERT_TRUE(until([&] { return ready_pods() == 1; }, 300s));
  auto reasons = [&] {
    std::set<std::string> found;
    for (const ObjectPtr& event : list(kinds::kEvent)) found.insert(event->as<core::Event>().reason());
    return found;
  };
  ASSERT_TRUE(until([&] { return reasons().contains("Scheduled"); }, 60s));
  const auto found = reasons();
  for (const char* reason : {"ScalingReplicaSet", "SuccessfulCreate", "Scheduled"}) {
    EXPECT_TRUE(found.contains(reason)) << reason;
  }
}

}  // namespace
}  // namespace kabuki::controllers
