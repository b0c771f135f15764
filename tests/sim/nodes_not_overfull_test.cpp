#include <array>

#include "messages/api/core/v1/node.pb.h"
#include "tests/sim/invariant_test.hpp"

namespace kabuki::tools {
namespace {

struct NodesNotOverfull : InvariantTest {
  std::unique_ptr<Invariant> invariant = nodes_not_overfull();

  void SetUp() override {
    auto node = named<core::Node>("n");
    node.mutable_metadata()->clear_namespace_();
    auto& has = *node.mutable_status()->mutable_allocatable();
    for (const auto& [resource, amount] : std::map<std::string, std::string>{{"cpu", "4"},
                                                                             {"memory", "1Gi"},
                                                                             {"ephemeral-storage", "10Gi"},
                                                                             {"example.com/gpu", "1"},
                                                                             {"pods", "3"}}) {
      has[resource].set_string(amount);
    }
    put(*invariant, kinds::kNode, node);
  }
  static core::Pod pod(const std::string& name, const std::string& resource = "", const std::string& amount = "") {
    auto out = named<core::Pod>(name);
    auto* container = out.mutable_spec()->add_containers();
    if (!resource.empty()) (*container->mutable_resources()->mutable_requests())[resource].set_string(amount);
    return out;
  }
  static core::Pod with_port(const std::string& name, int port, const std::string& protocol, const std::string& ip) {
    auto out = pod(name);
    auto* one = out.mutable_spec()->mutable_containers(0)->add_ports();
    one->set_hostport(port);
    one->set_protocol(protocol);
    one->set_hostip(ip);
    return out;
  }
  void bind(core::Pod what) {
    put(*invariant, kinds::kPod, what);
    what.mutable_spec()->set_nodename("n");
    put(*invariant, kinds::kPod, what);
  }
  void end(core::Pod what) {
    what.mutable_spec()->set_nodename("n");
    what.mutable_status()->set_phase("Succeeded");
    put(*invariant, kinds::kPod, what);
  }
  Lines said() { return std::exchange(breaches, {}); }
};

TEST_F(NodesNotOverfull, JudgesEveryResource) {
  for (const auto& [resource, fits, most] :
       std::vector<std::array<std::string, 3>>{{"cpu", "3", "4"},
                                               {"memory", "900Mi", "1Gi"},
                                               {"ephemeral-storage", "8Gi", "10Gi"},
                                               {"example.com/gpu", "1", "1"}}) {
    bind(pod("a", resource, fits));
    EXPECT_EQ(said(), Lines{}) << resource;
    bind(pod("b", resource, fits));
    const auto lines = said();
    ASSERT_EQ(lines.size(), 1u) << resource;
    EXPECT_NE(lines[0].find(" of " + resource + " asked of n, which has " + most), std::string::npos) << lines[0];
    remove(*invariant, kinds::kPod, "a");
    remove(*invariant, kinds::kPod, "b");
  }
  bind(pod("c", "example.com/none", "1"));
  EXPECT_EQ(said(), Lines{"pods/default/c makes 1 of example.com/none asked of n, which has 0"});
}

TEST_F(NodesNotOverfull, CountsPodsUntilTheyEnd) {
  for (const char* name : {"a", "b", "c"}) bind(pod(name));
  EXPECT_EQ(said(), Lines{});
  end(pod("a"));
  bind(pod("d"));
  EXPECT_EQ(said(), Lines{});
  bind(pod("e"));
  EXPECT_EQ(said(), Lines{"pods/default/e makes 4 of pods asked of n, which has 3"});
}

TEST_F(NodesNotOverfull, CountsInitContainersAsTheyRun) {
  auto with_init = pod("a", "cpu", "1");
  auto* init = with_init.mutable_spec()->add_initcontainers();
  (*init->mutable_resources()->mutable_requests())["cpu"].set_string("3");
  bind(with_init);
  bind(pod("b", "cpu", "1"));
  EXPECT_EQ(said(), Lines{});
  bind(pod("c", "cpu", "1"));
  EXPECT_EQ(said(), Lines{"pods/default/c makes 5 of cpu asked of n, which has 4"});
}

TEST_F(NodesNotOverfull, GivesAPortToOneAlone) {
  bind(with_port("a", 80, "TCP", "10.0.0.1"));
  bind(with_port("b", 80, "UDP", ""));
  bind(with_port("c", 80, "TCP", "10.0.0.2"));
  EXPECT_EQ(said(), Lines{});
  remove(*invariant, kinds::kPod, "c");
  bind(with_port("d", 80, "TCP", ""));
  EXPECT_EQ(said(), Lines{"pods/default/d takes port 80 of n, which another pod has"});
}

}  // namespace
}  // namespace kabuki::tools
