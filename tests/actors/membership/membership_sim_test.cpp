#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <set>

#include "actors/membership/door.hpp"
#include "actors/membership/member_actor.hpp"
#include "actors/membership/membership_actor.hpp"
#include "runtime/membership.hpp"
#include "tests/actors/membership/fake_api.hpp"
#include "tests/runtime/sim_test.hpp"

namespace kabuki::membership {
namespace {

using runtime::ChildSpec;
using runtime::make_message;
using runtime::SupervisorSpec;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

const Key kTable{kinds::kConfigMap, "kube-system", "kabuki-members"};

struct MembershipSim : runtime::sim::SimTest {
  std::shared_ptr<FakeStore> store = std::make_shared<FakeStore>();

  static ChildSpec named_child(const std::string& name, std::function<std::unique_ptr<runtime::Actor>()> make) {
    ChildSpec spec;
    spec.name = name;
    spec.make = std::move(make);
    return spec;
  }
  static ChildSpec member(const std::string& host) {
    return named_child(kMemberName, [host] {
      return make_member({.endpoint = "sim://" + host, .public_key = "key-of-" + host, .pid = 1, .nodes = 2});
    });
  }
  ChildSpec api() {
    return named_child("api", [store = store] { return std::make_unique<FakeApi>(store); });
  }

  /// The first host, with membership and an API server.
  void start_first(uint64_t incarnation = 1) {
    auto& host = incarnation == 1 ? world->add_host(named("host-1"))
                                  : world->restart_host("host-1", named("host-1", incarnation));
    host.set_role("membership", {"host-1/membership"});
    host.set_role("api-server", {"host-1/api"});
    auto root =
        runtime::tree({api(), named_child(kMembershipName, [] { return make_membership(); }), member("host-1")});
    ASSERT_TRUE(host.start(std::move(root)).ok());
  }
  /// Another one, which only knows the first, as its join file told it.
  void start_other(const std::string& name, uint64_t incarnation = 1) {
    auto& host =
        incarnation == 1 ? world->add_host(named(name)) : world->restart_host(name, named(name, incarnation));
    prepare(host);
    ASSERT_TRUE(host.start(runtime::tree({member(name), runtime::child("echo", runtime::sim::echo)})).ok());
  }
  static void prepare(runtime::Host& host) {
    host.set_peer("host-1", 0, "sim://host-1", "key-of-host-1");
    host.set_role("membership", {"host-1/membership"});
  }

