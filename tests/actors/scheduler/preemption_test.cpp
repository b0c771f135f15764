#include "messages/api/policy/v1/pod_disruption_budget.pb.h"
#include "tests/actors/scheduler/cluster_text.hpp"

namespace kabuki::scheduler::test {
namespace {

using Names = std::vector<std::string>;

std::string priority(int value, const std::string& more) {
  return "priority: " + std::to_string(value) + ", " + more;
}

struct Preempting : testing::Test, Play {
  /// A pod that runs on a node since that second.
  ObjectPtr running(const std::string& name, const std::string& node, int important, const std::string& asks,
                    const std::string& labels = "{}", int since = 0) {
    auto bound = pod(name, priority(important, "nodeName: " + node + ", " + cpu(asks)), labels)
                     ->as<::k8s::io::api::core::v1::Pod>();
    bound.mutable_status()->mutable_starttime()->set_seconds(1'000'000 + since);
    auto object = Object::encode(kinds::kPod, bound, 1);
    state.pod_changed(object);
    return object;
  }
  /// "node: victims" of the round's only failure.
  std::string victims_of(const ObjectPtr& wanting) {
    state.pod_changed(wanting);
    const auto result = round();
    EXPECT_EQ(result.failures.size(), 1u);
    if (result.failures.empty()) return "placed";
    std::string out = result.failures[0].nominated + ":";
    for (const auto& victim : result.failures[0].victims) out += " " + std::string(victim->name());
    message = result.failures[0].message;
    return out;
  }
  std::string message;
};

TEST_F(Preempting, TakesTheFewestAndLeastImportant) {
  for (const char* name : {"n1", "n2", "n3"}) state.node_changed(*node(name));
  running("a", "n1", 5, "4");
  running("b", "n2", 1, "2");
  running("c", "n2", 1, "2");
  running("d", "n3", 1, "3");
  running("e", "n3", 2, "1");
  EXPECT_EQ(victims_of(pod("vip", priority(10, cpu("2")))), "n2: c");
  EXPECT_EQ(message, "0/3 nodes are available: 3 Insufficient cpu.");
}

TEST_F(Preempting, LeavesWhoIsAsImportantAlone) {
  state.node_changed(*node("n1"));
  running("a", "n1", 10, "4");
  EXPECT_EQ(victims_of(pod("vip", priority(10, cpu("2")))), ":");
  EXPECT_EQ(
      message,
      "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims "
      "found for incoming pod.");
}

TEST_F(Preempting, DoesNotWhereThePodSaysNever) {
  state.node_changed(*node("n1"));
  running("a", "n1", 1, "4");
  EXPECT_EQ(victims_of(pod("vip", priority(10, "preemptionPolicy: Never, " + cpu("2")))), ":");
  EXPECT_EQ(message,
            "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.");
}

TEST_F(Preempting, PrefersVictimsThatNoBudgetGuards) {
  for (const char* name : {"n1", "n2"}) state.node_changed(*node(name));
  running("guarded", "n1", 1, "4", "{app: db}");
  running("free", "n2", 3, "4");
  state.other_changed(*object<::k8s::io::api::policy::v1::PodDisruptionBudget>(
      kinds::kPodDisruptionBudget,
      "{metadata: {name: b, namespace: default}, spec: {selector: {matchLabels: {app: db}}}, status: "
      "{disruptionsAllowed: 0}}"));
  EXPECT_EQ(victims_of(pod("vip", priority(10, cpu("2")))), "n2: free");
}

TEST_F(Preempting, PrefersWhoStartedLast) {
  for (const char* name : {"n1", "n2"}) state.node_changed(*node(name));
  running("old", "n1", 1, "4", "{}", 10);
  running("young", "n2", 1, "4", "{}", 20);
  EXPECT_EQ(victims_of(pod("vip", priority(10, cpu("2")))), "n2: young");
}

TEST_F(Preempting, MakesWayForPortsAndAffinityToo) {
  state.node_changed(*node("n1", "{zone: a}"));
  const std::string port = "containers: [{name: a, image: i, ports: [{containerPort: 80, hostPort: 80}]}]";
  state.pod_changed(pod("holder", priority(1, "nodeName: n1, " + port)));
  EXPECT_EQ(victims_of(pod("vip", priority(10, port))), "n1: holder");
}

TEST_F(Preempting, TheNominatedPlaceIsKeptUntilTheVictimHasGone) {
  state.node_changed(*node("n1"));
  const auto victim = running("victim", "n1", 1, "4");
  const auto vip = pod("vip", priority(10, cpu("4")));
  EXPECT_EQ(victims_of(vip), "n1: victim");
  // Tried again, it waits for the one who goes.
  const auto waiting = round();
  ASSERT_EQ(waiting.failures.size(), 1u);
  EXPECT_TRUE(waiting.failures[0].victims.empty());
  EXPECT_EQ(waiting.failures[0].message,
            "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to a terminating pod on the "
            "nominated node.");
  // The place that is free now is not for a lesser one who comes first.
  state.pod_deleted(victim->key());
  state.pod_changed(pod("lesser", priority(5, cpu("4"))));
  const auto last = round();
  ASSERT_EQ(last.binds.size(), 1u);
  EXPECT_EQ(last.binds[0].pod, vip);
}

TEST_F(Preempting, AVictimThatCouldNotBeDeletedIsChosenAgain) {
  state.node_changed(*node("n1"));
  const auto victim = running("victim", "n1", 1, "4");
  EXPECT_EQ(victims_of(pod("vip", priority(10, cpu("4")))), "n1: victim");
  state.eviction_refused(victim->key());
  state.node_changed(*node("n1", "{changed: x}"));
  const auto again = round();
  ASSERT_EQ(again.failures.size(), 1u);
  EXPECT_EQ(again.failures[0].victims, std::vector<ObjectPtr>{victim});
}

}  // namespace
}  // namespace kabuki::scheduler::test
