#include "actors/kubelet/lifecycle/resize.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/kubelet/node_room.hpp"
#include "messages/api/core/v1/event.pb.h"
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
  EXPECT_THAT(play.messages, testing::Contains("Container a resize requires restart"));
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

/// The notes of resizes since `from`.
std::vector<std::string> resizes_told(const PodPlay& play, size_t from = 0) {
  std::vector<std::string> out;
  for (size_t i = from; i < play.notes.size(); ++i) {
    if (play.notes[i].starts_with("Resize")) out.push_back(play.notes[i] + ": " + play.messages[i]);
  }
  return out;
}

TEST(Resize, TellsThatItHasStartedAndIsComplete) {
  PodPlay play(pod());
  play.run_until(5);
  set(&play.pod, "cpu", "2");
  play.run_until(6);
  EXPECT_EQ(resizes_told(play), std::vector<std::string>()) << "the node has not answered yet";
  answer(play);
  play.run_until(7);
  const std::string amounts =
      R"({"containers":[{"name":"a","resources":{"requests":{"cpu":"2","memory":"1Gi"}}}],"generation":2})";
  EXPECT_EQ(resizes_told(play), (std::vector<std::string>{"ResizeStarted: Pod resize started: " + amounts,
                                                          "ResizeCompleted: Pod resize completed: " + amounts}));
  play.restart();
  play.run_until(20);
  EXPECT_EQ(resizes_told(play).size(), 2U) << "a kubelet that starts anew has nothing to add";
}

TEST(Resize, IsCompleteWhenTheLastContainerHasBeenRestarted) {
  PodPlay play(pod("resizePolicy { resourceName: 'memory' restartPolicy: 'RestartContainer' }"));
  play.run_until(5);
  set(&play.pod, "memory", "2Gi");
  answer(play);
  play.run_until(5.5);
  EXPECT_EQ(resizes_told(play).size(), 1U);
  EXPECT_TRUE(resizes_told(play)[0].starts_with("ResizeStarted: Pod resize started: "));
  play.restart();
  answer(play);
  play.run_until(10);
  ASSERT_EQ(resizes_told(play).size(), 2U);
  EXPECT_TRUE(resizes_told(play)[1].starts_with("ResizeCompleted: Pod resize completed: ")) << resizes_told(play)[1];
}

TEST(Resize, TellsOfEachAnswerOfItsNodeOnce) {
  PodPlay play(pod());
  play.run_until(5);
  set(&play.pod, "cpu", "3");
  answer(play, "Deferred", "Node didn't have enough resource: cpu");
  play.run_until(6);
  const std::string deferred =
      R"(ResizeDeferred: Pod resize Deferred: {"containers":[{"name":"a","resources":{"requests":{"cpu":"3",)"
      R"("memory":"1Gi"}}}],"generation":2,"error":"Node didn't have enough resource: cpu"})";
  EXPECT_EQ(resizes_told(play), std::vector<std::string>{deferred});
  play.restart();
  answer(play, "Deferred", "Node didn't have enough resource: cpu");
  play.run_until(30);
  EXPECT_EQ(resizes_told(play), std::vector<std::string>{deferred});
  set(&play.pod, "cpu", "100");
  answer(play, "Infeasible", "too much");
  play.run_until(31);
  ASSERT_EQ(resizes_told(play).size(), 2U);
  EXPECT_TRUE(resizes_told(play)[1].starts_with("ResizeInfeasible: Pod resize Infeasible: {"));
  set(&play.pod, "cpu", "1");
  play.run_until(40);
  EXPECT_EQ(resizes_told(play).size(), 2U) << "it has what it asks for";
}

/// A pod that has run with 1 CPU and asks for another amount.
PodMessage asking(const std::string& name, const std::string& cpu, int priority = 0, bool guaranteed = false,
                  int64_t pending_since = 0) {
  PodMessage message = pod();
  message.mutable_metadata()->set_name(name);
  message.mutable_metadata()->set_uid("uid-" + name);
  message.mutable_spec()->set_priority(priority);
  auto* resources = message.mutable_spec()->mutable_containers(0)->mutable_resources();
  if (guaranteed) *resources->mutable_limits() = resources->requests();
  PodPlay play(message);
  play.run_until(5);
  set(&play.pod, "cpu", cpu);
  if (guaranteed)
    *play.pod.mutable_spec()->mutable_containers(0)->mutable_resources()->mutable_limits() =
        play.pod.spec().containers(0).resources().requests();
  if (pending_since != 0) {
    answer(play, "Deferred", "not now");
    play.settle_once();
    for (auto& one : *play.pod.mutable_status()->mutable_conditions()) {
      if (one.type() == kResizePending) one.mutable_lasttransitiontime()->set_seconds(pending_since);
    }
  }
  return play.pod;
}

