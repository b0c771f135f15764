#include "actors/controllers/deployment.hpp"

#include <gtest/gtest.h>

#include "actors/controllers/owners.hpp"
#include "actors/controllers/rollout.hpp"
#include "messages/api/apps/v1/deployment.pb.h"
#include "messages/api/apps/v1/replica_set.pb.h"
#include "messages/hash.hpp"
#include "messages/int_or_string.hpp"
#include "tests/actors/controllers/workload_sim.hpp"

namespace kabuki::controllers::testing {
namespace {

namespace apps = ::k8s::io::api::apps::v1;
using actors::Write;

constexpr int64_t kNow = 1'000'000;
const Key key{kinds::kDeployment, "default", "web"};

apps::Deployment deployment(int replicas, const std::string& strategy = "RollingUpdate") {
  apps::Deployment d;
  d.mutable_metadata()->set_name("web");
  d.mutable_metadata()->set_namespace_("default");
  auto* spec = d.mutable_spec();
  spec->set_replicas(replicas);
  spec->set_progressdeadlineseconds(600);
  spec->set_revisionhistorylimit(10);
  spec->mutable_strategy()->set_type(strategy);
  (*spec->mutable_selector()->mutable_matchlabels())["app"] = "web";
  (*spec->mutable_template_()->mutable_metadata()->mutable_labels())["app"] = "web";
  spec->mutable_template_()->mutable_spec()->add_containers()->set_image("v1");
  return d;
}

/// A deployment whose sets do at once, and in the order of the writes, what they are told.
struct World {
  FakeApi api;
  View view{View::kControllers};
  int64_t seconds = kNow;
  size_t seen = 0;
  bool pods_stay = false;    // what is scaled down goes on terminating
  bool never_ready = false;  // new pods do not get ready

