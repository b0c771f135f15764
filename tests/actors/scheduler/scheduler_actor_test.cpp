#include "messages/api/core/v1/node.pb.h"
#include "tests/actors/controllers/cluster_sim.hpp"

namespace kabuki::scheduler {
namespace {

namespace core = ::k8s::io::api::core::v1;
using actors::Write;
using namespace std::chrono_literals;

struct SchedulerActors : controllers::ClusterSim {
  core::Pod pod(const std::string& name, const char* cpu) {
    core::Pod pod;
    pod.mutable_metadata()->set_name(name);
    pod.mutable_metadata()->set_namespace_("default");
    auto* container = pod.mutable_spec()->add_containers();
    container->set_name("app");
    container->set_image("nginx");
    (*container->mutable_resources()->mutable_requests())["cpu"].set_string(cpu);
    return pod;
  }
  core::PodCondition scheduled(const std::string& name) {
    const auto object = find(kinds::kPod, "default", name);
    if (!object) return {};
    const auto pod = object->as<core::Pod>();
    for (const auto& condition : pod.status().conditions()) {
      if (condition.type() == "PodScheduled") return condition;
    }
    return {};
  }
};

TEST_F(SchedulerActors, SaysOfAPodWhyItFitsNowhereAndPlacesItOnceItDoes) {
  start(1);
  ASSERT_TRUE(namespace_is_ready());
  ASSERT_TRUE(until([&] { return list(kinds::kNode).size() == 3; }, 60s));
  auto picky = pod("picky", "100m");
  (*picky.mutable_spec()->mutable_nodeselector())["disk"] = "ssd";
  ASSERT_FALSE(write({Write::create(kinds::kPod, picky)})[0].error);
  ASSERT_TRUE(until([&] { return scheduled("picky").status() == "False"; }, 60s));
  EXPECT_EQ(scheduled("picky").reason(), "Unschedulable");
  EXPECT_EQ(scheduled("picky").message(),
            "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are "
            "available: 3 Preemption is not helpful for scheduling.");
  const ObjectPtr node = list(kinds::kNode)[1];
  ASSERT_FALSE(write({Write::merge_patch(node->key(), "", R"({"metadata":{"labels":{"disk":"ssd"}}})")})[0].error);
  ASSERT_TRUE(until([&] { return scheduled("picky").status() == "True"; }, 60s));
  EXPECT_EQ(find(kinds::kPod, "default", "picky")->as<core::Pod>().spec().nodename(), node->name());
}

TEST_F(SchedulerActors, NeverGivesANodeMoreThanItHasEvenWhenKilledMidway) {
  start(2);
  ASSERT_TRUE(namespace_is_ready());
  ASSERT_TRUE(until([&] { return list(kinds::kNode).size() == 3; }, 60s));
  const auto allocatable = list(kinds::kNode)[0]->as<core::Node>().status().allocatable();
  const std::string cpu = allocatable.at("cpu").string();
  std::vector<Write> creates;
  for (int i = 0; i < 12; ++i)
    creates.push_back(Write::create(kinds::kPod, pod("p-" + std::to_string(i), cpu.c_str())));
  write(creates);
  kill("host-1/scheduler");
  world->run_for(50ms);
  kill("host-1/scheduler");
  world->run_for(60s);
  std::map<std::string, int> on;
  for (const ObjectPtr& object : list(kinds::kPod)) ++on[object->as<core::Pod>().spec().nodename()];
  EXPECT_EQ(on[""], 9);
  EXPECT_EQ(on.size(), 4u) << "one whole node for each of three pods";
}

}  // namespace
}  // namespace kabuki::scheduler
