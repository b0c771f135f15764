#include "tests/actors/kubelet/kubelet_sim.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kabuki::kubelet {
namespace {

using ::testing::ElementsAre;

TEST_F(KubeletSim, RegistersReadyNodesAndRenewsTheirLeases) {
  start(1);
  world->run_for(3s);
  for (const std::string name : {"node-0", "node-1", "node-2", "node-3"}) {
    const Object* object = store->find(kinds::kNode, "", name);
    ASSERT_TRUE(object) << name;
    const NodeMessage node = object->as<NodeMessage>();
    EXPECT_EQ(node.status().conditions(3).type() + node.status().conditions(3).status(), "ReadyTrue");
    EXPECT_EQ(node.metadata().annotations().at("kabuki.io/host"), name < "node-2" ? "host-1" : "host-2");
    EXPECT_EQ(node.status().allocatable().at("pods").string(), "110");
  }
  const auto renewed = [&] {
    return store->find(kinds::kLease, "kube-node-lease", "node-3")->as<LeaseMessage>().spec().renewtime().seconds();
  };
  const int64_t first = renewed();
  world->run_for(35s);
  EXPECT_GE(renewed(), first + 20);
}

TEST_F(KubeletSim, RunsABoundPodAndRemovesADeletedOne) {
  start(2);
  world->run_for(2s);
  create("web", "node-1");
  ASSERT_TRUE(until([&] { return running("web"); }));
  EXPECT_EQ(store->pod("web").status().hostip(), "172.16.0.2");
  EXPECT_TRUE(store->pod("web").status().podip().starts_with("10.244."));
  FakeApi::alive->delete_pod("web", 30);
  ASSERT_TRUE(until([&] { return !store->find(kinds::kPod, "default", "web"); }));
  EXPECT_THAT(store->pod_lines, ElementsAre("web Pending", "web Running", "web Succeeded"));
  EXPECT_EQ(store->events.size(), 4u);  // Pulled, Created, Started, Killing
  world->run_for(1s);
  EXPECT_EQ(inspect("host-1", "host-1/kubelet/node-1").children_size(), 0);
}

TEST_F(KubeletSim, GivesEveryPodItsOwnAddressAtOnce) {
  start(3);
  world->run_for(2s);
  for (int i = 0; i < 40; ++i) create("p" + std::to_string(i), "node-" + std::to_string(i % 4));
  ASSERT_TRUE(until([&] {
    for (int i = 0; i < 40; ++i) {
      if (!running("p" + std::to_string(i))) return false;
    }
    return true;
  }));
  std::set<std::string> addresses;
  for (int i = 0; i < 40; ++i) addresses.insert(store->pod("p" + std::to_string(i)).status().podip());
  EXPECT_EQ(addresses.size(), 40u);
  EXPECT_LT(store->batches, store->writes / 3);
}

TEST_F(KubeletSim, KillingActorsIsInvisibleInTheApi) {
  start(4);
  world->run_for(2s);
  create("web", "node-1");
  ASSERT_TRUE(until([&] { return running("web"); }));
  world->run_for(5s);
  const std::string before = store->pod("web").DebugString();
  for (const char* actor : {"host-1/kubelet/node-1/pods/default/web", "host-1/kubelet/node-1",
                            "host-1/kubelet/status-writer", "host-0/api"}) {
    EXPECT_EQ(kill(actor), "") << actor;
    world->run_for(20s);
    EXPECT_EQ(store->pod("web").DebugString(), before) << actor;
    EXPECT_EQ(inspect("host-1", "host-1/kubelet/node-1/pods/default/web").health(), "1/1 containers running");
  }
}

TEST_F(KubeletSim, WatchesThroughViewsThatAreRestarted) {
  start(9);
  world->run_for(2s);
  create("web", "node-2");
  ASSERT_TRUE(until([&] { return running("web"); }));
  const std::string before = store->pod("web").DebugString();
  EXPECT_EQ(kill("host-2/views"), "");
  create("late", "node-3");
  ASSERT_TRUE(until([&] { return running("late"); }));
  FakeApi::alive->delete_pod("late", 1);
  ASSERT_TRUE(until([&] { return !store->find(kinds::kPod, "default", "late"); }));
  EXPECT_EQ(store->pod("web").DebugString(), before);
}

TEST_F(KubeletSim, ACrashedContainerIsARestartOnceItIsAnswered) {
  start(6);
  world->run_for(2s);
  create("web", "node-1");
  ASSERT_TRUE(until([&] { return running("web"); }));
  bus::CrashContainer crash;
  crash.set_container("app");
  crash.set_exit_code(139);
  auto answer = ask("host-0", "host-1/kubelet/node-1/pods/default/web", make_message(crash));
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  const auto recorded = store->pod("web").status().containerstatuses(0);
  EXPECT_TRUE(recorded.state().has_terminated() || recorded.laststate().has_terminated());
  ASSERT_TRUE(until([&] { return store->pod("web").status().containerstatuses(0).restartcount() == 1; }));
  EXPECT_EQ(store->pod("web").status().containerstatuses(0).laststate().terminated().exitcode(), 139);
  crash.set_container("nobody");
  EXPECT_EQ(ask("host-0", "host-1/kubelet/node-1/pods/default/web", make_message(crash)).error().message,
            "the pod has no container \"nobody\"");
}

TEST_F(KubeletSim, APodOfTheSameNameTakesTheFormerOnesPlace) {
  start(7);
  world->run_for(2s);
  create("web", "node-1");
  ASSERT_TRUE(until([&] { return running("web"); }));
  FakeApi::alive->delete_pod("web", 0);
  create("web", "node-1");
  ASSERT_TRUE(until([&] { return running("web") && store->pod("web").metadata().uid() == "uid-2"; }));
}

TEST_F(KubeletSim, APodThatWasPutBackIsNotRemovedForItsFormerEnd) {
  start(8);
  world->run_for(2s);
  create("web", "node-1");
  ASSERT_TRUE(until([&] { return running("web"); }));
  const PodMessage before = store->pod("web");
  store->write_delay = 500ms;
  FakeApi::alive->delete_pod("web", 30);
  ASSERT_TRUE(until([&] { return store->pod("web").status().phase() == "Succeeded"; }));
  // The store is put back while the removal is under way.
  FakeApi::alive->put(kinds::kPod, before);
  store->write_delay = 0s;
  world->run_for(30s);
  EXPECT_TRUE(running("web"));
}

TEST_F(KubeletSim, ConvergesThoughWritesAreLost) {
  for (uint64_t seed = 10; seed < 13; ++seed) {
    store = std::make_shared<FakeStore>();
    start(seed);
    world->run_for(2s);
    store->failing = 0.5;
    for (int i = 0; i < 10; ++i) create("p" + std::to_string(i), "node-" + std::to_string(i % 4), "run-time", "5s");
    world->run_for(20s);
    for (int i = 0; i < 5; ++i) FakeApi::alive->delete_pod("p" + std::to_string(i), 5);
    world->run_for(20s);
    store->failing = 0;
    world->run_for(400s);
    for (int i = 0; i < 10; ++i) {
      const PodMessage pod = store->pod("p" + std::to_string(i));
      EXPECT_EQ(pod.metadata().name().empty(), i < 5) << "seed " << seed << " p" << i;
      if (i >= 5) {
        EXPECT_GT(pod.status().containerstatuses(0).restartcount(), 3);
      }
    }
  }
}

TEST_F(KubeletSim, ProbesReachRunningPodsOverTheNetworkOfHosts) {
  start(8);
  world->run_for(2s);
  create("a", "node-0");
  create("b", "node-3");
  create("c", "node-0");
  create("broken", "node-3", "image-pull", "fail");
  ASSERT_TRUE(until([&] { return running("a") && running("b") && running("c"); }));
  world->run_for(1s);
  const bus::NetProbeReply reply = probe("a", "b", 80);
  EXPECT_TRUE(reply.reached()) << reply.why_not();
  EXPECT_GT(reply.rtt_ns(), 0);
  EXPECT_THAT(reply.path(),
              ElementsAre("pod default/a (" + store->pod("a").status().podip() + ")", "node node-0", "host host-1",
                          "host host-2", "node node-3", "pod default/b (" + store->pod("b").status().podip() + ")"));
  EXPECT_TRUE(probe("a", "c", 0).reached());
  EXPECT_EQ(probe("a", "b", 22).why_not(),
            "pod default/b (" + store->pod("b").status().podip() + ") does not listen on port 22");
  EXPECT_EQ(probe("a", "broken", 0).why_not(),
            "pod default/broken (" + store->pod("broken").status().podip() + ") is not running");
}

TEST_F(KubeletSim, TheSameSeedGivesTheSameRun) {
  std::vector<uint64_t> hashes;
  for (int run = 0; run < 2; ++run) {
    store = std::make_shared<FakeStore>();
    start(42);
    world->run_for(2s);
    for (int i = 0; i < 12; ++i)
      create("p" + std::to_string(i), "node-" + std::to_string(i % 4), "run-time", "exp(5s)");
    world->run_for(60s);
    hashes.push_back(world->trace_hash());
  }
  EXPECT_EQ(hashes[0], hashes[1]);
}

}  // namespace
}  // namespace kabuki::kubelet
