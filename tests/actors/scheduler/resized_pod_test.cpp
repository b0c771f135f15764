#include "actors/scheduler/resized_pod.hpp"

#include "tests/actors/scheduler/cluster_text.hpp"

namespace kabuki::scheduler::test {
namespace {

/// A pod on n1 that asks for `asked`, was given `given`, and perhaps waits.
ObjectPtr resized(const std::string& asked, const std::string& given, const std::string& conditions = "[]",
                  uint64_t revision = 2) {
  const auto text = "{metadata: {name: web, namespace: default, generation: 2}, spec: {nodeName: n1, " + cpu(asked) +
                    "}, status: {phase: Running, conditions: " + conditions +
                    ", containerStatuses: [{name: a, allocatedResources: {cpu: '" + given +
                    "'}, resources: {requests: {cpu: '" + given + "'}}}]}}";
  return Object::at_revision(*object<k8s::io::api::core::v1::Pod>(kinds::kPod, text), revision);
}

std::string pending(const std::string& reason) {
  return "[{type: PodResizePending, status: 'True', reason: " + reason + "}]";
}

/// Where a pod of 3 CPUs goes beside it on a node of 4.
std::string beside(const ObjectPtr& pod_there) {
  Play play;
  play.state.node_changed(*node("n1"));
  play.state.pod_changed(pod_there);
  return play.put(pod("new", cpu("3")));
}

TEST(ResizedPods, CountTheMostOfWhatTheyAskForAndHave) {
  const std::string no_room = "0/1 nodes are available: 1 Insufficient cpu.";
  EXPECT_EQ(beside(resized("500m", "500m")), "n1");
  EXPECT_EQ(beside(resized("500m", "3")), no_room) << "its node has not taken it back yet";
  EXPECT_EQ(beside(resized("3", "500m")), no_room) << "it may be given more at any time";
  EXPECT_EQ(beside(resized("3", "500m", pending("Deferred"))), no_room);
  EXPECT_EQ(beside(resized("100", "500m", pending("Infeasible"))), "n1") << "it will never be given that";
}

TEST(ResizedPods, MakeRoomWhenTheyHaveGivenBack) {
  Play play;
  play.state.node_changed(*node("n1"));
  play.state.pod_changed(resized("500m", "3"));
  const ObjectPtr waiting = pod("new", cpu("3"));
  EXPECT_NE(play.put(waiting), "n1");
  play.state.pod_changed(resized("500m", "500m", "[]", 3));
  const auto round = play.round();
  ASSERT_EQ(round.binds.size(), 1U);
  EXPECT_EQ(round.binds[0].node, "n1");
}

}  // namespace
}  // namespace kabuki::scheduler::test
