#include "actors/kubelet/node_use.hpp"

#include <gtest/gtest.h>

#include "tests/actors/kubelet/pod_play.hpp"

namespace kabuki::kubelet {
namespace {

TEST(NodeUse, CountsWhatRunsAndTheNodeItself) {
  const auto pod = [](const std::string& name, const std::string& status) {
    return Object::encode(
        kinds::kPod,
        pod_from(
            "metadata { name: '" + name + "' namespace: 'default' uid: 'u-" + name +
            "' annotations { key: 'sim.kabuki.io/cpu-use' value: '100m' } "
            "annotations { key: 'sim.kabuki.io/memory-use' value: 'steps(10Mi,1m,20Mi)' } } "
            "spec { initContainers { name: 'init' } containers { name: 'a' } containers { name: 'b' } } status { " +
            status + " }"));
  };
  const std::string running = "state { running { startedAt { seconds: 1000 } } }";
  PodTable pods{overlay::Ipv4{}};
  pods.put(pod("web", "containerStatuses { name: 'a' " + running +
                          " } containerStatuses { name: 'b' state { waiting { "
                          "reason: 'CrashLoopBackOff' } } } initContainerStatuses { name: 'init' " +
                          running + " }"));
  pods.put(pod("new", ""));
  const auto use = [&](int64_t seconds) { return node_use("node-1", pods, {}, {seconds * 1'000'000'000}); };
  const bus::NodeUse young = use(1'030);
  ASSERT_EQ(young.pods_size(), 1) << "nothing of the other runs";
  EXPECT_EQ(
      young.pods(0).ShortDebugString(),
      "namespace: \"default\" name: \"web\" uid: \"u-web\" containers { name: \"a\" cpu_milli: 100 memory_bytes: "
      "10485760 }");
  EXPECT_EQ(young.node(), "node-1");
  EXPECT_EQ(young.at_ns(), 1'030'000'000'000);
  EXPECT_EQ(young.cpu_milli(), 150);
  EXPECT_EQ(young.memory_bytes(), (256 + 10) << 20);
  EXPECT_EQ(use(1'060).pods(0).containers(0).memory_bytes(), 20 << 20);
}

TEST(NodeUse, ShowsTheControlPlanesPodsAmongTheOthers) {
  const auto pod = [](const std::string& ns, const std::string& name) {
    PodMessage message =
        pod_from("metadata { name: '" + name + "' uid: 'u-" + name +
                 "' } spec { containers { name: 'a' } } status { containerStatuses { name: 'a' "
                 "containerID: 'kabuki://a/0' state { running { startedAt { seconds: 1000 } } } } }");
    message.mutable_metadata()->set_namespace_(ns);
    return Object::encode(kinds::kPod, message);
  };
  PodTable pods{overlay::Ipv4{}};
  pods.put(pod("default", "web"));
  pods.put(pod("shop", "web"));
  const std::map<std::string, ObjectPtr> mirrors{
      {"kube-system/scheduler-node-1", pod("kube-system", "scheduler-node-1")}};
  const bus::NodeUse use = node_use("node-1", pods, mirrors, {1'030'000'000'000});
  std::string told;
  for (const auto& one : use.pods()) {
    told += one.namespace_() + "/" + one.name() + " " + std::to_string(one.containers(0).cpu_milli()) + "m " +
            std::to_string(one.containers(0).memory_bytes() >> 20) + "Mi\n";
  }
  EXPECT_EQ(told, "default/web 1m 2Mi\nkube-system/scheduler-node-1 1m 2Mi\nshop/web 1m 2Mi\n");
}

}  // namespace
}  // namespace kabuki::kubelet
