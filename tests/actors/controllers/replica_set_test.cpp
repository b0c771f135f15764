#include "actors/controllers/replica_set.hpp"

#include <gtest/gtest.h>

#include "actors/controllers/owners.hpp"
#include "messages/api/apps/v1/replica_set.pb.h"
#include "messages/api/core/v1/pod.pb.h"

namespace kabuki::controllers {
namespace {

namespace apps = ::k8s::io::api::apps::v1;
namespace core = ::k8s::io::api::core::v1;
using actors::Write;

constexpr int64_t kNow = 1'000'000;
const Instant now{{kNow * 1'000'000'000}, {0}};
const Key key{kinds::kReplicaSet, "default", "web"};

apps::ReplicaSet set(int replicas) {
  apps::ReplicaSet set;
  set.mutable_metadata()->set_name("web");
  set.mutable_metadata()->set_namespace_("default");
  set.mutable_metadata()->set_uid("set-uid");
  set.mutable_metadata()->set_generation(3);
  set.mutable_spec()->set_replicas(replicas);
  (*set.mutable_spec()->mutable_selector()->mutable_matchlabels())["app"] = "web";
  auto* model = set.mutable_spec()->mutable_template_();
  (*model->mutable_metadata()->mutable_labels())["app"] = "web";
  model->mutable_spec()->add_containers()->set_image("nginx");
  return set;
}

/// A pod of the set, running and ready for a day; a test changes what it is about.
core::Pod pod(const std::string& name) {
  core::Pod pod;
  auto* meta = pod.mutable_metadata();
  meta->set_name(name);
  meta->set_namespace_("default");
  meta->set_uid("uid-" + name);
  (*meta->mutable_labels())["app"] = "web";
  meta->mutable_creationtimestamp()->set_seconds(kNow - 86'400);
  *meta->add_ownerreferences() = controller_reference(*Object::encode(kinds::kReplicaSet, set(0)));
  pod.mutable_spec()->set_nodename("node");
  pod.mutable_status()->set_phase("Running");
  auto* ready = pod.mutable_status()->add_conditions();
  ready->set_type("Ready");
  ready->set_status("True");
  ready->mutable_lasttransitiontime()->set_seconds(kNow - 86'000);
  return pod;
}

struct World {
  View view{View::kControllers | View::kPods};
  ObjectPtr put(KindId kind, const google::protobuf::Message& message) {
    auto object = Object::encode(kind, message, 10);
    view.put(object);
    return object;
  }
  /// The plan without its status write and its announcements.
  std::vector<Write> writes() {
    std::vector<Write> out;
    for (auto& step : reconcile_replica_set(view, key, now).steps) {
      if (step.write.verb != bus::WriteObjects::UPDATE_STATUS) out.push_back(step.write);
    }
    return out;
  }
  apps::ReplicaSetStatus status() {
    for (auto& step : reconcile_replica_set(view, key, now).steps) {
      if (step.write.verb == bus::WriteObjects::UPDATE_STATUS)
        return step.write.object->as<apps::ReplicaSet>().status();
    }
    return {};
  }
};

TEST(ReplicaSet, CreatesMissingPodsFromTheTemplate) {
  World world;
  world.put(kinds::kReplicaSet, set(2));
  core::Pod expected;
  expected.mutable_metadata()->set_generatename("web-");
  expected.mutable_metadata()->set_namespace_("default");
  (*expected.mutable_metadata()->mutable_labels())["app"] = "web";
  auto* owner = expected.mutable_metadata()->add_ownerreferences();
  owner->set_apiversion("apps/v1");
  owner->set_kind("ReplicaSet");
  owner->set_name("web");
  owner->set_uid("set-uid");
  owner->set_controller(true);
  owner->set_blockownerdeletion(true);
  expected.mutable_spec()->add_containers()->set_image("nginx");
  const Write create = Write::create(kinds::kPod, expected);
  EXPECT_EQ(world.writes(), (std::vector<Write>{create, create}));
}

TEST(ReplicaSet, CreatesAtMostFiveHundredAtOnce) {
  World world;
  world.put(kinds::kReplicaSet, set(2000));
  EXPECT_EQ(world.writes().size(), 500u);
}

TEST(ReplicaSet, SaysWhatItDidAndWhatItCouldNot) {
  World world;
  world.put(kinds::kReplicaSet, set(1));
  const Plan plan = reconcile_replica_set(world.view, key, now);
  EXPECT_EQ(plan.steps[0].say, (Announcement{key, "set-uid", "SuccessfulCreate", "Created pod: {name}",
                                             "FailedCreate", "Error creating: {error}"}));
}

TEST(ReplicaSet, DoesNotCountPodsThatAreOverOrGoing) {
  World world;
  world.put(kinds::kReplicaSet, set(2));
  core::Pod failed = pod("failed");
  failed.mutable_status()->set_phase("Failed");
  core::Pod going = pod("going");
  going.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(kNow);
  world.put(kinds::kPod, failed);
  world.put(kinds::kPod, going);
  world.put(kinds::kPod, pod("well"));
  EXPECT_EQ(world.writes().size(), 1u);
  EXPECT_EQ(world.status().replicas(), 1);
  EXPECT_EQ(world.status().terminatingreplicas(), 1);
}

TEST(ReplicaSet, DeletesAsKubernetesRanksThem) {
  // Each pod goes before all that follow it.
  std::vector<core::Pod> pods;
  auto add = [&](const char* name) -> core::Pod& { return pods.emplace_back(pod(name)); };
  pods.reserve(12);
  core::Pod& unassigned = add("unassigned");
  unassigned.mutable_spec()->clear_nodename();
  unassigned.mutable_status()->set_phase("Pending");
  unassigned.mutable_status()->clear_conditions();
  core::Pod& pending = add("pending");
  pending.mutable_status()->set_phase("Pending");
  pending.mutable_status()->clear_conditions();
  core::Pod& unknown = add("unknown");
  unknown.mutable_status()->set_phase("Unknown");
  unknown.mutable_status()->clear_conditions();
  add("not-ready").mutable_status()->mutable_conditions(0)->set_status("False");
  (*add("cheap").mutable_metadata()->mutable_annotations())["controller.kubernetes.io/pod-deletion-cost"] = "-5";
  core::Pod& ready_lately = add("ready-lately");
  ready_lately.mutable_spec()->set_nodename("alone");
  ready_lately.mutable_status()->mutable_conditions(0)->mutable_lasttransitiontime()->set_seconds(kNow - 10);
  core::Pod& restarted = add("restarted");
  restarted.mutable_spec()->set_nodename("alone-2");
  restarted.mutable_status()->add_containerstatuses()->set_restartcount(4);
  core::Pod& young = add("young");
  young.mutable_spec()->set_nodename("alone-3");
  young.mutable_metadata()->mutable_creationtimestamp()->set_seconds(kNow - 30'000);
  core::Pod& old = add("old");
  old.mutable_spec()->set_nodename("alone-4");
  (*add("dear").mutable_metadata()->mutable_annotations())["controller.kubernetes.io/pod-deletion-cost"] = "5";

  View view(View::kControllers | View::kPods);
  std::vector<ObjectPtr> objects;
  for (const auto& one : pods) {
    objects.push_back(Object::encode(kinds::kPod, one));
    view.put(objects.back());
  }
  std::vector<ObjectPtr> ranked(objects.rbegin(), objects.rend());
  rank_for_deletion(view, objects, now, &ranked);
  std::vector<std::string> names, expected;
  for (const auto& object : ranked) names.emplace_back(object->name());
  for (const auto& one : pods) expected.push_back(one.metadata().name());
  EXPECT_EQ(names, expected);
}

TEST(ReplicaSet, DeletesWhatIsDoubledUpOnANodeFirst) {
  World world;
  world.put(kinds::kReplicaSet, set(2));
  core::Pod alone = pod("a-alone");
  alone.mutable_spec()->set_nodename("other");
  world.put(kinds::kPod, alone);
  world.put(kinds::kPod, pod("b-double"));
  const auto last = world.put(kinds::kPod, pod("c-double"));
  const auto writes = world.writes();
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_NE(writes[0].key.name, "a-alone");
}

TEST(ReplicaSet, AdoptsMatchingOrphansAndReleasesStrays) {
  World world;
  world.put(kinds::kReplicaSet, set(1));
  core::Pod orphan = pod("orphan");
  orphan.mutable_metadata()->clear_ownerreferences();
  core::Pod stray = pod("stray");
  (*stray.mutable_metadata()->mutable_labels())["app"] = "other";
  const auto orphan_object = world.put(kinds::kPod, orphan);
  const auto stray_object = world.put(kinds::kPod, stray);
  core::Pod released = stray;
  released.mutable_metadata()->clear_ownerreferences();
  const std::vector<Write> expected = {Write::update(*stray_object, released),
                                       Write::update(*orphan_object, pod("orphan"))};
  EXPECT_EQ(world.writes(), expected);
}

TEST(ReplicaSet, LeavesOrphansOfOthersAlone) {
  World world;
  world.put(kinds::kReplicaSet, set(0));
  core::Pod other_namespace = pod("a");
  other_namespace.mutable_metadata()->clear_ownerreferences();
  other_namespace.mutable_metadata()->set_namespace_("other");
  core::Pod over = pod("b");
  over.mutable_metadata()->clear_ownerreferences();
  over.mutable_status()->set_phase("Succeeded");
  world.put(kinds::kPod, other_namespace);
  world.put(kinds::kPod, over);
  EXPECT_EQ(world.writes(), std::vector<Write>());
}

TEST(ReplicaSet, ASetThatIsDeletedOnlyReports) {
  World world;
  apps::ReplicaSet going = set(5);
  going.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(kNow);
  world.put(kinds::kReplicaSet, going);
  world.put(kinds::kPod, pod("a"));
  EXPECT_EQ(world.writes(), std::vector<Write>());
  EXPECT_EQ(world.status().replicas(), 1);
}

TEST(ReplicaSet, ReportsItsPodsAndWaitsForMinReadySeconds) {
  World world;
  apps::ReplicaSet slow = set(3);
  slow.mutable_spec()->set_minreadyseconds(60);
  (*slow.mutable_spec()->mutable_template_()->mutable_metadata()->mutable_labels())["tier"] = "front";
  world.put(kinds::kReplicaSet, slow);
  core::Pod labelled = pod("labelled");
  (*labelled.mutable_metadata()->mutable_labels())["tier"] = "front";
  core::Pod fresh = pod("fresh");
  fresh.mutable_status()->mutable_conditions(0)->mutable_lasttransitiontime()->set_seconds(kNow - 20);
  core::Pod unready = pod("unready");
  unready.mutable_status()->mutable_conditions(0)->set_status("False");
  for (const auto& one : {labelled, fresh, unready}) world.put(kinds::kPod, one);
  apps::ReplicaSetStatus expected;
  expected.set_replicas(3);
  expected.set_fullylabeledreplicas(1);
  expected.set_readyreplicas(2);
  expected.set_availablereplicas(1);
  expected.set_terminatingreplicas(0);
  expected.set_observedgeneration(3);
  EXPECT_EQ(world.status().DebugString(), expected.DebugString());
  EXPECT_EQ(reconcile_replica_set(world.view, key, now).again_after, std::chrono::seconds(40));
}

struct FailureCase {
  const char* about;
  int wanted;
  std::optional<View::Refusal> refusal;
  const char* had;
  std::string expected;  // reason: message
};

TEST(ReplicaSet, SaysThatPodsCouldNotBeMadeOrDeletedUntilNoneIsMissingOrTooMuch) {
  const View::Refusal create{true, "exceeded quota"}, remove{false, "not now"};
  const FailureCase cases[] = {
      {"nothing was refused", 2, std::nullopt, "", ""},
      {"a create was", 2, create, "", "FailedCreate: exceeded quota"},
      {"what is said stays", 2, create, "FailedCreate", "FailedCreate: before"},
      {"a new life does not know, and takes nothing back", 2, std::nullopt, "FailedCreate", "FailedCreate: before"},
      {"nothing is missing any more", 1, create, "FailedCreate", ""},
      {"a delete was refused", 0, remove, "", "FailedDelete: not now"},
      {"a create was, but now there are too many", 0, create, "FailedCreate", ""},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.about);
    World world;
    apps::ReplicaSet owner = set(one.wanted);
    if (*one.had) {
      auto* condition = owner.mutable_status()->add_conditions();
      condition->set_type("ReplicaFailure");
      condition->set_status("True");
      condition->set_reason(one.had);
      condition->set_message("before");
    }
    world.put(kinds::kReplicaSet, owner);
    world.put(kinds::kPod, pod("a"));
    world.view.tell_refusal(key, one.refusal ? &*one.refusal : nullptr);
    const auto status = world.status();
    std::string said;
    for (const auto& condition : status.conditions()) {
      EXPECT_EQ(condition.type(), "ReplicaFailure");
      EXPECT_EQ(condition.status(), "True");
      said += condition.reason() + ": " + condition.message();
    }
    EXPECT_EQ(said, one.expected);
  }
}

TEST(ReplicaSet, WritesNothingWhenAllIsWell) {
  World world;
  apps::ReplicaSet well = set(1);
  well.mutable_status()->set_replicas(1);
  well.mutable_status()->set_fullylabeledreplicas(1);
  well.mutable_status()->set_readyreplicas(1);
  well.mutable_status()->set_availablereplicas(1);
  well.mutable_status()->set_terminatingreplicas(0);
  well.mutable_status()->set_observedgeneration(3);
  world.put(kinds::kReplicaSet, well);
  world.put(kinds::kPod, pod("a"));
  EXPECT_EQ(reconcile_replica_set(world.view, key, now), Plan());
}

}  // namespace
}  // namespace kabuki::controllers