  bus::Members members() {
    auto answer = ask("host-1", "host-1/membership", make_message(bus::GetMembers()));
    return answer.ok() ? *(*answer)->as<bus::Members>() : bus::Members();
  }
  /// `host-2/3 up`, one per host.
  std::vector<std::string> lines() {
    std::vector<std::string> out;
    const auto now = members();
    for (const auto& host : now.hosts()) {
      out.push_back(host.name() + "/" + std::to_string(host.incarnation()) + (host.up() ? " up" : " down"));
    }
    return out;
  }
  std::string stored() {
    auto it = store->objects.find(kTable);
    return it == store->objects.end() ? "" : std::string(it->second->body());
  }
};

using Lines = std::vector<std::string>;

TEST_F(MembershipSim, HostsFindEachOtherAndTheRolesThroughTheFirst) {
  start_first();
  start_other("host-2");
  start_other("host-3");
  world->run_for(seconds(5));
  EXPECT_EQ(lines(), (Lines{"host-1/1 up", "host-2/1 up", "host-3/1 up"}));
  EXPECT_THAT(stored(), HasSubstr("key-of-host-3"));
  EXPECT_EQ(said("host-2", "host-3/echo", "hello"), "hello");
  EXPECT_EQ(world->host("host-3")->roles().at("api-server").text, "host-1/api");
}

TEST_F(MembershipSim, NobodyIsLetInBeforeTheTableIsRead) {
  auto& host = world->add_host(named("host-1"));
  host.set_role("membership", {"host-1/membership"});
  ASSERT_TRUE(host.start(runtime::tree({named_child(kMembershipName, [] { return make_membership(); })})).ok());
  bus::Join join;
  join.set_public_key("key-of-host-2");
  auto refused = ask("host-1", "host-1/membership", make_message(join));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 503);
  EXPECT_EQ(stored(), "");
}

TEST_F(MembershipSim, AJoinIsAnsweredOnceItIsStored) {
  start_first();
  world->run_for(seconds(3));
  bus::Join join;
  join.set_public_key("key-of-host-2");
  join.set_endpoint("sim://host-2");
  auto answer = ask("host-1", "host-1/membership", make_message(join));
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  const auto* reply = (*answer)->as<bus::JoinReply>();
  EXPECT_EQ(reply->host(), "host-2");
  EXPECT_EQ(reply->incarnation(), 1u);
  EXPECT_EQ(reply->members().hosts_size(), 2);
  EXPECT_THAT(stored(), HasSubstr("key-of-host-2"));
}

TEST_F(MembershipSim, ACrashedHostIsDownAndItsNextLifeUp) {
  start_first();
  start_other("host-2");
  start_other("host-3");
  world->run_for(seconds(5));
  world->crash_host("host-2");
  world->run_for(seconds(3));
  EXPECT_EQ(lines(), (Lines{"host-1/1 up", "host-2/1 down", "host-3/1 up"}));
  start_other("host-2", 2);
  world->run_for(seconds(5));
  EXPECT_EQ(lines(), (Lines{"host-1/1 up", "host-2/2 up", "host-3/1 up"}));
  EXPECT_EQ(said("host-3", "host-2/echo", "again"), "again");
  EXPECT_EQ(said("host-2", "host-3/echo", "you too"), "you too");
}

TEST_F(MembershipSim, ACutHostComesBackByItself) {
  start_first();
  start_other("host-2");
  world->run_for(seconds(5));
  auto writes = store->writes;
  world->network().isolate("host-2");
  world->run_for(seconds(5));
  EXPECT_EQ(lines(), (Lines{"host-1/1 up", "host-2/1 down"}));
  world->network().heal_all();
  world->run_for(seconds(5));
  EXPECT_EQ(lines(), (Lines{"host-1/1 up", "host-2/1 up"}));
  EXPECT_EQ(store->writes, writes) << "being up is not stored";
}

TEST_F(MembershipSim, AHostWhoseIncarnationIsPastEnds) {
  start_first();
  world->run_for(seconds(3));
  std::optional<runtime::ExitReason> ended;
  world->host("host-1")->on_root_ended([&](const runtime::ExitReason& reason) { ended = reason; });
  bus::Join later;
  later.set_host("host-1");
  later.set_public_key("key-of-host-1");
  later.set_incarnation(5);
  ASSERT_TRUE(ask("host-1", "host-1/membership", make_message(later)).ok());
  EXPECT_TRUE(world->run_until([&] { return ended.has_value(); }, seconds(30)));
}

TEST_F(MembershipSim, APastIncarnationIsHeardByNobody) {
  start_first();
  start_other("host-3");
  world->run_for(seconds(3));
  bus::Join join;
  join.set_host("host-2");
  join.set_public_key("key-of-host-2");
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(ask("host-1", "host-1/membership", make_message(join)).ok());
  start_other("host-2", 1);
  world->run_for(seconds(5));
  EXPECT_THAT(said("host-2", "host-3/echo", "let me"), HasSubstr("50"));
  EXPECT_THAT(lines(), testing::Contains(testing::StartsWith("host-2/2")));
}

TEST_F(MembershipSim, TheFirstHostRemembersTheOthersInItsNextLife) {
  start_first();
  start_other("host-2");
  start_other("host-3");
  world->run_for(seconds(5));
  world->crash_host("host-1");
  world->run_for(seconds(5));
  start_first(2);
  world->run_for(seconds(10));
  EXPECT_EQ(lines(), (Lines{"host-1/2 up", "host-2/1 up", "host-3/1 up"}));
  EXPECT_EQ(said("host-1", "host-3/echo", "back"), "back");
}

TEST_F(MembershipSim, AWriteOfAnotherIsNotOverwritten) {
  start_first();
  start_other("host-2");
  world->run_for(seconds(5));
  store->touch(kTable);
  auto other = store->revision;
  bus::Join join;
  join.set_public_key("key-of-host-3");
  auto first = ask("host-1", "host-1/membership", make_message(join));
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().code, 503);
  EXPECT_EQ(store->revision, other);
  world->run_for(seconds(3));
  auto second = ask("host-1", "host-1/membership", make_message(join));
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ((*second)->as<bus::JoinReply>()->host(), "host-3");
}

TEST_F(MembershipSim, AKilledMembershipActorKnowsEveryoneAgain) {
  start_first();
  start_other("host-2");
  world->run_for(seconds(5));
  ASSERT_TRUE(ask("host-1", "host-1/membership", make_message(bus::KillActor())).ok());
  world->run_for(seconds(5));
  EXPECT_EQ(lines(), (Lines{"host-1/1 up", "host-2/1 up"}));
}

