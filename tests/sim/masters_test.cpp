#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "actors/write.hpp"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/bus/control.pb.h"
#include "messages/bus/objects.pb.h"
#include "tests/sim/paused_leader.hpp"
#include "tools/sim/report.hpp"

namespace kabuki::tools {
namespace {

using namespace std::chrono_literals;
using actors::Write;
using Pod = ::k8s::io::api::core::v1::Pod;

const leader_election::ElectionOptions kFast{.lease_duration = 2s, .renew_deadline = 1300ms, .retry_period = 300ms};

SimClusterOptions three_masters(uint64_t seed) {
  SimClusterOptions options;
  options.seed = seed;
  options.hosts = 4;
  options.masters = 3;
  return options;
}

struct Masters {
  explicit Masters(SimClusterOptions options) : cluster(std::move(options)) {
    EXPECT_TRUE(cluster.start(60s));
    cluster.run_for(10s);
  }
  ~Masters() { cluster.close(); }

  Result<runtime::MessagePtr> ask(const std::string& host, const runtime::Address& to, runtime::MessagePtr message) {
    auto answer = std::make_shared<std::optional<Result<runtime::MessagePtr>>>();
    cluster.ask(host, to, std::move(message), 10s, [answer](auto result) { *answer = std::move(result); });
    EXPECT_TRUE(cluster.run_until([&] { return answer->has_value(); }, 15s, 1ms));
    return **answer;
  }
  Result<runtime::MessagePtr> ask_api(const std::string& host, runtime::MessagePtr message) {
    return ask(host, runtime::role(runtime::roles::kApiServer), std::move(message));
  }
  std::string leader(const std::string& elector, const std::string& by = "host-1") {
    auto answer = ask(by, {by + "/" + elector}, runtime::make_message(bus::GetLeader()));
    return answer ? (*answer)->as<bus::Leader>()->holder() : "";
  }
  std::string other(const std::string& host) { return host == "host-1" ? "host-2" : "host-1"; }
  bool create(const std::string& host, const std::string& name) {
    Pod pod;
    pod.mutable_metadata()->set_namespace_("default");
    pod.mutable_metadata()->set_name(name);
    auto* container = pod.mutable_spec()->add_containers();
    container->set_name("app");
    container->set_image("nginx");
    const Write write = Write::create(kinds::kPod, pod);
    auto answer = ask_api(host, actors::write_message(std::span(&write, 1), "test"));
    return !actors::read_outcomes(answer, 1)[0].error;
  }
  Result<ObjectPtr> read(const std::string& host, const std::string& name) {
    bus::GetObjects get;
    auto* key = get.add_keys();
    key->set_kind(kinds::kPod);
    key->set_namespace_("default");
    key->set_name(name);
    auto answer = ask_api(host, runtime::make_message(std::move(get)));
    if (!answer) return answer.error();
    const auto* reply = (*answer)->as<bus::GetObjectsReply>();
    return reply->items(0).found() ? (*answer)->objects.at(reply->items(0).object()) : ObjectPtr();
  }
  /// From now until the scheduler has given the pod a node.
  io::Duration until_bound(const std::string& host, const std::string& name, io::Duration limit) {
    const auto began = cluster.now();
    EXPECT_TRUE(cluster.run_until(
        [&] {
          auto pod = read(host, name);
          return pod && *pod && !(*pod)->as<Pod>().spec().nodename().empty();
        },
        limit))
        << leader("scheduler", host) << " leads; " << health(host, host + "/scheduler");
    return cluster.now() - began;
  }

  std::string health(const std::string& by, const std::string& actor) {
    auto answer = ask(by, {actor}, runtime::make_message(bus::Inspect()));
    return answer ? (*answer)->as<bus::InspectReply>()->actor().ShortDebugString() : answer.error().message;
  }

