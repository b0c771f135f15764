#include <gtest/gtest.h>

#include "messages/api/core/v1/config_map.pb.h"
#include "messages/bus/pods.pb.h"
#include "tests/actors/kubelet/kubelet_sim.hpp"

namespace kabuki::kubelet {
namespace {

struct KubeletWidth : KubeletSim {
  bus::ReadLogReply log(const bus::ReadLog& request) {
    auto answer = ask("host-0", "host-1/kubelet/node-1", make_message(request), 20s);
    EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().message);
    return answer.ok() ? *(*answer)->as<bus::ReadLogReply>() : bus::ReadLogReply();
  }
  std::string condition(const std::string& node, int i) {
    const auto message = store->find(kinds::kNode, "", node)->as<NodeMessage>();
    return message.status().conditions(i).type() + "=" + message.status().conditions(i).status();
  }
};

TEST_F(KubeletWidth, LogsAreFollowedAcrossHostsToTheEndOfTheContainer) {
  start(1);
  world->run_for(2s);
  create("web", "node-1", "log-every", "2s");
  ASSERT_TRUE(until([&] { return running("web"); }));
  bus::ReadLog request;
  request.set_namespace_("default");
  request.set_pod("web");
  request.set_container("app");
  request.set_follow(true);
  bus::ReadLogReply first = log(request);
  EXPECT_EQ(first.text(), "line 1\n");
  request.set_run(first.run());
  request.set_next(first.next());
  const io::WallTime before = world->clock().wall();
  const bus::ReadLogReply second = log(request);
  EXPECT_EQ(second.text(), "line 2\n");
  EXPECT_GT((world->clock().wall() - before).count(), 1'000'000'000);
  request.set_next(second.next());
  FakeApi::alive->delete_pod("web", 30);
  ASSERT_TRUE(until([&] { return !store->find(kinds::kPod, "default", "web"); }));
  EXPECT_TRUE(log(request).ended());
}

TEST_F(KubeletWidth, ANodeUnderPressureSaysSoEvictsAndRefuses) {
  start(2);
  world->run_for(2s);
  create("web", "node-1");
  create("other", "node-0");
  ASSERT_TRUE(until([&] { return running("web") && running("other"); }));
  NodeMessage node = store->find(kinds::kNode, "", "node-1")->as<NodeMessage>();
  (*node.mutable_metadata()->mutable_annotations())["sim.kabuki.io/pressure"] = "memory";
  FakeApi::alive->put(kinds::kNode, node);
  ASSERT_TRUE(until([&] { return store->pod("web").status().reason() == "Evicted"; }));
  ASSERT_TRUE(until([&] { return condition("node-1", 0) == "MemoryPressure=True"; }));
  EXPECT_EQ(store->pod("web").status().phase(), "Failed");
  EXPECT_EQ(store->pod("other").status().phase(), "Running");
  create("late", "node-1");
  ASSERT_TRUE(until([&] { return store->pod("late").status().reason() == "Evicted"; }));
  EXPECT_EQ(store->pod("late").status().message(), "The node had condition: [MemoryPressure]. ");
  EXPECT_EQ(store->pod("late").status().containerstatuses_size(), 0);
  // A kubelet that starts anew does not say otherwise for a while.
  EXPECT_EQ(kill("host-1/kubelet/node-1"), "");
  for (int i = 0; i < 12; ++i) {
    world->run_for(1s);
    ASSERT_EQ(condition("node-1", 0), "MemoryPressure=True") << i;
  }
  node = store->find(kinds::kNode, "", "node-1")->as<NodeMessage>();
  node.mutable_metadata()->mutable_annotations()->erase("sim.kabuki.io/pressure");
  FakeApi::alive->put(kinds::kNode, node);
  ASSERT_TRUE(until([&] { return condition("node-1", 0) == "MemoryPressure=False"; }));
}

TEST_F(KubeletWidth, APodWhoseConfigMapComesLaterRunsThen) {
  start(3);
  world->run_for(2s);
  PodMessage pod;
  pod.mutable_metadata()->set_name("web");
  pod.mutable_spec()->set_nodename("node-1");
  auto* container = pod.mutable_spec()->add_containers();
  container->set_name("app");
  container->add_envfrom()->mutable_configmapref()->mutable_localobjectreference()->set_name("cfg");
  auto* volume = pod.mutable_spec()->add_volumes();
  volume->set_name("v");
  volume->mutable_volumesource()->mutable_configmap()->mutable_localobjectreference()->set_name("cfg");
  FakeApi::alive->create_pod(pod);
  world->run_for(5s);
  EXPECT_EQ(store->pod("web").status().phase(), "Pending");
  ::k8s::io::api::core::v1::ConfigMap map;
  map.mutable_metadata()->set_namespace_("default");
  map.mutable_metadata()->set_name("cfg");
  FakeApi::alive->put(kinds::kConfigMap, map);
  EXPECT_TRUE(until([&] { return running("web"); }));
}

TEST_F(KubeletWidth, StaticPodsShowTheHostsActorsAndComeBack) {
  begin(4);
  runtime::SupervisorSpec api;
  api.intensity = 100;
  api.children.push_back({.name = "api", .make = [store = store] { return std::make_unique<FakeApi>(store); }});
  add("host-0", api);
  KubeletOptions options;
  options.nodes = simulated_nodes("node-", 0, 2);
  options.static_pods = {"kubelet"};
  runtime::SupervisorSpec root;
  root.intensity = 100;
  root.children.push_back(runtime::supervisor_child("kubelet", kubelet_tree(std::move(options))));
  add("host-1", root);
  world->connect_all();
  for (const std::string& host : world->hosts()) world->host(host)->set_role("api-server", {"host-0/api"});

  const auto mirror = [&] { return store->find(kinds::kPod, "kube-system", "kubelet-node-0"); };
  const auto ready = [&] {
    const PodMessage pod = mirror() ? mirror()->as<PodMessage>() : PodMessage();
    return pod.status().containerstatuses_size() == 4 && pod.status().conditions(2).status() == "True";
  };
  ASSERT_TRUE(until(ready));
  // At rest nothing is written.
  const uint64_t revision = mirror()->revision();
  world->run_for(30s);
  EXPECT_EQ(mirror()->revision(), revision);
  EXPECT_EQ(kill("host-1/kubelet/node-1"), "");
  ASSERT_TRUE(until([&] { return mirror()->as<PodMessage>().status().containerstatuses(1).restartcount() == 1; }));
  PodMessage deleted = mirror()->as<PodMessage>();
  deleted.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(world->clock().wall().seconds() + 30);
  FakeApi::alive->put(kinds::kPod, deleted);
  EXPECT_TRUE(until([&] { return mirror() && !is_deleted(*mirror()) && ready(); }));
}

}  // namespace
}  // namespace kabuki::kubelet
