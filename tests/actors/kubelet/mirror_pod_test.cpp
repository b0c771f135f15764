#include "actors/kubelet/mirror_pod.hpp"

#include <gtest/gtest.h>

#include "actors/api_server/table/printer.hpp"
#include "actors/scheduler/pod_requests.hpp"

namespace kabuki::kubelet {
namespace {

bus::ActorInfo component() {
  bus::ActorInfo out;
  out.set_name("host-1/api-server");
  out.set_state("running");
  for (const char* name : {"http-0", "bus"}) {
    auto* child = out.add_children();
    child->set_name("host-1/api-server/" + std::string(name));
    child->set_state("running");
  }
  return out;
}

NodeMessage node() {
  NodeMessage out;
  out.mutable_metadata()->set_name("node-1");
  out.mutable_metadata()->set_uid("n-1");
  return out;
}

std::string columns(const PodMessage& pod, int64_t seconds) {
  const auto row = api_server::table::pod_printer().row(pod, {seconds * 1'000'000'000});
  const auto text = [&](size_t i) { return std::get<std::string>(row.cells[i]); };
  return text(0) + " " + text(1) + " " + text(2) + " " + text(3);
}

TEST(MirrorPods, ShowEachActorAsAContainer) {
  PodMessage pod = mirror_pod(component(), node());
  EXPECT_EQ(pod.metadata().namespace_(), "kube-system");
  EXPECT_EQ(pod.spec().nodename(), "node-1");
  EXPECT_TRUE(pod.spec().hostnetwork());
  EXPECT_EQ(pod.metadata().ownerreferences(0).kind() + "/" + pod.metadata().ownerreferences(0).uid(), "Node/n-1");
  EXPECT_EQ(pod.metadata().annotations().at("kubernetes.io/config.source"), "file");
  EXPECT_TRUE(is_mirror_pod(*Object::encode(kinds::kPod, pod)));
  *pod.mutable_status() = mirror_status(pod, component(), "10.0.0.1", {5'000'000'000});
  EXPECT_EQ(columns(pod, 6), "api-server-node-1 2/2 Running 0");
  EXPECT_EQ(pod.status().containerstatuses(0).name(), "bus");
  // At rest nothing changes.
  EXPECT_EQ(mirror_status(pod, component(), "10.0.0.1", {9'000'000'000}).DebugString(), pod.status().DebugString());
}

TEST(MirrorPods, TakeNothingThatASchedulerCounts) {
  const auto requests = scheduler::requests_of(mirror_pod(component(), node()).spec());
  EXPECT_EQ(requests.amounts, (std::map<std::string, int64_t>{{"cpu", 0}, {"memory", 0}}));
  EXPECT_EQ(requests.scored_cpu_milli, 0);
  EXPECT_EQ(requests.scored_memory_bytes, 0);
}

TEST(MirrorPods, CountRestartsAndTellOfTrouble) {
  PodMessage pod = mirror_pod(component(), node());
  *pod.mutable_status() = mirror_status(pod, component(), "10.0.0.1", {5'000'000'000});
  bus::ActorInfo now = component();
  now.mutable_children(0)->set_restarts(2);
  *pod.mutable_status() = mirror_status(pod, now, "10.0.0.1", {65'000'000'000});
  EXPECT_EQ(columns(pod, 75), "api-server-node-1 2/2 Running 2 (10s ago)");
  EXPECT_EQ(pod.status().containerstatuses(1).laststate().terminated().startedat().seconds(), 5);
  now.mutable_children(0)->set_state("restarting");
  *pod.mutable_status() = mirror_status(pod, now, "10.0.0.1", {70'000'000'000});
  EXPECT_EQ(columns(pod, 75), "api-server-node-1 1/2 CrashLoopBackOff 2 (10s ago)");
  EXPECT_EQ(pod.status().conditions(2).type() + pod.status().conditions(2).status(), "ReadyFalse");
}

TEST(MirrorPods, AreMadeAnewForOtherActorsAndOtherNodes) {
  PodMessage recorded = mirror_pod(component(), node());
  EXPECT_TRUE(same_actors(mirror_pod(component(), node()), recorded));
  bus::ActorInfo fewer = component();
  fewer.mutable_children()->RemoveLast();
  EXPECT_FALSE(same_actors(mirror_pod(fewer, node()), recorded));
  NodeMessage other = node();
  other.mutable_metadata()->set_uid("n-2");
  EXPECT_FALSE(same_actors(mirror_pod(component(), other), recorded));
  bus::ActorInfo alone;
  alone.set_name("host-1/scheduler");
  EXPECT_EQ(mirror_pod(alone, node()).spec().containers(0).name(), "scheduler");
}

}  // namespace
}  // namespace kabuki::kubelet
