#include "actors/kubelet/lifecycle/resize.hpp"

#include <gtest/gtest.h>

#include "actors/kubelet/node_room.hpp"
#include "tests/actors/kubelet/kubelet_sim.hpp"
#include "tests/actors/kubelet/pod_play.hpp"

namespace kabuki::kubelet {
namespace {

const std::string kQuick =
    "metadata { generation: 1 annotations { key: 'sim.kabuki.io/start-latency' value: '0s' } annotations { key: "
    "'sim.kabuki.io/stop-latency' value: '1s' } } ";

std::string resources(const std::string& cpu, const std::string& memory) {
  return "resources { requests { key: 'cpu' value { string: '" + cpu +
         "' } } requests { key: 'memory' value { string: '" + memory + "' } } } ";
}

PodMessage pod(const std::string& more = "") {
  return pod_from(kQuick + "spec { containers { name: 'a' image: 'nginx' " + resources("1", "1Gi") + more + " } }");
}

void set(PodMessage* pod, const char* resource, const std::string& amount) {
  auto& requests = *pod->mutable_spec()->mutable_containers(0)->mutable_resources()->mutable_requests();
  requests[resource].set_string(amount);
  pod->mutable_metadata()->set_generation(pod->metadata().generation() + 1);
}

/// "cpu/memory given cpu/memory had", and the conditions of a resize.
std::string told(const PodMessage& pod) {
  const auto& status = pod.status().containerstatuses(0);
  auto amounts = [](const auto& map) { return map.at("cpu").string() + "/" + map.at("memory").string(); };
  std::string out = amounts(status.allocatedresources()) + " " + amounts(status.resources().requests());
  for (const auto& one : pod.status().conditions()) {
    if (!one.type().starts_with("PodResize")) continue;
    out +=
        " " + one.type() + "=" + one.status() + "@" + std::to_string(one.observedgeneration()) + " " + one.reason();
  }
  return out;
}

void answer(PodPlay& play, const std::string& reason = "", const std::string& message = "") {
  ASSERT_TRUE(wants_resize(view_of(play.pod), play.state));
  play.state.rare().resize = {play.pod.metadata().generation(), reason, message};
}

TEST(Resize, WhatAPodWasGivenIsToldFromTheStart) {
  PodPlay play(pod());
  play.run_until(5);
  EXPECT_EQ(told(play.pod), "1/1Gi 1/1Gi");
  EXPECT_FALSE(wants_resize(view_of(play.pod), play.state));
}

TEST(Resize, NothingChangesBeforeTheNodeHasAnswered) {
  PodPlay play(pod());
  play.run_until(5);
  set(&play.pod, "cpu", "2");
  play.run_until(6);
  EXPECT_EQ(told(play.pod), "1/1Gi 1/1Gi");
  answer(play);
  play.run_until(7);
  EXPECT_EQ(told(play.pod), "2/1Gi 2/1Gi");
  EXPECT_EQ(play.line(), "Running a:ready/0") << "it runs on";
  EXPECT_FALSE(wants_resize(view_of(play.pod), play.state));
}

TEST(Resize, WhatTheNodeHasNotIsPending) {
  PodPlay play(pod());
  play.run_until(5);
  set(&play.pod, "cpu", "100");
  answer(play, "Infeasible", "too much");
  play.run_until(6);
  EXPECT_EQ(told(play.pod), "1/1Gi 1/1Gi PodResizePending=True@2 Infeasible");
  // A crash meanwhile gives it what it had.
  play.crash("a", 1);
  play.run_until(60);
  EXPECT_EQ(told(play.pod), "1/1Gi 1/1Gi PodResizePending=True@2 Infeasible");
  set(&play.pod, "cpu", "3");
  play.run_until(61);
  EXPECT_EQ(told(play.pod), "1/1Gi 1/1Gi PodResizePending=True@2 Infeasible") << "until there is another answer";
  answer(play, "Deferred", "not now");
  play.run_until(62);
  EXPECT_EQ(told(play.pod), "1/1Gi 1/1Gi PodResizePending=True@3 Deferred");
  set(&play.pod, "cpu", "1");
  play.run_until(63);
  EXPECT_EQ(told(play.pod), "1/1Gi 1/1Gi") << "it has what it asks for";
}

TEST(Resize, RestartsAContainerWhosePolicySaysSo) {
  PodPlay play(pod("resizePolicy { resourceName: 'memory' restartPolicy: 'RestartContainer' }"));
  play.pod.mutable_spec()->set_restartpolicy("OnFailure");
  play.run_until(5);
  set(&play.pod, "cpu", "2");
  answer(play);
  play.run_until(6);
  EXPECT_EQ(play.line(), "Running a:ready/0") << "cpu needs none";
  set(&play.pod, "memory", "2Gi");
  answer(play);
  play.run_until(6.5);
  EXPECT_EQ(told(play.pod), "2/2Gi 2/1Gi PodResizeInProgress=True@3 ");
  EXPECT_EQ(play.messages.back(), "Container a resize requires restart");
  play.run_until(10);
  EXPECT_EQ(play.line(), "Running a:ready/1");
  EXPECT_EQ(told(play.pod), "2/2Gi 2/2Gi");
}

TEST(Resize, GoesOnWithAKubeletThatIsRestarted) {
  PodPlay play(pod("resizePolicy { resourceName: 'memory' restartPolicy: 'RestartContainer' }"));
  play.run_until(5);
  set(&play.pod, "memory", "2Gi");
  answer(play);
  play.settle_once();
  play.restart();
  play.settle_once();
  EXPECT_EQ(told(play.pod), "1/2Gi 1/1Gi PodResizeInProgress=True@2 ");
  answer(play);
  play.run_until(10);
  EXPECT_EQ(play.line(), "Running a:ready/1");
  EXPECT_EQ(told(play.pod), "1/2Gi 1/2Gi");
}

TEST(Resize, TheSameAmountInOtherWordsIsNone) {
  PodPlay play(pod("resizePolicy { resourceName: 'cpu' restartPolicy: 'RestartContainer' }"));
  play.run_until(5);
  set(&play.pod, "cpu", "1000m");
  play.run_until(10);
  EXPECT_FALSE(wants_resize(view_of(play.pod), play.state));
  EXPECT_EQ(play.line(), "Running a:ready/0");
}

TEST(Resize, IsJudgedInKubernetesWords) {
  struct Case {
    Room requested, used, capacity;
    std::string reason, message;
  };
  const Case cases[] = {
      {{1000, 100}, {3000, 0}, {4000, 100}, "", ""},
      {{5000, 100},
       {0, 0},
       {4000, 100},
       "Infeasible",
       "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000"},
      {{5000, 200},
       {0, 0},
       {4000, 100},
       "Infeasible",
       "Node didn't have enough capacity: memory, requested: 200, capacity: 100"},
      {{2000, 10},
       {3000, 0},
       {4000, 100},
       "Deferred",
       "Node didn't have enough resource: cpu, requested: 2000, used: 3000, capacity: 4000"},
      {{1000, 60},
       {3000, 50},
       {4000, 100},
       "Deferred",
       "Node didn't have enough resource: memory, requested: 60, used: 50, capacity: 100"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(judge_resize(one.requested, one.used, one.capacity), (ResizeVerdict{0, one.reason, one.message}));
  }
}

TEST(Resize, ANodeGivesNothingAwayTwice) {
  PodTable table(*overlay::Ipv4::parse("172.16.0.1"));
  NodeOptions options;
  options.capacity = {{"cpu", "4"}, {"memory", "8Gi"}};
  NodeRoom room(options, table);
  auto running = [](const std::string& name, uint64_t revision) {
    PodPlay play(pod());
    play.pod.mutable_metadata()->set_name(name);
    play.pod.mutable_metadata()->set_uid("uid-" + name);
    play.run_until(5);
    set(&play.pod, "cpu", "3");
    return std::pair(Object::encode(kinds::kPod, play.pod, revision), play.pod);
  };
  const auto [a, a_message] = running("a", 1);
  const auto [b, b_message] = running("b", 2);
  table.put(a);
  table.put(b);
  EXPECT_EQ(room.judge(*a).reason, "");
  const ResizeVerdict second = room.judge(*b);
  EXPECT_EQ(second.reason, "Deferred");
  EXPECT_EQ(second.message, "Node didn't have enough resource: cpu, requested: 3000, used: 3000, capacity: 4000");
  EXPECT_EQ(second.generation, 2);
  table.remove("default/a");
  EXPECT_EQ(room.judge(*b).reason, "");
}

struct ResizeSim : KubeletSim {
  void put(const PodMessage& pod) { FakeApi::alive->put(kinds::kPod, pod); }
  PodMessage sized(const std::string& name, const std::string& cpu) {
    auto message = pod_from(
        "metadata { generation: 1 } spec { nodeName: 'node-0' containers { name: 'app' image: "
        "'nginx' " +
        resources(cpu, "1Gi") + "} }");
    message.mutable_metadata()->clear_uid();
    message.mutable_metadata()->set_name(name);
    return message;
  }
};

TEST_F(ResizeSim, APodGetsMoreOnceItsNodeHasIt) {
  start(5);
  world->run_for(2s);
  FakeApi::alive->create_pod(sized("web", "1"));
  FakeApi::alive->create_pod(sized("other", "6"));
  ASSERT_TRUE(until([&] { return running("web") && running("other"); }));
  PodMessage message = store->pod("web");
  set(&message, "cpu", "4");
  put(message);
  ASSERT_TRUE(until([&] { return told(store->pod("web")).ends_with("Deferred"); })) << told(store->pod("web"));
  EXPECT_EQ(kill("host-1/kubelet/node-0/pods/default/web"), "");
  world->run_for(5s);
  FakeApi::alive->delete_pod("other", 1);
  EXPECT_TRUE(until([&] { return told(store->pod("web")) == "4/1Gi 4/1Gi"; })) << told(store->pod("web"));
  EXPECT_EQ(store->pod("web").status().containerstatuses(0).restartcount(), 0);
}

}  // namespace
}  // namespace kabuki::kubelet
