#include "actors/kubelet/pod_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/kubelet/net_probe.hpp"
#include "actors/kubelet/node_status.hpp"
#include "actors/kubelet/pod_objects.hpp"
#include "messages/encode.hpp"

namespace kabuki::kubelet {
namespace {

using ::testing::ElementsAre;

ObjectPtr pod(const std::string& name, const std::string& uid, uint64_t revision, const std::string& ip = {},
              bool host_network = false) {
  PodMessage message;
  message.mutable_metadata()->set_namespace_("default");
  message.mutable_metadata()->set_name(name);
  message.mutable_metadata()->set_uid(uid);
  message.mutable_spec()->set_hostnetwork(host_network);
  message.mutable_status()->set_podip(ip);
  return Object::encode(kinds::kPod, message, revision);
}

struct PodTableTest : ::testing::Test {
  PodTable table{*overlay::Ipv4::parse("172.16.0.1")};
  PodTableTest() { table.set_cidr(*overlay::Cidr::parse("10.244.0.0/29")); }
  std::vector<std::string> start() {
    std::vector<std::string> out;
    for (const auto& start : table.start_missing()) out.push_back(start.pod + " " + start.address.text());
    return out;
  }
};

TEST_F(PodTableTest, StartsEveryPodOnceWithAnAddressOfItsOwn) {
  table.put(pod("b", "u1", 1));
  table.put(pod("a", "u2", 2));
  table.put(pod("h", "u3", 3, "", true));
  EXPECT_THAT(start(), ElementsAre("default/a 10.244.0.2", "default/b 10.244.0.3", "default/h 172.16.0.1"));
  EXPECT_THAT(start(), ElementsAre());
}

TEST_F(PodTableTest, ReservesRecordedAddressesBeforeItGivesNewOnes) {
  table.put(pod("a", "u1", 1));
  table.put(pod("b", "u2", 2, "10.244.0.2"));
  table.put(pod("c", "u3", 3, "10.9.9.9"));
  EXPECT_THAT(start(), ElementsAre("default/a 10.244.0.3", "default/b 10.244.0.2", "default/c 10.244.0.4"));
}

TEST_F(PodTableTest, FollowsTheAddressThatAFormerLifeRecorded) {
  table.put(pod("a", "u1", 1));
  EXPECT_THAT(start(), ElementsAre("default/a 10.244.0.2"));
  table.put(pod("a", "u1", 2, "10.244.0.4"));
  EXPECT_EQ(table.find("default/a")->address.text(), "10.244.0.4");
  table.put(pod("b", "u2", 3, "10.244.0.2"));
  EXPECT_THAT(start(), ElementsAre("default/b 10.244.0.2"));
}

TEST_F(PodTableTest, WaitsForAPrefix) {
  PodTable bare{{}};
  bare.put(pod("a", "u1", 1));
  EXPECT_TRUE(bare.start_missing().empty());
  bare.set_cidr(*overlay::Cidr::parse("10.1.0.0/24"));
  EXPECT_EQ(bare.start_missing().size(), 1u);
}

TEST_F(PodTableTest, HoldsAnAddressUntilObjectAndActorAreGone) {
  table.put(pod("a", "u1", 1));
  start();
  EXPECT_TRUE(table.remove("default/a"));
  for (int i = 0; i < 5; ++i) table.put(pod("p" + std::to_string(i), "v" + std::to_string(i), 2 + i));
  EXPECT_EQ(start().size(), 4u);
  EXPECT_EQ(table.without_address(), 1u);
  table.ended("default/a", true);
  EXPECT_THAT(start(), ElementsAre("default/p4 10.244.0.2"));
}

TEST_F(PodTableTest, BringsBackAnActorThatFailedWithTheSameAddress) {
  table.put(pod("a", "u1", 1));
  start();
  table.ended("default/a", false);
  EXPECT_THAT(start(), ElementsAre("default/a 10.244.0.2"));
  table.ended("default/a", true);
  EXPECT_THAT(start(), ElementsAre());
}

TEST_F(PodTableTest, ANewPodOfTheSameNameWaitsForTheFormerActor) {
  table.put(pod("a", "u1", 1));
  start();
  table.remove("default/a");
  EXPECT_TRUE(table.put(pod("a", "u2", 3)));
  EXPECT_THAT(start(), ElementsAre());
  table.ended("default/a", true);
  EXPECT_THAT(start(), ElementsAre("default/a 10.244.0.3"));
}

TEST_F(PodTableTest, WhatIsNotInANewListIsGone) {
  table.put(pod("a", "u1", 1));
  table.put(pod("b", "u2", 2));
  start();
  table.begin_list();
  table.put(pod("b", "u2", 2));
  EXPECT_THAT(table.end_list(), ElementsAre("default/a"));
}

TEST_F(PodTableTest, StartsADonePodAgainOnlyWhenItIsToLookAgain) {
  table.put(pod("a", "u1", 1));
  table.put(pod("b", "u2", 2));
  start();
  table.ended("default/a", true);
  table.ended("default/b", true);
  table.put(pod("a", "u1", 3));
  EXPECT_THAT(start(), ElementsAre());
  table.remove("default/b");
  table.look_again();
  EXPECT_THAT(start(), ElementsAre("default/a 10.244.0.2"));
  table.look_again();
  EXPECT_THAT(start(), ElementsAre());
}

TEST_F(PodTableTest, IgnoresVersionsOlderThanWhatIsKnown) {
  table.put(pod("a", "u1", 5));
  start();
  EXPECT_FALSE(table.put(pod("a", "u1", 4)));
  EXPECT_EQ(table.find("default/a")->pod->revision(), 5u);
}

TEST(PodObjects, AStatusIsSentWithItsMetadataAlone) {
  const ObjectPtr before = pod("a", "u1", 7, "10.0.0.1");
  PodStatusMessage status;
  status.set_phase("Running");
  const ObjectPtr after = status_alone(*before, serialize(status));
  PodMessage expected = before->as<PodMessage>();
  expected.clear_spec();
  *expected.mutable_status() = status;
  EXPECT_EQ(after->body(), Object::encode(kinds::kPod, expected)->body());
  EXPECT_EQ(after->revision(), 7u);
  EXPECT_EQ(recorded_status(*after), serialize(status));
  EXPECT_EQ(recorded_ip(*before), *overlay::Ipv4::parse("10.0.0.1"));
  EXPECT_TRUE(uses_host_network(*pod("h", "u", 1, "", true)));
}

TEST(NodeStatus, IsCurrentOnceItIsWrittenAndNotWhenSomebodyChangesIt) {
  NodeOptions options;
  options.name = "node-1";
  options.address = "172.16.0.2";
  NodeMessage node = new_node(options, "host-1");
  EXPECT_FALSE(node_status_current(options, node));
  set_node_status(options, {5'000'000'000}, &node);
  EXPECT_TRUE(node_status_current(options, node));
  NodeMessage later = node;
  set_node_status(options, {65'000'000'000}, &later);
  EXPECT_EQ(later.status().conditions(3).lasttransitiontime().seconds(), 5);
  EXPECT_EQ(later.status().conditions(3).lastheartbeattime().seconds(), 65);
  node.mutable_status()->mutable_conditions(3)->set_status("Unknown");
  EXPECT_FALSE(node_status_current(options, node));
  auto* foreign = later.mutable_status()->add_conditions();
  foreign->set_type("NetworkUnavailable");
  EXPECT_TRUE(node_status_current(options, later));
}

TEST(NodeStatus, KeepsTheExtendedResourcesThatOthersAdvertise) {
  NodeOptions options;
  options.capacity = {{"cpu", "8"}};
  NodeMessage node = new_node(options, "host-1");
  set_node_status(options, {5'000'000'000}, &node);
  (*node.mutable_status()->mutable_capacity())["example.com/widget"].set_string("4");
  (*node.mutable_status()->mutable_capacity())["cpu"].set_string("9");
  (*node.mutable_status()->mutable_allocatable())["tea"].set_string("9");
  EXPECT_FALSE(node_status_current(options, node));
  set_node_status(options, {65'000'000'000}, &node);
  for (const auto* amounts : {&node.status().capacity(), &node.status().allocatable()}) {
    EXPECT_EQ(amounts->size(), 2U);
    EXPECT_EQ(amounts->at("cpu").string(), "8");
    EXPECT_EQ(amounts->at("example.com/widget").string(), "4");
  }
}

TEST(NodeStatus, AddressesAreDistinctAndDeterministic) {
  EXPECT_EQ(simulated_node_address(0), "172.16.0.1");
  EXPECT_EQ(simulated_node_address(255), "172.16.1.0");
  EXPECT_EQ(simulated_node_address(100'000), "172.17.134.161");
}

TEST(NetRoutes, ComeFromWhatNodesDeclare) {
  NodeOptions options;
  options.name = "node-1";
  options.address = "172.16.0.2";
  NodeMessage node = new_node(options, "host-1");
  set_node_status(options, {}, &node);
  node.mutable_spec()->set_podcidr("10.244.3.0/24");
  const auto routes = routes_of({Object::encode(kinds::kNode, node)});
  EXPECT_EQ(routes.find(*overlay::Ipv4::parse("10.244.3.9")), (overlay::NextHop{"node-1", "host-1"}));
  EXPECT_EQ(routes.find(*overlay::Ipv4::parse("172.16.0.2")), (overlay::NextHop{"node-1", "host-1"}));
}

}  // namespace
}  // namespace kabuki::kubelet
