#include <gtest/gtest.h>

#include "overlay/address_pool.hpp"
#include "overlay/cidr.hpp"
#include "overlay/probe.hpp"
#include "overlay/routes.hpp"

namespace kabuki::overlay {
namespace {

Cidr cidr(const char* text) { return Cidr::parse(text).value(); }
Ipv4 ip(const char* text) { return Ipv4::parse(text).value(); }

TEST(Ipv4, ReadsWhatItWrites) {
  for (const char* text : {"0.0.0.0", "10.244.0.7", "172.16.255.1", "255.255.255.255"}) {
    EXPECT_EQ(ip(text).text(), text);
  }
}

TEST(Ipv4, RefusesWhatIsNoAddress) {
  for (const char* text :
       {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", "a.b.c.d", "1..2.3", "-1.2.3.4"}) {
    EXPECT_FALSE(Ipv4::parse(text)) << text;
  }
}

TEST(Cidr, RefusesMalformedPrefixesAndBitsBehindThem) {
  for (const char* text : {"10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.1/24", "x/8", "10.0.0.0/8x"}) {
    EXPECT_FALSE(Cidr::parse(text).ok()) << text;
  }
  EXPECT_EQ(cidr("0.0.0.0/0").size(), uint64_t{1} << 32);
}

TEST(Cidr, CutsSubnetsInOrderThatCoverItOnce) {
  const Cidr cluster = cidr("10.244.0.0/16");
  EXPECT_EQ(cluster.subnets(24), 256u);
  EXPECT_EQ(cluster.subnet(0, 24), cidr("10.244.0.0/24"));
  EXPECT_EQ(cluster.subnet(255, 24), cidr("10.244.255.0/24"));
  EXPECT_EQ(cluster.subnets(8), 0u);
  EXPECT_TRUE(cluster.overlaps(cidr("10.244.3.0/24")));
  EXPECT_FALSE(cidr("10.244.2.0/24").overlaps(cidr("10.244.3.0/24")));
}

TEST(AddressPool, GivesEveryUsableAddressOnceThenRefuses) {
  AddressPool pool(cidr("10.244.1.0/29"));
  std::vector<std::string> given;
  for (auto address = pool.allocate(); address.ok(); address = pool.allocate()) given.push_back(address->text());
  EXPECT_EQ(given, (std::vector<std::string>{"10.244.1.2", "10.244.1.3", "10.244.1.4", "10.244.1.5", "10.244.1.6"}));
  EXPECT_EQ(pool.allocate().error().code, 429);
  EXPECT_EQ(pool.used(), pool.capacity());
}

TEST(AddressPool, UsesAReleasedAddressLast) {
  AddressPool pool(cidr("10.244.1.0/29"));
  const Ipv4 first = *pool.allocate();
  pool.release(first);
  std::vector<std::string> given;
  for (int i = 0; i < 5; ++i) given.push_back(pool.allocate()->text());
  EXPECT_EQ(given, (std::vector<std::string>{"10.244.1.3", "10.244.1.4", "10.244.1.5", "10.244.1.6", "10.244.1.2"}));
}

TEST(AddressPool, RebuiltFromRecordedAddressesNeverGivesOneOfThemTwice) {
  AddressPool pool(cidr("10.244.1.0/29"));
  EXPECT_TRUE(pool.reserve(ip("10.244.1.4")));
  EXPECT_TRUE(pool.reserve(ip("10.244.1.2")));
  EXPECT_FALSE(pool.reserve(ip("10.244.1.2")));
  EXPECT_FALSE(pool.reserve(ip("10.244.2.2")));
  EXPECT_FALSE(pool.reserve(ip("10.244.1.1")));
  std::vector<std::string> given;
  for (auto address = pool.allocate(); address.ok(); address = pool.allocate()) given.push_back(address->text());
  EXPECT_EQ(given, (std::vector<std::string>{"10.244.1.5", "10.244.1.6", "10.244.1.3"}));
}

TEST(AddressPool, ReleasingWhatIsNotInUseChangesNothing) {
  AddressPool pool(cidr("10.244.1.0/24"));
  pool.release(ip("10.244.1.9"));
  pool.release(ip("10.9.9.9"));
  EXPECT_EQ(pool.used(), 0u);
  EXPECT_EQ(pool.capacity(), 253u);
}

TEST(RouteTable, FindsTheNodeWithTheLongestPrefix) {
  RouteTable routes;
  routes.set_node({"node-1", "host-1"}, {cidr("10.244.0.0/24")}, ip("172.16.0.1"));
  routes.set_node({"node-2", "host-2"}, {cidr("10.244.1.0/24")}, ip("172.16.0.2"));
  routes.set_node({"edge", "host-3"}, {cidr("10.0.0.0/8")}, std::nullopt);
  EXPECT_EQ(routes.find(ip("10.244.1.7")), (NextHop{"node-2", "host-2"}));
  EXPECT_EQ(routes.find(ip("172.16.0.1")), (NextHop{"node-1", "host-1"}));
  EXPECT_EQ(routes.find(ip("10.1.1.1")), (NextHop{"edge", "host-3"}));
  EXPECT_EQ(routes.find(ip("192.168.0.1")), std::nullopt);
}

TEST(RouteTable, ForgetsWhatANodeHadBefore) {
  RouteTable routes;
  routes.set_node({"node-1", "host-1"}, {cidr("10.244.0.0/24")}, std::nullopt);
  routes.set_node({"node-1", "host-2"}, {cidr("10.244.5.0/24")}, std::nullopt);
  EXPECT_EQ(routes.find(ip("10.244.0.7")), std::nullopt);
  EXPECT_EQ(routes.find(ip("10.244.5.7")), (NextHop{"node-1", "host-2"}));
  routes.remove_node("node-1");
  EXPECT_EQ(routes.find(ip("10.244.5.7")), std::nullopt);
  EXPECT_EQ(routes.nodes(), 0u);
}

TEST(Probe, ArrivesOnlyAtARunningPodThatDeclaresThePort) {
  const std::vector<PodEndpoint> pods = {{"default", "a", ip("10.244.0.2"), true, {80, 443}},
                                         {"default", "b", ip("10.244.0.3"), false, {80}}};
  PodEndpoint taker;
  EXPECT_EQ(why_not_to(ip("10.244.0.2"), 443, pods, &taker), "");
  EXPECT_EQ(taker, pods[0]);
  EXPECT_EQ(why_not_to(ip("10.244.0.2"), 0, pods), "");
  EXPECT_EQ(why_not_to(ip("10.244.0.2"), 22, pods), "pod default/a (10.244.0.2) does not listen on port 22");
  EXPECT_EQ(why_not_to(ip("10.244.0.3"), 80, pods), "pod default/b (10.244.0.3) is not running");
  EXPECT_EQ(why_not_to(ip("10.244.0.9"), 80, pods), "no pod has the address 10.244.0.9");
  EXPECT_EQ(why_not_from(pods[0]), "");
  EXPECT_EQ(why_not_from({"default", "c", {}, false, {}}), "pod default/c has no address yet");
}

}  // namespace
}  // namespace kabuki::overlay