TEST(Resize, TheOrderIsPriorityThenQualityOfServiceThenPatience) {
  const PodMessage in_order[] = {
      asking("z-less", "500m"),
      asking("y-important", "2", 100),
      asking("x-guaranteed", "2", 0, true),
      asking("w-longest", "2", 0, false, 1000),
      asking("v-longer", "2", 0, false, 2000),
      asking("a-new", "2"),
  };
  for (size_t i = 0; i < std::size(in_order); ++i) {
    for (size_t k = 0; k < std::size(in_order); ++k) {
      EXPECT_EQ(is_resized_before(in_order[i], in_order[k]), i < k) << i << " " << k;
    }
  }
}

TEST(Resize, WhoComesFirstIsGivenRoomWhoeverAsksFirst) {
  PodTable table(*overlay::Ipv4::parse("172.16.0.1"));
  NodeOptions options;
  options.capacity = {{"cpu", "6"}, {"memory", "8Gi"}};
  NodeRoom room(options, table);
  uint64_t revision = 1;
  auto put = [&](const PodMessage& message) {
    const ObjectPtr object = Object::encode(kinds::kPod, message, revision++);
    table.put(object);
    return object;
  };
  const ObjectPtr other = put(asking("other", "1"));
  const ObjectPtr plain = put(asking("plain", "3"));
  const ObjectPtr important = put(asking("important", "3", 100));
  const ObjectPtr huge = put(asking("huge", "5", 1000));
  EXPECT_EQ(room.judge(*huge).reason, "Deferred") << "3 are used";
  EXPECT_EQ(room.judge(*plain).reason, "Deferred") << "3 would be there, but they are asked for by who comes first";
  table.remove("default/other");
  EXPECT_EQ(room.judge(*plain).reason, "Deferred");
  const ResizeVerdict first = room.judge(*important);
  EXPECT_EQ(first.reason, "");
  table.remove("default/huge");
  table.remove("default/important");
  EXPECT_EQ(room.judge(*plain).reason, "");
}

TEST(Resize, LimitsHoldOnceTheyHaveBeenGranted) {
  PodMessage message = pod();
  (*message.mutable_metadata()->mutable_annotations())["sim.kabuki.io/memory-use"] = "900Mi";
  auto& limits = *message.mutable_spec()->mutable_containers(0)->mutable_resources()->mutable_limits();
  limits["memory"].set_string("1Gi");
  PodPlay play(message);
  play.run_until(5);
  (*play.pod.mutable_spec()->mutable_containers(0)->mutable_resources()->mutable_limits())["memory"].set_string(
      "512Mi");
  set(&play.pod, "memory", "512Mi");
  play.run_until(60);
  EXPECT_EQ(play.line(), "Running a:ready/0") << "it has its 1Gi until its node has answered";
  answer(play);
  play.run_until(65);
  EXPECT_EQ(play.pod.status().containerstatuses(0).laststate().terminated().reason(), "OOMKilled") << play.line();
}

struct ResizeSim : KubeletSim {
  void put(const PodMessage& pod) { FakeApi::alive->put(kinds::kPod, pod); }
  std::vector<::k8s::io::api::core::v1::Event> resize_events(const std::string& pod) {
    std::vector<::k8s::io::api::core::v1::Event> out;
    for (const ObjectPtr& object : store->event_objects) {
      const auto event = object->as<::k8s::io::api::core::v1::Event>();
      if (event.involvedobject().name() == pod && event.reason().starts_with("Resize")) out.push_back(event);
    }
    return out;
  }
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
  world->run_for(1s);
  EXPECT_EQ(kill("host-1/kubelet/node-0/pods/default/web"), "");
  world->run_for(5s);
  FakeApi::alive->delete_pod("other", 1);
  EXPECT_TRUE(until([&] { return told(store->pod("web")) == "4/1Gi 4/1Gi"; })) << told(store->pod("web"));
  EXPECT_EQ(store->pod("web").status().containerstatuses(0).restartcount(), 0);
  const auto told_of = [&] {
    std::vector<std::string> out;
    for (const auto& event : resize_events("web")) out.push_back(event.type() + " " + event.reason());
    return out;
  };
  EXPECT_TRUE(until([&] { return told_of().size() == 3; }));
  EXPECT_EQ(told_of(),
            (std::vector<std::string>{"Warning ResizeDeferred", "Normal ResizeStarted", "Normal ResizeCompleted"}));
}

}  // namespace
}  // namespace kabuki::kubelet