TEST_F(MembershipSim, AHostJoinsForItselfAlone) {
  start_first();
  start_other("host-2");
  world->run_for(seconds(5));
  bus::Join join;
  join.set_host("host-1");
  join.set_public_key("mine");
  auto refused = ask("host-2", "host-1/membership", make_message(join));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 400);
}

bus::Members told_of(const std::string& host, uint64_t epoch) {
  bus::Members members;
  members.set_epoch(epoch);
  for (const std::string& name : std::set<std::string>{"host-1", "host-2", "host-3", host}) {
    auto* added = members.add_hosts();
    added->set_name(name);
    added->set_incarnation(1);
    added->set_endpoint("sim://" + name);
    added->set_public_key("key-of-" + name);
    added->set_control_plane(name != "host-2" && name != "host-3");
  }
  auto* role = members.add_roles();
  role->set_role("scheduler");
  role->set_holder(host + "/scheduler");
  return members;
}

/// A host whose leader of membership is host-1, which says nothing by itself; and host-3, a worker.
struct MemberSim : MembershipSim {
  void SetUp() override {
    MembershipSim::SetUp();
    auto& host = world->add_host(named("host-1"));
    ASSERT_TRUE(host.start(runtime::tree({runtime::child("echo", runtime::sim::echo)})).ok());
    start_other("host-2");
    start_other("host-3");
    world->connect_all();
    world->run_for(seconds(1));
  }
  void tell(const std::string& from, const bus::Members& members) {
    world->host(from)->tell({"host-2/member"}, make_message(members));
    world->run_for(seconds(1));
  }
  std::string scheduler() {
    const auto roles = world->host("host-2")->roles();
    const auto role = roles.find("scheduler");
    return role == roles.end() ? "" : role->second.text;
  }
};

TEST_F(MemberSim, APastLeaderTurnsNothingBack) {
  tell("host-1", told_of("host-1", 10));
  EXPECT_EQ(scheduler(), "host-1/scheduler");
  tell("host-1", told_of("host-4", 20));
  EXPECT_EQ(scheduler(), "host-4/scheduler");
  tell("host-1", told_of("host-1", 19));
  EXPECT_EQ(scheduler(), "host-4/scheduler") << "what was said under an earlier term";
  tell("host-1", told_of("host-5", 20));
  EXPECT_EQ(scheduler(), "host-5/scheduler") << "the same term goes on";
}

TEST_F(MemberSim, AStoreThatBeganAnewIsBelievedInTheEnd) {
  tell("host-1", told_of("host-1", 1000));
  for (int i = 0; i < 18; ++i) tell("host-1", told_of("host-4", 10));
  EXPECT_EQ(scheduler(), "host-1/scheduler");
  for (int i = 0; i < 5; ++i) tell("host-1", told_of("host-4", 10));
  EXPECT_EQ(scheduler(), "host-4/scheduler");
}

TEST_F(MemberSim, AWorkerHasNoSayInWhoThereIs) {
  tell("host-3", told_of("host-3", 30));
  EXPECT_EQ(scheduler(), "");
  tell("host-1", told_of("host-1", 10));
  EXPECT_EQ(scheduler(), "host-1/scheduler");
}

bus::Join join_of(const std::string& host, const std::string& key, uint64_t incarnation = 0) {
  bus::Join join;
  join.set_host(host);
  join.set_public_key(key);
  join.set_incarnation(incarnation);
  return join;
}

TEST(ProvenJoin, TheKeySaysWhoAHostIs) {
  auto proven = proven_join("host-2", "its-key", join_of("", "another-key"));
  ASSERT_TRUE(proven.ok());
  EXPECT_EQ(proven->host(), "host-2");
  EXPECT_EQ(proven->public_key(), "its-key");
  EXPECT_EQ(proven_join("host-2", "its-key", join_of("host-1", "its-key")).error().code, 403);
}

TEST(ProvenJoin, AJoinFileIsForHostsAboutToStartWithAKeyOfTheirOwn) {
  EXPECT_TRUE(proven_join("joining/1", "secret", join_of("", "own")).ok());
  EXPECT_EQ(proven_join("joining/1", "secret", join_of("", "own", 3)).error().code, 403);
  EXPECT_EQ(proven_join("joining/1", "secret", join_of("", "")).error().code, 403);
  EXPECT_EQ(proven_join("joining/1", "secret", join_of("", "secret")).error().code, 403);
}

}  // namespace
}  // namespace kabuki::membership