  SimCluster cluster;
};

TEST(SimulatedMasters, EachKnowsTheSameLeaders) {
  Masters masters(three_masters(3));
  for (const char* elector : {"membership", "scheduler", "controllers"}) {
    const std::string leader = masters.leader(elector);
    EXPECT_TRUE(masters.cluster.is_master(leader)) << elector;
    for (const char* host : {"host-2", "host-3"}) EXPECT_EQ(masters.leader(elector, host), leader) << elector;
  }
}

TEST(SimulatedMasters, SchedulingGoesOnWithinTwentySecondsOfTheLeadersEnd) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    Masters masters(three_masters(seed));
    const std::string first = masters.leader("scheduler");
    masters.cluster.crash_host(first);
    const std::string other = masters.other(first);
    ASSERT_TRUE(masters.create(other, "a"));
    EXPECT_LE(masters.until_bound(other, "a", 40s), 20s) << seed;
  }
}

TEST(SimulatedMasters, WithFastElectionsWithinThreeSeconds) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    SimClusterOptions options = three_masters(seed);
    options.election = kFast;
    Masters masters(options);
    const std::string first = masters.leader("scheduler");
    masters.cluster.crash_host(first);
    const std::string other = masters.other(first);
    ASSERT_TRUE(masters.create(other, "a"));
    EXPECT_LE(masters.until_bound(other, "a", 40s), 3s) << seed;
  }
}

TEST(SimulatedMasters, AWorkerMovesToAnotherApiServerAndItsPodsGoOn) {
  Masters masters(three_masters(4));
  auto serving = [&] { return std::string(masters.cluster.world().host("host-4")->roles().at("api-server").host()); };
  const std::string first = serving();
  EXPECT_TRUE(masters.cluster.is_master(first));
  masters.cluster.crash_host(first);
  masters.cluster.run_for(10s);
  EXPECT_NE(serving(), first);
  EXPECT_TRUE(masters.cluster.is_master(serving()));
  EXPECT_TRUE(masters.ask_api("host-4", runtime::make_message(bus::GetObjects())).ok());
}

TEST(SimulatedMasters, AMasterThatDoesNotReachTheStoreShowsNothingAsFresh) {
  Masters masters(three_masters(5));
  ASSERT_TRUE(masters.create("host-1", "a"));
  masters.cluster.shared()->cut("host-2");
  ASSERT_TRUE(masters.create("host-1", "b"));
  auto stale = masters.read("host-2", "b");
  EXPECT_FALSE(stale.ok()) << "what was acknowledged elsewhere is not said to be absent";
  EXPECT_TRUE(stale.ok() || stale.error().code == 503 || stale.error().code == 504) << stale.error().message;
  EXPECT_FALSE(masters.create("host-2", "c"));
  masters.cluster.shared()->heal("host-2");
  masters.cluster.run_for(5s);
  auto fresh = masters.read("host-2", "b");
  EXPECT_TRUE(fresh && *fresh);
}

/// Stands still for longer than its lease, and then goes on in the middle of what it did.
TEST(SimulatedMasters, ALeaderThatStoodStillWritesNothingUnderItsPastTerm) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    SimulationOptions options;
    options.cluster = three_masters(seed);
    options.cluster.election = kFast;
    options.duration = 60s;
    options.faults = {.kills = 0,
                      .crashes = 0,
                      .partitions = 0,
                      .pauses = 12,
                      .sync_failures = 0,
                      .clocks = 0,
                      .store_cuts = 0,
                      .leader_crashes = 0};
    options.workload.pause_mean = 300ms;
    const auto report = simulate(options);
    EXPECT_TRUE(report.passed()) << report_text(report, 0);
  }
}

/// ... also where it stood still between the check of its Lease and the commit.
TEST(SimulatedMasters, NothingIsCommittedUnderATermThatIsOver) {
  for (uint64_t seed = 1; seed <= 2; ++seed) {
    EXPECT_THAT(PausedLeaders(seed).run(6), testing::IsEmpty()) << seed;
  }
}

