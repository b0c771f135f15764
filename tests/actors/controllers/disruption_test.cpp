#include "actors/controllers/disruption.hpp"

#include <gtest/gtest.h>

#include "messages/api/apps/v1/daemon_set.pb.h"
#include "messages/api/apps/v1/deployment.pb.h"
#include "messages/api/apps/v1/replica_set.pb.h"
#include "messages/api/apps/v1/stateful_set.pb.h"
#include "messages/int_or_string.hpp"
#include "tests/actors/controllers/disruption_budget.hpp"

namespace kabuki::controllers::testing::disruptions {
namespace {

namespace apps = ::k8s::io::api::apps::v1;

IntOrStringMessage amount(const std::string& text) {
  return text.ends_with('%') ? string_value(text) : int_value(std::stoi(text));
}

template <class Owner>
void put_owner(View* view, KindId kind, const std::string& name, int replicas, const Object* above = nullptr) {
  Owner owner;
  owner.mutable_metadata()->set_name(name);
  owner.mutable_metadata()->set_namespace_("default");
  owner.mutable_metadata()->set_uid("uid-" + name);
  if constexpr (requires { owner.mutable_spec()->set_replicas(1); }) owner.mutable_spec()->set_replicas(replicas);
  if (above) *owner.mutable_metadata()->add_ownerreferences() = controller_reference(*above);
  view->put(Object::encode(kind, owner, 2));
}

struct World {
  View view;

