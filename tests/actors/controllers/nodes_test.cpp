#include <gtest/gtest.h>

#include "actors/controllers/cidr_pool.hpp"
#include "actors/controllers/node_ipam.hpp"
#include "actors/controllers/node_lifecycle.hpp"
#include "actors/controllers/node_zones.hpp"
#include "messages/api/coordination/v1/lease.pb.h"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "tests/actors/controllers/fake_api.hpp"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;
using actors::Write;

constexpr int64_t kStart = 1'000'000;

/// `seconds` after the start, by both clocks.
Instant at(int64_t seconds) { return {{(kStart + seconds) * 1'000'000'000}, {seconds * 1'000'000'000}}; }

core::Node node(const std::string& name, const char* ready = "True") {
  core::Node node;
  node.mutable_metadata()->set_name(name);
  node.mutable_metadata()->set_uid("uid-" + name);
  for (const char* type : {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"}) {
    auto* condition = node.mutable_status()->add_conditions();
    condition->set_type(type);
    condition->set_status(std::string_view(type) == "Ready" ? ready : "False");
  }
  return node;
}

core::Taint taint(const char* key, const char* effect, int64_t added) {
  core::Taint taint;
  taint.set_key(key);
  taint.set_effect(effect);
  taint.mutable_timeadded()->set_seconds(kStart + added);
  return taint;
}

core::Node unreachable(const std::string& name, int64_t since) {
  core::Node gone = node(name, "Unknown");
  for (auto& condition : *gone.mutable_status()->mutable_conditions()) condition.set_status("Unknown");
  *gone.mutable_spec()->add_taints() = taint("node.kubernetes.io/unreachable", "NoSchedule", since);
  *gone.mutable_spec()->add_taints() = taint("node.kubernetes.io/unreachable", "NoExecute", since);
  return gone;
}

core::Pod pod(const std::string& name, const std::string& on, std::optional<int64_t> toleration = {}) {
  core::Pod pod;
  pod.mutable_metadata()->set_name(name);
  pod.mutable_metadata()->set_namespace_("default");
  pod.mutable_metadata()->set_uid("uid-" + name);
  pod.mutable_spec()->set_nodename(on);
  pod.mutable_status()->set_phase("Running");
  if (toleration) {
    auto* one = pod.mutable_spec()->add_tolerations();
    one->set_key("node.kubernetes.io/unreachable");
    one->set_operator_("Exists");
    one->set_effect("NoExecute");
    if (*toleration >= 0) one->set_tolerationseconds(*toleration);
  }
  return pod;
}

struct World {
  View view{View::kNodes | View::kPods};
  ObjectPtr put(KindId kind, const google::protobuf::Message& message, int64_t seen = 0) {
    auto object = Object::encode(kind, message, 5);
    view.put(object, at(seen).mono);
    return object;
  }
  void renew(const std::string& name, int64_t seen) {
    ::k8s::io::api::coordination::v1::Lease lease;
    lease.mutable_metadata()->set_name(name);
    lease.mutable_metadata()->set_namespace_("kube-node-lease");
    put(kinds::kLease, lease, seen);
  }
  Plan reconcile(const std::string& name, int64_t now) {
    return reconcile_node_lifecycle(view, {kinds::kNode, "", name}, {}, at(now));
  }
  std::vector<std::string> deletes(const std::string& name, int64_t now) {
    std::vector<std::string> out;
    for (const auto& step : reconcile(name, now).steps) {
      if (step.write.verb == bus::WriteObjects::DELETE) out.push_back(step.write.key.name);
    }
    return out;
  }
};

TEST(NodeLifecycle, AHealthyNodeIsLookedAtAgainWhenItsGraceEnds) {
  World world;
  world.put(kinds::kNode, node("n1"));
  world.renew("n1", 100);
  Plan expected;
  expected.again(std::chrono::seconds(30));
  EXPECT_EQ(world.reconcile("n1", 110), expected);
}

TEST(NodeLifecycle, ASilentNodeBecomesUnknown) {
  World world;
  const auto object = world.put(kinds::kNode, node("n1"));
  world.renew("n1", 100);
  core::Node expected = node("n1");
  for (auto& condition : *expected.mutable_status()->mutable_conditions()) {
    condition.set_status("Unknown");
    condition.set_reason("NodeStatusUnknown");
    condition.set_message("Kubelet stopped posting node status.");
    condition.mutable_lasttransitiontime()->set_seconds(kStart + 140);
  }
  const Plan plan = world.reconcile("n1", 140);
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(plan.steps[0].write, Write::update_status(*object, expected));
}

TEST(NodeLifecycle, AJumpOfTheWallClockIsNoSilence) {
  World world;
  world.put(kinds::kNode, node("n1"));
  world.renew("n1", 100);
  Instant jumped = at(110);
  jumped.wall.ns += 3'600'000'000'000;
  EXPECT_TRUE(reconcile_node_lifecycle(world.view, {kinds::kNode, "", "n1"}, {}, jumped).empty());
}

TEST(NodeLifecycle, ANodeWithoutALeaseCountsFromWhenItWasFirstSeen) {
  World world;
  world.put(kinds::kNode, node("n1"), 50);
  world.put(kinds::kNode, node("n1"), 80);
  EXPECT_TRUE(world.reconcile("n1", 89).empty());
  EXPECT_FALSE(world.reconcile("n1", 90).empty());
}

TEST(NodeLifecycle, TaintsFollowTheConditions) {
  struct Case {
    const char* what;
    core::Node node;
    std::vector<std::pair<std::string, std::string>> taints;
  };
  core::Node pressed = node("n1");
  pressed.mutable_status()->mutable_conditions(1)->set_status("True");
  core::Node cordoned = node("n1");
  cordoned.mutable_spec()->set_unschedulable(true);
  core::Node back = unreachable("n1", 0);
  *back.mutable_status() = node("n1").status();
  *back.mutable_spec()->add_taints() = taint("mine", "NoSchedule", 0);
  core::Node not_ready = node("n1", "False");
  core::Node speaks_again = unreachable("n1", 0);
  *speaks_again.mutable_status() = not_ready.status();
  const std::string prefix = "node.kubernetes.io/";
  const std::vector<Case> cases = {
      {"pressure", pressed, {{prefix + "memory-pressure", "NoSchedule"}}},
      {"cordoned", cordoned, {{prefix + "unschedulable", "NoSchedule"}}},
      {"back again, a user's taint stays", back, {{"mine", "NoSchedule"}}},
      {"not ready: its zone says when its pods are to go", not_ready, {{prefix + "not-ready", "NoSchedule"}}},
      {"not ready, silent before",
       speaks_again,
       {{prefix + "not-ready", "NoSchedule"}, {prefix + "not-ready", "NoExecute"}}},
  };
  for (const Case& c : cases) {
    World world;
    world.put(kinds::kNode, c.node);
    world.renew("n1", 0);
    const Plan plan = world.reconcile("n1", 1);
    ASSERT_EQ(plan.steps.size(), 1u) << c.what;
    EXPECT_EQ(plan.steps[0].write.verb, bus::WriteObjects::UPDATE);
    std::vector<std::pair<std::string, std::string>> taints;
    const auto written = plan.steps[0].write.object->as<core::Node>();
    for (const auto& one : written.spec().taints()) taints.emplace_back(one.key(), one.effect());
    EXPECT_EQ(taints, c.taints) << c.what;
  }
}

TEST(NodeLifecycle, PodsLeaveAnUnreachableNodeWhenTheirTolerationEnds) {
  World world;
  world.put(kinds::kNode, node("well"));
  world.put(kinds::kNode, unreachable("n1", 0));
  world.put(kinds::kPod, pod("a-default", "n1"));
  world.put(kinds::kPod, pod("b-short", "n1", 60));
  world.put(kinds::kPod, pod("c-forever", "n1", -1));
  EXPECT_EQ(world.deletes("n1", 59), std::vector<std::string>());
  EXPECT_EQ(world.reconcile("n1", 59).again_after, std::chrono::seconds(1));
  EXPECT_EQ(world.deletes("n1", 60), (std::vector<std::string>{"b-short"}));
  EXPECT_EQ(world.deletes("n1", 299), (std::vector<std::string>{"b-short"}));
  EXPECT_EQ(world.deletes("n1", 300), (std::vector<std::string>{"a-default", "b-short"}));
}

TEST(NodeLifecycle, NothingIsEvictedWhileNoNodeIsReady) {
  World world;
  world.put(kinds::kNode, unreachable("n1", 0));
  world.put(kinds::kNode, unreachable("n2", 0));
  world.put(kinds::kPod, pod("a", "n1"));
  EXPECT_EQ(world.deletes("n1", 1000), std::vector<std::string>());
}

TEST(NodeLifecycle, PodsOfANodeThatIsNotReadyAreNotReady) {
  World world;
  world.put(kinds::kNode, unreachable("n1", 0));
  core::Pod ready = pod("a", "n1");
  auto* condition = ready.mutable_status()->add_conditions();
  condition->set_type("Ready");
  condition->set_status("True");
  const auto object = world.put(kinds::kPod, ready);
  auto expected = ready;
  expected.mutable_status()->mutable_conditions(0)->set_status("False");
  expected.mutable_status()->mutable_conditions(0)->set_reason("NodeNotReady");
  expected.mutable_status()->mutable_conditions(0)->mutable_lasttransitiontime()->set_seconds(kStart + 10);
  const Plan plan = world.reconcile("n1", 10);
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(plan.steps[0].write, Write::update_status(*object, expected));
}

TEST(NodeZones, AreJudgedByHowManyNodesAreReady) {
  struct Case {
    int ready, not_ready;
    ZoneState state;
  };
  for (const Case& one :
       {Case{0, 0, ZoneState::normal}, Case{0, 1, ZoneState::full_disruption}, Case{1, 2, ZoneState::normal},  // few
        Case{2, 3, ZoneState::partial_disruption}, Case{9, 11, ZoneState::partial_disruption},
        Case{10, 11, ZoneState::normal}}) {
    EXPECT_EQ(judge_zone(one.ready, one.not_ready, 0.55), one.state) << one.ready << " " << one.not_ready;
  }
}

core::Node in_zone(core::Node node, const std::string& zone) {
  if (!zone.empty()) (*node.mutable_metadata()->mutable_labels())["topology.kubernetes.io/zone"] = zone;
  return node;
}

/// Silent since then, and not driven from yet.
core::Node silent(const std::string& name, const std::string& zone, int64_t since = 0) {
  core::Node out = in_zone(unreachable(name, 0), zone);
  out.mutable_spec()->mutable_taints()->RemoveLast();
  out.mutable_status()->mutable_conditions(0)->mutable_lasttransitiontime()->set_seconds(kStart + since);
  return out;
}

struct ZonesCase {
  const char* what;
  std::vector<core::Node> nodes;
  int64_t now;
  std::string writes;  // "+" tainted, "-" freed
  std::optional<int64_t> again;
};

std::vector<core::Node> many(int ready, int not_ready, const std::string& zone) {
  std::vector<core::Node> nodes;
  for (int i = 0; i < ready; ++i) nodes.push_back(in_zone(node("r" + zone + std::to_string(100 + i)), zone));
  for (int i = 0; i < not_ready; ++i) nodes.push_back(silent("s" + zone + std::to_string(100 + i), zone));
  return nodes;
}

std::vector<core::Node> operator+(std::vector<core::Node> a, const std::vector<core::Node>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(NodeZones, DriveFromNodesAtTheirPace) {
  core::Node excluded = silent("x", "");
  (*excluded.mutable_metadata()->mutable_labels())["node.kubernetes.io/exclude-disruption"] = "";
  const ZonesCase cases[] = {
      {"the first at once, who waits longest",
       many(2, 0, "") + std::vector{silent("a", "", 9), silent("b", "", 5)},
       10,
       "+b ",
       {}},
      {"the next ten seconds later", many(2, 0, "") + std::vector{unreachable("a", 7), silent("b", "")}, 10, "", 7},
      {"which have passed", many(2, 0, "") + std::vector{unreachable("a", 0), silent("b", "")}, 10, "+b ", {}},
      {"each zone for itself",
       many(2, 0, "a") + many(2, 0, "b") +
           std::vector{in_zone(unreachable("a", 7), "a"), silent("b", "a"), silent("c", "b")},
       10, "+c ", 7},
      {"what another clock wrote does not hold them up",
       many(3, 0, "") + std::vector{unreachable("a", 7000), silent("b", "")},
       10,
       "+b ",
       {}},
      {"a zone that is lost, at the same pace", many(1, 0, "a") + many(0, 2, "b"), 10, "+sb100 ", {}},
      {"every zone: no node, and all are freed",
       many(0, 2, "a") + std::vector{in_zone(unreachable("a", 0), "a"), in_zone(unreachable("b", 0), "b")},
       10,
       "-a -b ",
       {}},
      {"a small zone that is lost in part: none", many(2, 3, ""), 10, "", {}},
      {"a large one: slowly", many(20, 30, "") + std::vector{unreachable("a", 0)}, 10, "", 90},
      {"who is excluded from the judgement is driven from as well",
       many(1, 0, "") + std::vector{excluded},
       10,
       "+x ",
       {}},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.what);
    World world;
    for (const auto& node : one.nodes) world.put(kinds::kNode, node);
    const Plan plan = reconcile_node_lifecycle(world.view, node_zones_key(), {}, at(one.now));
    std::string writes;
    for (const Step& step : plan.steps) {
      const auto written = step.write.object->as<core::Node>();
      const auto& taints = written.spec().taints();
      const bool driven = taints.size() == 2;
      if (driven) {
        EXPECT_EQ(taints[1].DebugString(),
                  taint("node.kubernetes.io/unreachable", "NoExecute", one.now).DebugString());
      }
      writes += (driven ? "+" : "-") + step.write.key.name + " ";
    }
    EXPECT_EQ(writes, one.writes);
    EXPECT_EQ(plan.again_after,
              one.again ? std::optional<io::Duration>(std::chrono::seconds(*one.again)) : std::nullopt);
  }
}

TEST(NodeZones, KeepTheirPaceWhateverHappensToTheWrites) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    testing::FakeApi api;
    io::Random random(seed);
    for (const auto& node : many(8, 0, "a")) {
      auto mine = node;
      api.set(kinds::kNode, &mine);
    }
    for (const auto& node : many(0, 6, "a")) {
      auto mine = node;
      api.set(kinds::kNode, &mine);
    }
    testing::FakeHost host(api, node_lifecycle_controller({.grace = std::chrono::hours(1)}));
    std::vector<int64_t> tainted;
    size_t seen = api.log().size();
    for (int64_t now = kStart; now < kStart + 200; ++now) {
      host.step(random, {.deliver = 0.5, .refuse = 0.1, .lose = 0.1, .answer = 0.5}, now);
      for (; seen < api.log().size(); ++seen) {
        const auto node = api.log()[seen].object->as<core::Node>();
        tainted.push_back(node.spec().taints(1).timeadded().seconds());
      }
    }
    ASSERT_EQ(tainted.size(), 6u);
    for (size_t i = 1; i < tainted.size(); ++i) EXPECT_GE(tainted[i] - tainted[i - 1], 10);
  }
}

