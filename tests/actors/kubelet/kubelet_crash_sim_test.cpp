#include <gtest/gtest.h>

#include "tests/actors/kubelet/kubelet_sim.hpp"

namespace kabuki::kubelet {
namespace {

TEST_F(KubeletSim, ACrashOfTheWholeHostIsInvisibleToItsContainers) {
  start(5);
  world->run_for(2s);
  create("web", "node-1");
  ASSERT_TRUE(until([&] { return running("web"); }));
  const std::string before = store->pod("web").DebugString();
  world->crash_host("host-1");
  world->run_for(30s);
  runtime::Host& back = world->restart_host("host-1", named("host-1", 2));
  ASSERT_TRUE(back.start(host_tree(0)).ok());
  world->connect_all();
  back.set_role("api-server", {"host-0/api"});
  world->run_for(30s);
  EXPECT_EQ(store->pod("web").DebugString(), before);
  EXPECT_EQ(inspect("host-1", "host-1/kubelet/node-1/pods/default/web").health(), "1/1 containers running");
  create("new", "node-1");
  ASSERT_TRUE(until([&] { return running("new"); }));
  EXPECT_NE(store->pod("new").status().podip(), store->pod("web").status().podip());
}

TEST_F(KubeletSim, AProbeToADeadHostSaysSo) {
  start(8);
  world->run_for(2s);
  create("a", "node-0");
  create("b", "node-3");
  ASSERT_TRUE(until([&] { return running("a") && running("b"); }));
  world->crash_host("host-2");
  const bus::NetProbeReply reply = probe("a", "b", 80);
  EXPECT_FALSE(reply.reached());
  EXPECT_TRUE(reply.why_not().starts_with("node node-3 on host-2 does not answer")) << reply.why_not();
}

}  // namespace
}  // namespace kabuki::kubelet
