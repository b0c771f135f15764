#include "runtime/membership.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kabuki::runtime {
namespace {

using Joined = MembershipTable::Joined;
using testing::HasSubstr;

bus::Join join(const std::string& host, const std::string& key, uint64_t incarnation = 0) {
  bus::Join join;
  join.set_host(host);
  join.set_public_key(key);
  join.set_endpoint("tcp://10.0.0.1:7600");
  join.set_incarnation(incarnation);
  join.set_pid(17);
  join.set_nodes(4);
  return join;
}

MembershipTable with_two_hosts() {
  MembershipTable table;
  EXPECT_TRUE(table.join(join("host-1", "key-1")).ok());
  EXPECT_TRUE(table.join(join("", "key-2")).ok());
  return table;
}

TEST(Membership, NamesHostsAboveEveryNameThereEverWas) {
  auto table = with_two_hosts();
  EXPECT_EQ(*table.join(join("", "key-3")), (Joined{"host-3", 1, true}));
  EXPECT_TRUE(table.remove("host-3"));
  EXPECT_EQ(*table.join(join("", "key-4")), (Joined{"host-4", 1, true}));
  auto again = MembershipTable::from_data(table.to_data());
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->remove("host-4"));
  EXPECT_EQ(*again->join(join("", "key-5")), (Joined{"host-5", 1, true}));
}

TEST(Membership, EveryStartGetsAHigherIncarnation) {
  auto table = with_two_hosts();
  EXPECT_EQ(*table.join(join("host-2", "key-2")), (Joined{"host-2", 2, true}));
  EXPECT_EQ(*table.join(join("host-2", "key-2")), (Joined{"host-2", 3, true}));
}

TEST(Membership, TheTriesOfOneStartAreGrantedOneIncarnation) {
  MembershipTable table;
  const auto attempt = [](uint64_t number, uint64_t incarnation = 0) {
    bus::Join out = join("host-2", "key-2", incarnation);
    out.set_attempt(number);
    return out;
  };
  const MembershipTable::Joined first{"host-2", 1, true};
  EXPECT_EQ(*table.join(attempt(71)), first);
  EXPECT_EQ(*table.join(attempt(71)), first) << "a try that came twice";
  EXPECT_TRUE(table.join(attempt(0, 1)).ok()) << "it runs";
  EXPECT_EQ(table.join(attempt(71))->incarnation, 1U) << "a try that comes late does not put the host that runs out";
  auto read = MembershipTable::from_data(table.to_data());
  EXPECT_EQ(read->join(attempt(71))->incarnation, 1U) << "nor at another leader";
  EXPECT_EQ(table.join(attempt(72))->incarnation, 2U);
  EXPECT_TRUE(table.join(attempt(0, 2)).ok());
  EXPECT_FALSE(table.join(attempt(0, 1)).ok());
}

TEST(Membership, ANamelessHostIsKnownByItsKey) {
  auto table = with_two_hosts();
  EXPECT_EQ(*table.join(join("", "key-2")), (Joined{"host-2", 2, true}));
}

TEST(Membership, ARunningHostOnlyComesBackUp) {
  auto table = with_two_hosts();
  EXPECT_TRUE(table.set_up("host-2", false));
  auto version = table.version();
  EXPECT_EQ(*table.join(join("host-2", "key-2", 1)), (Joined{"host-2", 1, false}));
  EXPECT_TRUE(table.rows().at("host-2").up);
  EXPECT_GT(table.version(), version);
  version = table.version();
  EXPECT_EQ(*table.join(join("host-2", "key-2", 1)), (Joined{"host-2", 1, false}));
  EXPECT_EQ(table.version(), version);
}

TEST(Membership, ARunningHostThatIsNotInTheTableIsTakenAsItIs) {
  MembershipTable table;
  EXPECT_EQ(*table.join(join("host-7", "key-7", 5)), (Joined{"host-7", 5, true}));
  EXPECT_EQ(*table.join(join("", "key-8")), (Joined{"host-8", 1, true}));
}

TEST(Membership, RefusesAPastIncarnation) {
  auto table = with_two_hosts();
  EXPECT_TRUE(table.join(join("host-2", "key-2")).ok());
  auto refused = table.join(join("host-2", "key-2", 1));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 409);
  EXPECT_THAT(refused.error().message, HasSubstr("incarnation 1 must end"));
}

TEST(Membership, RefusesANameOrAKeyOfAnother) {
  auto table = with_two_hosts();
  auto before = table.message().SerializeAsString();
  EXPECT_EQ(table.join(join("host-2", "key-9")).error().code, 409);
  EXPECT_EQ(table.join(join("host-9", "key-2")).error().code, 409);
  for (const char* bad : {"Host", "a/b", "-a", "a-", "@a", "host_1"}) {
    EXPECT_EQ(table.join(join(bad, "key-9")).error().code, 400) << bad;
  }
  EXPECT_EQ(table.message().SerializeAsString(), before);
}

TEST(Membership, ComesBackFromItsDataWithEveryHostDown) {
  auto table = with_two_hosts();
  auto again = MembershipTable::from_data(table.to_data());
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(table.set_up("host-1", false));
  EXPECT_TRUE(table.set_up("host-2", false));
  EXPECT_EQ(again->rows(), table.rows());
}

TEST(Membership, AControlPlaneHostStaysOne) {
  auto table = with_two_hosts();
  auto master = join("host-2", "key-2");
  master.set_control_plane(true);
  EXPECT_TRUE(table.join(master)->to_be_kept);
  EXPECT_TRUE(table.join(join("host-2", "key-2")).ok());
  const auto again = MembershipTable::from_data(table.to_data());
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->rows().at("host-1").control_plane);
  EXPECT_TRUE(again->rows().at("host-2").control_plane);
  EXPECT_TRUE(again->message().hosts(1).control_plane());
}

TEST(Membership, NamesTheKeyThatCannotBeRead) {
  auto data = with_two_hosts().to_data();
  data["host-2"] = "{\"incarnation\": -1}";
  auto table = MembershipTable::from_data(data);
  ASSERT_FALSE(table.ok());
  EXPECT_THAT(table.error().message, HasSubstr("\"host-2\""));
}

TEST(Membership, RolesAreTold) {
  auto table = with_two_hosts();
  EXPECT_TRUE(table.set_roles({{"api-server", {"host-1/api-server"}}}));
  EXPECT_FALSE(table.set_roles({{"api-server", {"host-1/api-server"}}}));
  auto message = table.message();
  ASSERT_EQ(message.roles_size(), 1);
  EXPECT_EQ(message.roles(0).role(), "api-server");
  EXPECT_EQ(message.roles(0).holder(), "host-1/api-server");
  EXPECT_EQ(message.hosts_size(), 2);
}

}  // namespace
}  // namespace kabuki::runtime