  explicit World(const apps::Deployment& what) {
    auto mine = what;
    mine.mutable_metadata()->set_uid("uid");
    mine.mutable_metadata()->set_generation(1);
    api.set(kinds::kDeployment, &mine);
    follow();
  }
  void follow() {
    for (; seen < api.log().size(); ++seen) {
      const auto& event = api.log()[seen];
      event.deleted ? view.remove(event.object->key()) : view.put(event.object);
    }
  }
  Plan plan() { return reconcile_deployment(view, key, {{seconds * 1'000'000'000}, {}}); }
  void step() {
    api.set_time(seconds);
    for (const Step& one : plan().steps) {
      const auto outcome = api.apply(one.write);
      EXPECT_FALSE(outcome.error) << outcome.error->message;
    }
    follow();
  }
  void sets_obey() {
    for (const ObjectPtr& object : api.all(kinds::kReplicaSet)) {
      auto set = object->as<apps::ReplicaSet>();
      const int32_t was = set.status().replicas();
      set.mutable_status()->set_replicas(set.spec().replicas());
      const int32_t ready =
          never_ready ? std::min(set.status().readyreplicas(), set.spec().replicas()) : set.spec().replicas();
      set.mutable_status()->set_readyreplicas(ready);
      set.mutable_status()->set_availablereplicas(ready);
      set.mutable_status()->set_observedgeneration(set.metadata().generation());
      if (pods_stay && was > set.spec().replicas()) set.mutable_status()->set_terminatingreplicas(was);
      if (!pods_stay) set.mutable_status()->clear_terminatingreplicas();
      api.set(kinds::kReplicaSet, &set);
    }
    follow();
  }
  void rest() {
    for (int i = 0; i < 60; ++i) {
      step();
      sets_obey();
      ++seconds;
    }
    EXPECT_TRUE(plan().empty());
  }
  void edit(const std::function<void(apps::Deployment*)>& change) {
    auto edited = now();
    change(&edited);
    edited.mutable_metadata()->set_generation(edited.metadata().generation() + 1);
    api.set(kinds::kDeployment, &edited);
    follow();
  }
  void image(const std::string& image) {
    edit([&](auto* d) {
      d->mutable_spec()->mutable_template_()->mutable_spec()->mutable_containers(0)->set_image(image);
    });
  }
  apps::Deployment now() { return api.find(key)->as<apps::Deployment>(); }
  /// "v1:3@1 v2:0@2": image, size and revision of every set, by revision.
  std::string sets() {
    std::map<int64_t, std::string> by_revision;
    for (const ObjectPtr& object : api.all(kinds::kReplicaSet)) {
      const auto set = object->as<apps::ReplicaSet>();
      by_revision[revision_of(set)] = set.spec().template_().spec().containers(0).image() + ":" +
                                      std::to_string(set.spec().replicas()) + "@" + std::to_string(revision_of(set));
    }
    std::string text;
    for (const auto& [revision, one] : by_revision) text += (text.empty() ? "" : " ") + one;
    return text;
  }
  std::string progress() {
    const auto told = now();
    for (const auto& one : told.status().conditions()) {
      if (one.type() == "Progressing") return one.status() + " " + one.reason();
    }
    return "";
  }
};

TEST(Deployment, NumbersItsRevisionsAndAnUndoGetsANewOne) {
  World world(deployment(3));
  world.rest();
  EXPECT_EQ(world.sets(), "v1:3@1");
  EXPECT_EQ(world.progress(), "True NewReplicaSetAvailable");
  world.image("v2");
  world.rest();
  EXPECT_EQ(world.sets(), "v1:0@1 v2:3@2");
  EXPECT_EQ(world.now().metadata().annotations().at(annotations::kRevision), "2");
  // kubectl rollout undo writes the old template.
  world.image("v1");
  world.rest();
  EXPECT_EQ(world.sets(), "v2:0@2 v1:3@3");
  EXPECT_EQ(world.now().metadata().annotations().at(annotations::kRevision), "3");
  for (const ObjectPtr& object : world.api.all(kinds::kReplicaSet)) {
    const auto set = object->as<apps::ReplicaSet>();
    if (revision_of(set) == 3) {
      EXPECT_EQ(set.metadata().annotations().at(annotations::kRevisionHistory), "1");
    }
  }
}

TEST(Deployment, KeepsAsManyOldRevisionsAsAskedFor) {
  auto what = deployment(1);
  what.mutable_spec()->set_revisionhistorylimit(1);
  World world(what);
  for (const char* image : {"v1", "v2", "v3", "v4"}) {
    world.image(image);
    world.rest();
  }
  EXPECT_EQ(world.sets(), "v3:0@3 v4:1@4");
}

TEST(Deployment, WhilePausedItScalesButDoesNotRollOut) {
  World world(deployment(3));
  world.rest();
  world.edit([](auto* d) { d->mutable_spec()->set_paused(true); });
  world.image("v2");
  world.edit([](auto* d) { d->mutable_spec()->set_replicas(5); });
  world.rest();
  EXPECT_EQ(world.sets(), "v1:5@1");
  EXPECT_EQ(world.progress(), "Unknown DeploymentPaused");
  world.edit([](auto* d) { d->mutable_spec()->set_paused(false); });
  world.step();
  world.rest();
  EXPECT_EQ(world.sets(), "v1:0@1 v2:5@2");
  EXPECT_EQ(world.progress(), "True NewReplicaSetAvailable");
}

TEST(Deployment, RecreateWaitsUntilEveryOldPodIsGone) {
  World world(deployment(3, "Recreate"));
  world.rest();
  world.pods_stay = true;
  world.image("v2");
  for (int i = 0; i < 10; ++i) {
    world.step();
    world.sets_obey();
  }
  EXPECT_EQ(world.sets(), "v1:0@1");
  world.pods_stay = false;
  world.rest();
  EXPECT_EQ(world.sets(), "v1:0@1 v2:3@2");
}

TEST(Deployment, RecreateKeepsTemplatesApartWhilePaused) {
  World world(deployment(3, "Recreate"));
  world.rest();
  world.image("v2");
  world.rest();
  world.pods_stay = true;
  world.image("v1");
  world.step();
  world.sets_obey();
  world.edit([](auto* d) { d->mutable_spec()->set_paused(true); });
  for (int i = 0; i < 10; ++i) {
    world.step();
    world.sets_obey();
  }
  EXPECT_EQ(world.sets(), "v2:0@2 v1:0@3") << "pods of v2 are still going";
  world.pods_stay = false;
  world.rest();
  EXPECT_EQ(world.sets(), "v2:0@2 v1:3@3");
}

// Its status is from before it made its pods: by that it has none.
TEST(Deployment, RecreateWaitsUntilAnOldSetHasSeenThatItIsStopped) {
  World world(deployment(3, "Recreate"));
  world.step();
  EXPECT_EQ(world.sets(), "v1:3@1");
  world.image("v2");
  for (int i = 0; i < 10; ++i) world.step();
  EXPECT_EQ(world.sets(), "v1:0@1");
  world.sets_obey();
  for (int i = 0; i < 3; ++i) world.step();
  EXPECT_EQ(world.sets(), "v1:0@1 v2:3@2");
}

TEST(Deployment, GivesUpWaitingAtItsDeadlineButNotTheRollout) {
  World world(deployment(2));
  world.rest();
  world.never_ready = true;
  world.image("v2");
  for (int i = 0; i < 20; ++i) {
    world.step();
    world.sets_obey();
  }
  EXPECT_EQ(world.progress(), "True ReplicaSetUpdated");
  ASSERT_TRUE(world.plan().again_after);
  EXPECT_GE(*world.plan().again_after, std::chrono::seconds(600));
  world.seconds += 602;
  world.step();
  EXPECT_EQ(world.progress(), "False ProgressDeadlineExceeded");
  world.step();
  EXPECT_TRUE(world.plan().empty());
  world.never_ready = false;
  world.rest();
  EXPECT_EQ(world.progress(), "True NewReplicaSetAvailable");
  EXPECT_EQ(world.sets(), "v1:0@1 v2:2@2");
}

TEST(Deployment, TellsThatItsSetsCannotMakeTheirPods) {
  World world(deployment(2));
  world.rest();
  auto told = [&] {
    std::string text;
    const auto d = world.now();
    for (const auto& one : d.status().conditions()) {
      if (one.type() == "ReplicaFailure") text += one.status() + " " + one.reason() + ": " + one.message();
    }
    return text;
  };
  auto set_fails = [&](const std::string& message) {
    auto set = world.api.all(kinds::kReplicaSet)[0]->as<apps::ReplicaSet>();
    set.mutable_status()->clear_conditions();
    if (!message.empty()) {
      auto* condition = set.mutable_status()->add_conditions();
      condition->set_type("ReplicaFailure");
      condition->set_status("True");
      condition->set_reason("FailedCreate");
      condition->set_message(message);
      condition->mutable_lasttransitiontime()->set_seconds(kNow - 5);
    }
    world.api.set(kinds::kReplicaSet, &set);
    world.follow();
    world.step();
  };
  EXPECT_EQ(told(), "");
  set_fails("exceeded quota");
  EXPECT_EQ(told(), "True FailedCreate: exceeded quota");
  EXPECT_TRUE(world.plan().empty());
  set_fails("");
  EXPECT_EQ(told(), "");
}

TEST(Deployment, TellsThatItsSetCannotBeMade) {
  World world(deployment(2));
  const View::Refusal refusal{true, "no more replica sets"};
  world.view.tell_refusal(key, &refusal);
  const Plan plan = world.plan();
  ASSERT_EQ(plan.steps.size(), 2u);
  const auto conditions = plan.steps[1].write.object->as<apps::Deployment>().status().conditions();
  std::string said;
  for (const auto& one : conditions) {
    if (one.type() == "Progressing") said = one.status() + " " + one.reason() + ": " + one.message();
  }
  EXPECT_EQ(said, "False ReplicaSetCreateError: Failed to create new replica set \"" + plan.steps[0].write.key.name +
                      "\": no more replica sets");
  world.api.apply(plan.steps[1].write);
  world.follow();
  world.view.tell_refusal(key, nullptr);
  world.step();
  EXPECT_EQ(world.progress(), "True NewReplicaSetCreated");
  world.rest();
  EXPECT_EQ(world.progress(), "True NewReplicaSetAvailable");
}

TEST(Deployment, HandsMinReadySecondsToItsSets) {
  World world(deployment(1));
  world.rest();
  world.edit([](auto* d) { d->mutable_spec()->set_minreadyseconds(7); });
  world.rest();
  EXPECT_EQ(world.api.all(kinds::kReplicaSet)[0]->as<apps::ReplicaSet>().spec().minreadyseconds(), 7);
}

TEST(Deployment, CountsACollisionWhereTheNameOfItsSetIsTaken) {
  auto what = deployment(1);
  World world(what);
  apps::ReplicaSet other;
  other.mutable_metadata()->set_name("web-" + pod_template_hash(what.spec().template_(), 0));
  other.mutable_metadata()->set_namespace_("default");
  world.api.set(kinds::kReplicaSet, &other);
  world.follow();
  world.step();
  EXPECT_EQ(world.now().status().collisioncount(), 1);
  world.rest();
  EXPECT_EQ(world.now().status().updatedreplicas(), 1);
}

/// Replica sets of a deployment that asked for `before` when they were sized.
RolloutSet sized(const std::string& name, int replicas, int before, int surge, int64_t created) {
  apps::ReplicaSet set;
  set.mutable_metadata()->set_name(name);
  set.mutable_metadata()->mutable_creationtimestamp()->set_seconds(created);
  set.mutable_spec()->set_replicas(replicas);
  set.mutable_status()->set_replicas(replicas);
  (*set.mutable_metadata()->mutable_annotations())[annotations::kDesiredReplicas] = std::to_string(before);
  (*set.mutable_metadata()->mutable_annotations())[annotations::kMaxReplicas] = std::to_string(before + surge);
  return {Object::encode(kinds::kReplicaSet, set), set};
}

TEST(Rollout, ScalesSeveralSetsInProportion) {
  struct Case {
    const char* what;
    int before, after, surge;
    std::vector<int> sets;
    std::vector<int> expected;
  };
  const Case cases[] = {
      {"the documentation's example", 10, 15, 3, {8, 5}, {11, 7}},
      {"down", 10, 5, 0, {6, 4}, {3, 2}},
      {"to nothing", 10, 0, 3, {8, 5}, {0, 0}},
      {"what rounding leaves goes to the largest", 5, 6, 0, {3, 1, 1}, {4, 1, 1}},
      {"equal ones", 4, 8, 0, {2, 2}, {4, 4}},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    auto d = deployment(one.after);
    *d.mutable_spec()->mutable_strategy()->mutable_rollingupdate()->mutable_maxsurge() = int_value(one.surge);
    std::vector<RolloutSet> sets;
    for (size_t i = 0; i < one.sets.size(); ++i) {
      sets.push_back(sized("s" + std::to_string(i), one.sets[i], one.before, one.surge, static_cast<int64_t>(i)));
    }
    Rollout rollout(d, std::move(sets), static_cast<int>(one.sets.size()) - 1);
    ASSERT_TRUE(rollout.was_scaled());
    rollout.scale();
    std::vector<int> sizes;
    for (const auto& set : rollout.sets()) sizes.push_back(set.replicas());
    EXPECT_EQ(sizes, one.expected);
    EXPECT_FALSE(rollout.was_scaled());
  }
}

}  // namespace
}  // namespace kabuki::controllers::testing