TEST(CidrPool, GivesTheLowestFreeRange) {
  auto pool = CidrPool::make("10.0.0.0/22", 24);
  ASSERT_TRUE(pool.ok());
  pool->occupy("10.0.1.0/24");
  EXPECT_EQ(pool->take(), "10.0.0.0/24");
  EXPECT_EQ(pool->take(), "10.0.2.0/24");
  EXPECT_EQ(pool->take(), "10.0.3.0/24");
  EXPECT_EQ(pool->take(), std::nullopt);
}

TEST(CidrPool, OccupiesEveryRangeThatIsTouched) {
  auto pool = CidrPool::make("10.0.0.0/22", 24);
  pool->occupy("10.0.0.128/25");
  pool->occupy("10.0.2.0/23");
  pool->occupy("192.168.0.0/16");
  pool->occupy("nonsense");
  EXPECT_EQ(pool->take(), "10.0.1.0/24");
  EXPECT_EQ(pool->take(), std::nullopt);
}

TEST(CidrPool, RefusesWhatHasNoRoom) {
  EXPECT_FALSE(CidrPool::make("10.0.0.0/26", 24).ok());
  EXPECT_FALSE(CidrPool::make("10.0.0.0", 24).ok());
  EXPECT_FALSE(CidrPool::make("fd00::/8", 64).ok());
}