TEST(SimulatedMasters, AWorkerLeavesAMasterThatDoesNotReachTheStore) {
  Masters masters(three_masters(6));
  auto serving = [&] { return std::string(masters.cluster.world().host("host-4")->roles().at("api-server").host()); };
  const std::string first = serving();
  const std::string other = masters.other(first);
  masters.cluster.shared()->cut(first);
  // Longer than nodes may be silent; the worker hears its master all the while.
  masters.cluster.run_for(90s);
  EXPECT_NE(serving(), first);
  bus::GetObjects get;
  auto* key = get.add_keys();
  key->set_kind(kinds::kNode);
  key->set_name("host-4-node-1");
  auto answer = masters.ask_api(other, runtime::make_message(std::move(get)));
  ASSERT_TRUE(answer && !(*answer)->objects.empty());
  const auto node = (*answer)->objects[0]->as<::k8s::io::api::core::v1::Node>();
  for (const auto& condition : node.status().conditions()) {
    if (condition.type() == "Ready") {
      EXPECT_EQ(condition.status(), "True") << condition.message();
    }
  }
  // Its views go on, too: a pod runs on it.
  ASSERT_TRUE(masters.create(other, "a"));
  EXPECT_LE(masters.until_bound(other, "a", 40s), 20s);
  // When the first serves again, it goes back.
  masters.cluster.shared()->heal(first);
  masters.cluster.run_for(20s);
  EXPECT_EQ(serving(), first);
}

TEST(SimulatedMasters, NoTwoServicesHaveOneAddress) {
  Masters masters(three_masters(7));
  using Service = ::k8s::io::api::core::v1::Service;
  int created = 0;
  int asked = 0;
  const auto create = [&](const std::string& host, const std::string& name, const std::string& address) {
    Service service;
    service.mutable_metadata()->set_namespace_("default");
    service.mutable_metadata()->set_name(name);
    service.mutable_spec()->set_clusterip(address);
    service.mutable_spec()->add_ports()->set_port(80);
    const Write write = Write::create(kinds::kService, service);
    ++asked;
    masters.cluster.ask(host, {host + "/api-server/bus"}, actors::write_message(std::span(&write, 1), "test"), 10s,
                        [&](const auto& answer) {
                          const auto outcome = actors::read_outcomes(answer, 1)[0];
                          created += !outcome.error;
                          --asked;
                        });
  };
  // At the same time, by every master, whose views know nothing of one another's yet; some ask for the same address.
  for (int i = 0; i < 20; ++i) {
    for (const char* host : {"host-1", "host-2", "host-3"}) {
      create(host, std::string(host) + "-" + std::to_string(i), "");
      if (i < 5) create(host, std::string(host) + "-asks-" + std::to_string(i), "10.96.7." + std::to_string(i));
    }
  }
  EXPECT_TRUE(masters.cluster.run_until([&] { return asked == 0; }, 30s));
  EXPECT_EQ(created, 65) << "60 and one of those that asked for each of five";
  std::map<std::string, std::string> users;
  std::set<std::string> reserved;
  for (const auto& object : masters.cluster.shared()->objects("objects")) {
    if (object->kind() == kinds::kIPAddress) reserved.insert(std::string(object->name()));
    if (object->kind() != kinds::kService) continue;
    const std::string address = object->as<Service>().spec().clusterip();
    EXPECT_TRUE(users.emplace(address, object->name()).second)
        << object->name() << " and " << users[address] << " have " << address;
  }
  std::set<std::string> used;
  for (const auto& [address, user] : users) used.insert(address);
  EXPECT_EQ(reserved, used);
}

TEST(SimulatedMasters, KeepThePromisesUnderFaults) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    SimulationOptions options;
    options.cluster = three_masters(seed);
    if (seed % 2 == 0) options.cluster.election = kFast;
    options.duration = 60s;
    options.faults.store_cuts = 2;
    options.faults.leader_crashes = 2;
    const auto report = simulate(options);
    EXPECT_TRUE(report.passed()) << report_text(report, 0);
  }
}

}  // namespace
}  // namespace kabuki::tools
