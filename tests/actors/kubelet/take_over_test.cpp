#include <gtest/gtest.h>
#include <set>

#include "tests/actors/kubelet/kubelet_sim.hpp"

namespace kabuki::kubelet {
namespace {

/// Kubelets whose former life has a write under way at the API server.
struct TakeOver : KubeletSim {
  /// A pod "b" whose first status has arrived at the API server and is not written yet, and a younger pod "a" whose
  /// first status has not been sent. By their names "a" comes first, so that another life gives it the address of
  /// "b".
  void write_under_way(const std::string& node) {
    start(3);
    world->run_for(2s);
    store->write_delay = 500ms;
    create("b", node);
    world->run_for(100ms);
    create("a", node);
    world->run_for(2ms);
    ASSERT_EQ(store->pod("b").status().podip(), "");
  }
  std::set<std::string> addresses() {
    std::set<std::string> out;
    for (const auto& [key, object] : store->objects) {
      if (key.kind == kinds::kPod) out.insert(object->as<PodMessage>().status().podip());
    }
    return out;
  }
  void expect_each_its_own() {
    ASSERT_TRUE(until([&] { return running("a") && running("b"); }));
    world->run_for(30s);
    EXPECT_TRUE(running("a") && running("b"));
    EXPECT_EQ(addresses().size(), 2u) << store->pod("a").status().podip() << " " << store->pod("b").status().podip();
  }
};

TEST_F(TakeOver, OfNodeAndWriterGivesNoAddressThatIsStillBeingWritten) {
  write_under_way("node-2");
  ASSERT_EQ(kill("host-2/kubelet"), "");
  expect_each_its_own();
}

TEST_F(TakeOver, OfANodeWhoseWriterDiesNextGivesNoAddressThatIsStillBeingWritten) {
  write_under_way("node-0");
  ASSERT_EQ(kill("host-1/kubelet/node-0"), "");
  ASSERT_EQ(kill("host-1/kubelet/status-writer"), "");
  expect_each_its_own();
}

TEST_F(TakeOver, OfAWholeHostGivesNoAddressThatIsStillBeingWritten) {
  write_under_way("node-0");
  world->crash_host("host-1");
  runtime::Host& back = world->restart_host("host-1", named("host-1", 2));
  ASSERT_TRUE(back.start(host_tree(0)).ok());
  world->connect_all();
  back.set_role("api-server", {"host-0/api"});
  expect_each_its_own();
}

TEST_F(TakeOver, GoesOnWhenTheApiServerDoesNotAnswerAtFirst) {
  write_under_way("node-0");
  store->write_delay = 0ms;
  store->failing = 0.8;
  ASSERT_EQ(kill("host-1/kubelet"), "");
  world->run_for(5s);
  store->failing = 0;
  expect_each_its_own();
}

}  // namespace
}  // namespace kabuki::kubelet