  World() {
    put_owner<apps::Deployment>(&view, kinds::kDeployment, "web", 10);
    const ObjectPtr deployment = view.find({kinds::kDeployment, "default", "web"});
    put_owner<apps::ReplicaSet>(&view, kinds::kReplicaSet, "web-1", 7, &*deployment);
    put_owner<apps::ReplicaSet>(&view, kinds::kReplicaSet, "web-2", 5, &*deployment);
    put_owner<apps::ReplicaSet>(&view, kinds::kReplicaSet, "lone", 4);
    put_owner<apps::StatefulSet>(&view, kinds::kStatefulSet, "db", 3);
    put_owner<apps::DaemonSet>(&view, kinds::kDaemonSet, "agent", 0);
  }
  /// 'r' ready, 'n' not ready, 'd' ready and being deleted; of `owner`, "" is nobody.
  void pods(const std::string& states, KindId kind = 0, const std::string& owner = {}) {
    for (char state : states) {
      core::Pod pod;
      pod.mutable_metadata()->set_name("p" + std::to_string(made++));
      pod.mutable_metadata()->set_namespace_("default");
      pod.mutable_metadata()->set_uid("uid-" + pod.metadata().name());
      (*pod.mutable_metadata()->mutable_labels())["app"] = "web";
      if (state == 'd') pod.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(kNow);
      if (kind != 0) {
        const ObjectPtr found = view.find({kind, "default", owner});
        *pod.mutable_metadata()->add_ownerreferences() = controller_reference(*found);
      }
      auto* condition = pod.mutable_status()->add_conditions();
      condition->set_type("Ready");
      condition->set_status(state == 'n' ? "False" : "True");
      view.put(Object::encode(kinds::kPod, pod, 5));
    }
  }
  Plan reconcile(const DisruptionBudget& what) {
    view.put(Object::encode(kinds::kPodDisruptionBudget, what, 9));
    return reconcile_disruption_budget(view, key, now);
  }
  /// "expected desired current allowed reason", or "rests".
  std::string counts(const DisruptionBudget& what) {
    const Plan plan = reconcile(what);
    if (plan.empty()) return "rests";
    const auto status = plan.steps[0].write.object->as<DisruptionBudget>().status();
    return std::to_string(status.expectedpods()) + " " + std::to_string(status.desiredhealthy()) + " " +
           std::to_string(status.currenthealthy()) + " " + std::to_string(status.disruptionsallowed()) + " " +
           status.conditions(0).reason();
  }
  int made = 0;
};

TEST(Disruption, CountsAsItsBudgetSays) {
  struct Case {
    const char* what;
    const char* least;
    const char* most;
    std::function<void(World*)> pods;
    const char* counts;
  };
  const KindId set = kinds::kReplicaSet;
  const Case cases[] = {
      {"a number counts pods of whomever", "2", "", [](World* w) { w->pods("rrr"); }, "3 2 3 1 SufficientPods"},
      {"pods that are not ready", "2", "", [](World* w) { w->pods("rrn"); }, "3 2 2 0 InsufficientPods"},
      {"pods that go", "2", "", [](World* w) { w->pods("rrrd"); }, "4 2 3 1 SufficientPods"},
      {"fewer than needed", "5", "", [](World* w) { w->pods("rr"); }, "2 5 2 0 InsufficientPods"},
      {"none needed, none there", "0", "", [](World*) {}, "0 0 0 0 InsufficientPods"},
      {"a share counts what the owner asks for", "50%", "",
       [](World* w) { w->pods("rrr", kinds::kStatefulSet, "db"); }, "3 2 3 1 SufficientPods"},
      {"a deployment in the place of its sets", "", "2",
       [](World* w) {
         w->pods("rrrrrrr", set, "web-1");
         w->pods("rr", set, "web-2");
       },
       "10 8 9 1 SufficientPods"},
      {"a set of its own, and several owners", "", "25%",
       [](World* w) {
         w->pods("rrrr", set, "lone");
         w->pods("rrr", kinds::kStatefulSet, "db");
       },
       "7 5 7 2 SufficientPods"},
      {"pods of nobody count to no scale", "", "1",
       [](World* w) {
         w->pods("rrrr", set, "lone");
         w->pods("r");
       },
       "4 3 5 2 SufficientPods"},
      {"more unavailable than there are", "", "9", [](World* w) { w->pods("rrrr", set, "lone"); },
       "4 0 4 4 SufficientPods"},
      {"neither", "", "", [](World* w) { w->pods("rr"); }, "0 0 2 0 InsufficientPods"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    World world;
    one.pods(&world);
    auto what = budget();
    if (*one.least) *what.mutable_spec()->mutable_minavailable() = amount(one.least);
    if (*one.most) *what.mutable_spec()->mutable_maxunavailable() = amount(one.most);
    EXPECT_EQ(world.counts(what), one.counts);
  }
}

TEST(Disruption, WritesAWholeStatusOnceAndThenRests) {
  World world;
  world.pods("rrr");
  auto what = budget();
  *what.mutable_spec()->mutable_minavailable() = int_value(2);
  const ObjectPtr read = Object::encode(kinds::kPodDisruptionBudget, what, 9);
  auto expected = what;
  auto* status = expected.mutable_status();
  status->set_observedgeneration(3);
  status->set_disruptionsallowed(1);
  status->set_currenthealthy(3);
  status->set_desiredhealthy(2);
  status->set_expectedpods(3);
  auto* condition = status->add_conditions();
  condition->set_type("DisruptionAllowed");
  condition->set_status("True");
  condition->set_observedgeneration(3);
  condition->set_reason("SufficientPods");
  condition->mutable_lasttransitiontime()->set_seconds(kNow);
  Plan plan;
  plan.add(Write::update_status(*read, expected));
  EXPECT_EQ(world.reconcile(what), plan);
  EXPECT_EQ(world.counts(expected), "rests");
}

TEST(Disruption, AnEmptySelectorIsEveryPodAndNoneIsNone) {
  World world;
  world.pods("rrr");
  auto what = budget();
  *what.mutable_spec()->mutable_minavailable() = int_value(1);
  what.mutable_spec()->mutable_selector()->Clear();
  EXPECT_EQ(world.counts(what), "3 1 3 2 SufficientPods");
  what.mutable_spec()->clear_selector();
  EXPECT_EQ(world.counts(what), "0 1 0 0 InsufficientPods");
  EXPECT_EQ(world.reconcile(what).events[0].message, "No matching pods found");
}

TEST(Disruption, NothingIsAllowedWhereTheScaleIsNotToBeHad) {
  World world;
  world.pods("rr", kinds::kDaemonSet, "agent");
  auto what = budget();
  *what.mutable_spec()->mutable_maxunavailable() = int_value(1);
  what.mutable_status()->set_disruptionsallowed(5);
  what.mutable_status()->set_observedgeneration(2);
  const Plan plan = world.reconcile(what);
  ASSERT_EQ(plan.steps.size(), 1u);
  const auto status = plan.steps[0].write.object->as<DisruptionBudget>().status();
  EXPECT_EQ(status.disruptionsallowed(), 0);
  EXPECT_EQ(status.observedgeneration(), 2);
  EXPECT_EQ(status.conditions(0).reason(), "SyncFailed");
  EXPECT_EQ(status.conditions(0).message(), "daemonsets.apps does not implement the scale subresource");
  EXPECT_EQ(plan.events[0].message,
            "Failed to calculate the number of expected pods: daemonsets.apps does not implement the scale "
            "subresource");
  // A number of pods needs no scale.
  what.mutable_spec()->clear_maxunavailable();
  *what.mutable_spec()->mutable_minavailable() = int_value(1);
  EXPECT_EQ(world.counts(what), "2 1 2 1 SufficientPods");
}

TEST(Disruption, EvictedPodsDoNotCountUntilTheyAreOverdue) {
  World world;
  world.pods("rrrrd");
  auto what = budget();
  *what.mutable_spec()->mutable_minavailable() = int_value(1);
  auto& evicted = *what.mutable_status()->mutable_disruptedpods();
  evicted["p0"].set_seconds(kNow - 30);
  evicted["p1"].set_seconds(kNow - 120);
  evicted["p2"].set_seconds(kNow - 121);
  evicted["p4"].set_seconds(kNow - 30);    // goes
  evicted["gone"].set_seconds(kNow - 30);  // has gone
  const Plan plan = world.reconcile(what);
  const auto status = plan.steps.at(0).write.object->as<DisruptionBudget>().status();
  std::set<std::string> left;
  for (const auto& [name, when] : status.disruptedpods()) left.insert(name);
  EXPECT_EQ(left, (std::set<std::string>{"p0", "p1"}));
  EXPECT_EQ(status.currenthealthy(), 2);
  ASSERT_EQ(plan.events.size(), 1u);
  EXPECT_EQ(plan.events[0].reason, "NotDeleted");
  EXPECT_EQ(plan.again_after, io::Duration(1));
}

TEST(Disruption, ATargetThatLivesOnIsNoneAnyMore) {
  struct Case {
    const char* what;
    int64_t age;
    const char* reason;
    const char* phase;
    bool deleting;
    const char* expected;
  };
  const Case cases[] = {
      {"after two minutes", 120, "EvictionByEvictionAPI", "Running", false, "False"},
      {"not before", 100, "PreemptionByScheduler", "Running", false, "in 20 s"},
      {"a kubelet takes its time", 500, "TerminationByKubelet", "Running", false, "rests"},
      {"it goes", 500, "EvictionByEvictionAPI", "Running", true, "rests"},
      {"it is over", 500, "EvictionByEvictionAPI", "Failed", false, "rests"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    core::Pod pod;
    pod.mutable_metadata()->set_name("p");
    pod.mutable_metadata()->set_namespace_("default");
    if (one.deleting) pod.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(kNow);
    pod.mutable_status()->set_phase(one.phase);
    auto* condition = pod.mutable_status()->add_conditions();
    condition->set_type("DisruptionTarget");
    condition->set_status("True");
    condition->set_reason(one.reason);
    condition->mutable_lasttransitiontime()->set_seconds(kNow - one.age);
    View view;
    view.put(Object::encode(kinds::kPod, pod, 5));
    const Plan plan = reconcile_disruption_target(view, {kinds::kPod, "default", "p"}, now);
    std::string got = "rests";
    if (plan.again_after) got = "in " + std::to_string(plan.again_after->count() / 1'000'000'000) + " s";
    if (!plan.empty()) got = plan.steps[0].write.object->as<core::Pod>().status().conditions(0).status();
    EXPECT_EQ(got, one.expected);
  }
}

}  // namespace
}  // namespace kabuki::controllers::testing::disruptions