TEST(NodeIpam, GivesEveryNodeItsOwnRangeOutsideTheServices) {
  View view;
  core::Node has = node("b-has");
  has.mutable_spec()->set_podcidr("10.0.0.0/24");
  view.put(Object::encode(kinds::kNode, node("a"), 1));
  view.put(Object::encode(kinds::kNode, has, 1));
  view.put(Object::encode(kinds::kNode, node("c"), 1));
  Plan expected;
  expected.add(Write::merge_patch({kinds::kNode, "", "a"}, "uid-a",
                                  R"({"spec":{"podCIDR":"10.0.1.0/24","podCIDRs":["10.0.1.0/24"]}})"));
  expected.add(Write::merge_patch({kinds::kNode, "", "c"}, "uid-c",
                                  R"({"spec":{"podCIDR":"10.0.3.0/24","podCIDRs":["10.0.3.0/24"]}})"));
  EXPECT_EQ(reconcile_node_ipam(view, {"10.0.0.0/16", 24, "10.0.2.0/24"}), expected);
}

TEST(NodeIpam, SaysWhenThereIsNoRangeLeft) {
  View view;
  view.put(Object::encode(kinds::kNode, node("a"), 1));
  view.put(Object::encode(kinds::kNode, node("b"), 1));
  const Plan plan = reconcile_node_ipam(view, {"10.0.0.0/24", 24, "10.96.0.0/12"});
  EXPECT_EQ(plan.steps.size(), 1u);
  ASSERT_EQ(plan.events.size(), 1u);
  EXPECT_EQ(plan.events[0].reason, "CIDRNotAvailable");
}

}  // namespace
}  // namespace kabuki::controllers
