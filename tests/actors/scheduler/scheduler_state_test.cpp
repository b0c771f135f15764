#include "actors/scheduler/scheduler_state.hpp"

#include <gtest/gtest.h>
#include <map>

#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"

namespace kabuki::scheduler {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr io::MonoTime at(int64_t seconds) { return {seconds * 1'000'000'000}; }

ObjectPtr node(const std::string& name, const char* cpu) {
  core::Node node;
  node.mutable_metadata()->set_name(name);
  auto& allocatable = *node.mutable_status()->mutable_allocatable();
  allocatable["cpu"].set_string(cpu);
  allocatable["memory"].set_string("64Gi");
  allocatable["pods"].set_string("110");
  return Object::encode(kinds::kNode, node, 1);
}

core::Pod pod_message(const std::string& name, const char* cpu) {
  core::Pod pod;
  pod.mutable_metadata()->set_name(name);
  pod.mutable_metadata()->set_namespace_("default");
  pod.mutable_metadata()->set_uid("uid-" + name);
  pod.mutable_spec()->set_schedulername("default-scheduler");
  auto* container = pod.mutable_spec()->add_containers();
  (*container->mutable_resources()->mutable_requests())["cpu"].set_string(cpu);
  return pod;
}

ObjectPtr pod(const std::string& name, const char* cpu, const std::string& on = {}) {
  core::Pod message = pod_message(name, cpu);
  message.mutable_spec()->set_nodename(on);
  return Object::encode(kinds::kPod, message, 1);
}

ObjectPtr encode(const core::Pod& message) { return Object::encode(kinds::kPod, message, 1); }

/// "pod -> node" of each bind, in order.
std::vector<std::string> binds(const SchedulerState::Round& round) {
  std::vector<std::string> out;
  for (const auto& bind : round.binds) out.push_back(std::string(bind.pod->name()) + " -> " + bind.node);
  return out;
}

struct Fixture : testing::Test {
  SchedulerState state{"default-scheduler", io::Random(1)};
};
using SchedulerStateTest = Fixture;

TEST_F(SchedulerStateTest, CountsWhatItAssumedBeforeAnyAnswer) {
  state.node_changed(*node("n1", "1"));
  state.pod_changed(pod("a", "600m"));
  state.pod_changed(pod("b", "600m"));
  const auto round = state.schedule(10, at(0));
  EXPECT_EQ(binds(round), (std::vector<std::string>{"a -> n1"}));
  ASSERT_EQ(round.failures.size(), 1u);
  EXPECT_EQ(
      round.failures[0].message,
      "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims "
      "found for incoming pod.");
}

TEST_F(SchedulerStateTest, ARefusedBindGivesThePlaceBackAndTriesAgain) {
  state.node_changed(*node("n1", "1"));
  state.pod_changed(pod("a", "600m"));
  const auto round = state.schedule(10, at(0));
  state.bind_answered(round.binds[0], BindOutcome::refused, at(0));
  EXPECT_EQ(state.nodes().cpu_used(0), 0);
  EXPECT_EQ(state.assumed(), 0u);
  EXPECT_TRUE(binds(state.schedule(10, at(0))).empty());
  EXPECT_EQ(binds(state.schedule(10, at(1))), (std::vector<std::string>{"a -> n1"}));
}

TEST_F(SchedulerStateTest, AnUnansweredBindKeepsItsPlaceAndIsAskedAgainThere) {
  state.node_changed(*node("n1", "1"));
  state.pod_changed(pod("a", "600m"));
  auto round = state.schedule(10, at(0));
  for (int64_t t = 0; t < 1000; t += 10) {
    state.bind_answered(round.binds[0], BindOutcome::unknown, at(t));
    EXPECT_EQ(state.nodes().cpu_used(0), 600);
    round = state.schedule(10, at(t + 10));
    ASSERT_EQ(binds(round), (std::vector<std::string>{"a -> n1"}));
  }
  state.pod_changed(pod("a", "600m", "n1"));
  EXPECT_EQ(state.assumed(), 0u);
  EXPECT_TRUE(binds(state.schedule(10, at(2000))).empty());
}

TEST_F(SchedulerStateTest, AConflictThatNothingExplainsEndsTheAssumption) {
  state.node_changed(*node("n1", "1"));
  state.pod_changed(pod("a", "600m"));
  auto round = state.schedule(10, at(0));
  int64_t t = 0;
  while (state.assumed() == 1 && t < 1000) {
    state.bind_answered(round.binds[0], BindOutcome::conflict, at(t));
    t += 10;
    if (state.assumed() == 1) round = state.schedule(10, at(t));
  }
  EXPECT_EQ(t, 60);
  EXPECT_EQ(state.nodes().cpu_used(0), 0);
}

TEST_F(SchedulerStateTest, APodBoundElsewhereIsCountedWhereItIs) {
  state.node_changed(*node("n1", "1"));
  state.pod_changed(pod("a", "600m"));
  state.schedule(10, at(0));
  state.node_changed(*node("n2", "1"));
  state.pod_changed(pod("a", "600m", "n2"));
  EXPECT_EQ(state.nodes().cpu_used(state.nodes().find("n1")), 0);
  EXPECT_EQ(state.nodes().cpu_used(state.nodes().find("n2")), 600);
}

TEST_F(SchedulerStateTest, ADeletedPodMakesRoomForOneThatWaits) {
  state.node_changed(*node("n1", "1"));
  state.pod_changed(pod("a", "600m", "n1"));
  state.pod_changed(pod("b", "600m"));
  EXPECT_EQ(state.schedule(10, at(0)).failures.size(), 1u);
  state.pod_deleted({kinds::kPod, "default", "a"});
  EXPECT_EQ(binds(state.schedule(10, at(5))), (std::vector<std::string>{"b -> n1"}));
}

TEST_F(SchedulerStateTest, AFinishedPodMakesRoomToo) {
  state.node_changed(*node("n1", "1"));
  core::Pod done = pod_message("a", "600m");
  done.mutable_spec()->set_nodename("n1");
  state.pod_changed(encode(done));
  done.mutable_status()->set_phase("Succeeded");
  state.pod_changed(encode(done));
  EXPECT_EQ(state.nodes().pods_used(0), 0);
  EXPECT_EQ(state.pods(), 0u);
}

TEST_F(SchedulerStateTest, LeavesAloneWhatIsNotItsOwn) {
  state.node_changed(*node("n1", "8"));
  core::Pod other = pod_message("other", "1");
  other.mutable_spec()->set_schedulername("mine");
  core::Pod gated = pod_message("gated", "1");
  gated.mutable_spec()->add_schedulinggates()->set_name("wait");
  core::Pod going = pod_message("going", "1");
  going.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(1);
  for (const auto& message : {other, gated, going}) state.pod_changed(encode(message));
  EXPECT_TRUE(binds(state.schedule(10, at(0))).empty());
  gated.mutable_spec()->clear_schedulinggates();
  state.pod_changed(encode(gated));
  EXPECT_EQ(binds(state.schedule(10, at(0))), (std::vector<std::string>{"gated -> n1"}));
}

TEST_F(SchedulerStateTest, ANamesakeIsAnotherPod) {
  state.node_changed(*node("n1", "1"));
  state.pod_changed(pod("a", "600m"));
  const auto round = state.schedule(10, at(0));
  core::Pod again = pod_message("a", "100m");
  again.mutable_metadata()->set_uid("another");
  state.pod_changed(encode(again));
  state.bind_answered(round.binds[0], BindOutcome::refused, at(0));
  EXPECT_EQ(binds(state.schedule(10, at(0))), (std::vector<std::string>{"a -> n1"}));
  EXPECT_EQ(state.nodes().cpu_used(0), 100);
}

// Random pods come, go, and are answered in every way; whatever happens, no node is given more than it has.
TEST(SchedulerStateRandom, NeverOversubscribesANode) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    io::Random random(seed);
    SchedulerState state("default-scheduler", random.split("ties"));
    for (int i = 0; i < 5; ++i) state.node_changed(*node("n" + std::to_string(i), "2"));
    std::map<std::string, std::string> bound;  // the truth
    std::vector<SchedulerState::Bind> asked;
    int made = 0;
    for (int64_t t = 0; t < 300; ++t) {
      if (random.chance(0.6)) state.pod_changed(pod("p" + std::to_string(made++), "300m"));
      for (auto& bind : state.schedule(4, at(t)).binds) asked.push_back(bind);
      while (!asked.empty() && random.chance(0.7)) {
        const auto bind = asked.back();
        asked.pop_back();
        const std::string name(bind.pod->name());
        const bool applied = random.chance(0.7) && !bound.contains(name);
        if (applied) bound[name] = bind.node;
        const bool answered = random.chance(0.8);
        state.bind_answered(bind,
                            !answered              ? BindOutcome::unknown
                            : applied              ? BindOutcome::done
                            : bound.contains(name) ? BindOutcome::conflict
                                                   : BindOutcome::refused,
                            at(t));
        if (applied) state.pod_changed(pod(name, "300m", bind.node));
      }
      if (!bound.empty() && random.chance(0.3)) {
        const auto gone = bound.begin()->first;
        state.pod_deleted({kinds::kPod, "default", gone});
        bound.erase(gone);
      }
      std::map<std::string, int> used;
      for (const auto& [name, on] : bound) used[on] += 300;
      for (const auto& [on, milli] : used) ASSERT_LE(milli, 2000) << "seed " << seed << " at " << t;
    }
    EXPECT_GT(made, 100);
    EXPECT_GT(bound.size(), 10u);
  }
}

}  // namespace
}  // namespace kabuki::scheduler
