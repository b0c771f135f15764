#include "actors/controllers/stateful_set.hpp"

#include <gtest/gtest.h>

#include "actors/controllers/owners.hpp"
#include "actors/controllers/revisions.hpp"
#include "messages/api/apps/v1/stateful_set.pb.h"
#include "messages/api/core/v1/persistent_volume_claim.pb.h"
#include "messages/encode.hpp"
#include "messages/int_or_string.hpp"
#include "tests/actors/controllers/stateful_set_world.hpp"

namespace kabuki::controllers::testing::stateful_sets {
namespace {

TEST(StatefulSet, RecordsItsTemplateBeforeAnyPodIsMade) {
  View view(View::kControllers | View::kPods);
  view.put(Object::encode(kinds::kStatefulSet, set(2), 10));
  const Plan plan = reconcile_stateful_set(view, key, now);
  ASSERT_EQ(plan.steps.size(), 1u);
  const auto revision = plan.steps[0].write.object->as<apps::ControllerRevision>();
  EXPECT_EQ(revision.revision(), 1);
  EXPECT_EQ(revision.data().raw(), R"({"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"web"}},)"
                                   R"("spec":{"containers":[{"name":"app","image":"v1","resources":{}}]}}}})");
  EXPECT_EQ(revision.metadata().name(), "web-" + revision.metadata().labels().at("controller.kubernetes.io/hash"));
  EXPECT_EQ(revision.metadata().ownerreferences(0).uid(), "set-uid");
}

TEST(StatefulSet, ARevisionGivesItsTemplateBack) {
  Revision revision;
  auto model = set(1).spec().template_();
  (*model.mutable_metadata()->mutable_annotations())["a"] = "}}";
  revision.message.mutable_data()->set_raw(revision_data(model));
  ASSERT_TRUE(revision.pod_template());
  EXPECT_EQ(serialize(*revision.pod_template()), serialize(model));
  revision.message.mutable_data()->set_raw("{}");
  EXPECT_FALSE(revision.pod_template());
}

TEST(StatefulSet, MovesOneStepAsItsPolicyAllows) {
  struct Case {
    const char* what;
    int replicas;
    bool parallel;
    const char* pods;
    const char* moves;
  };
  const Case cases[] = {
      {"the first alone", 3, false, "...", "+web-0"},
      {"the next once the one before is ready", 3, false, "r..", "+web-1"},
      {"waits for a pending one", 3, false, "rp.", ""},
      {"waits for one that is not ready", 3, false, "ru.", ""},
      {"waits for one that goes", 3, false, "rt.", ""},
      {"fills a gap first", 3, false, ".rr", "+web-0"},
      {"takes one that failed away", 3, false, "rfr", "-web-1"},
      {"the highest goes first", 1, false, "rrr", "-web-2"},
      {"one at a time", 1, false, "rrt", ""},
      {"none goes while a lower one is not well", 1, false, "urr", ""},
      {"the highest goes though another surplus one is not well", 1, false, "rur", "-web-2"},
      {"the lowest that is not well may go", 1, false, "rru", "-web-2"},
      {"one that is over is not waited for", 1, false, "rfrf", "-web-3"},
      {"none is taken away before all are there", 2, false, "r.r", "+web-1"},
      {"is at rest", 3, false, "rrr", ""},
      {"parallel: all at once", 3, true, "...", "+web-0 +web-1 +web-2"},
      {"parallel: waits for nobody", 3, true, "pu.", "+web-2"},
      {"parallel: all surplus at once", 1, true, "rurt", "-web-2 -web-1"},
      {"parallel: up and down together", 2, true, "r.rr", "+web-1 -web-3 -web-2"},
      {"nothing left", 0, false, "r", "-web-0"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    apps::StatefulSet what = set(one.replicas);
    if (one.parallel) what.mutable_spec()->set_podmanagementpolicy("Parallel");
    World world(what);
    world.pods(one.pods);
    EXPECT_EQ(world.moves(), one.moves);
  }
}

TEST(StatefulSet, UpdatesFromTheHighestDownToThePartition) {
  struct Case {
    const char* what;
    int partition;
    const char* most_unavailable;
    const char* pods;
    const char* moves;
  };
  const Case cases[] = {
      {"the highest first", 0, "", "RRR", "-web-2"},
      {"waits for the new one", 0, "", "RRu", ""},
      {"goes on", 0, "", "RRr", "-web-1"},
      {"leaves what is below the partition", 2, "", "RRr", ""},
      {"waits while an old one goes", 0, "", "RRT", ""},
      {"two at a time", 0, "2", "RRRR", "-web-3 -web-2"},
      {"two, counting those not well", 0, "2", "RRRu", "-web-2"},
      {"not more than two", 0, "2", "RRuu", ""},
      {"half of them", 0, "50%", "RRRR", "-web-3 -web-2"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    apps::StatefulSet what = set(static_cast<int>(std::string(one.pods).size()));
    auto* update = what.mutable_spec()->mutable_updatestrategy()->mutable_rollingupdate();
    update->set_partition(one.partition);
    const std::string most = one.most_unavailable;
    // In order, nothing goes on while one is not well.
    if (!most.empty()) what.mutable_spec()->set_podmanagementpolicy("Parallel");
    if (!most.empty()) *update->mutable_maxunavailable() = most == "2" ? int_value(2) : string_value(most);
    World world(what);
    const std::string old = world.revision;
    world.image("v2");
    ASSERT_NE(world.revision, old);
    world.pods(one.pods, old);
    EXPECT_EQ(world.moves(), one.moves);
  }
}

TEST(StatefulSet, SaysWhichPodsItMadeAndWhichItCouldNot) {
  World world(set(1));
  const Plan plan = world.plan();
  ASSERT_GE(plan.steps.size(), 1u);
  EXPECT_EQ(plan.steps[0].say, (Announcement{key, std::string(world.view.find(key)->uid()), "SuccessfulCreate",
                                             "create Pod web-0 in StatefulSet web successful", "FailedCreate",
                                             "create Pod web-0 in StatefulSet web failed error: {error}"}));
}

TEST(StatefulSet, OnDeleteReplacesOnlyWhatIsDeleted) {
  apps::StatefulSet what = set(3);
  what.mutable_spec()->mutable_updatestrategy()->set_type("OnDelete");
  what.mutable_spec()->mutable_updatestrategy()->clear_rollingupdate();
  World world(what);
  const std::string old = world.revision;
  world.image("v2");
  world.pods("RRR", old);
  EXPECT_EQ(world.moves(), "");
  world.view.remove({kinds::kPod, "default", "web-1"});
  ASSERT_EQ(world.moves(), "+web-1");
  EXPECT_EQ(world.writes()[0].object->as<core::Pod>().spec().containers(0).image(), "v2");
}

TEST(StatefulSet, BelowThePartitionPodsComeBackAsTheyWere) {
  apps::StatefulSet what = set(3);
  what.mutable_spec()->mutable_updatestrategy()->mutable_rollingupdate()->set_partition(2);
  World world(what);
  const std::string old = world.revision;
  world.image("v2");
  world.pods(".Rr", old);
  ASSERT_EQ(world.moves(), "+web-0");
  const auto pod = world.writes()[0].object->as<core::Pod>();
  EXPECT_EQ(pod.spec().containers(0).image(), "v1");
  EXPECT_EQ(pod.metadata().labels().at("controller-revision-hash"), old);
}

TEST(StatefulSet, APodBearsItsIdentity) {
  apps::StatefulSet what = set(1);
  what.mutable_spec()->mutable_ordinals()->set_start(4);
  what.mutable_spec()->add_volumeclaimtemplates()->mutable_metadata()->set_name("data");
  World world(what);
  ASSERT_EQ(world.moves(), "+data-web-4");
  world.view.put(world.writes()[0].object);
  ASSERT_EQ(world.moves(), "+web-4");
  const auto pod = world.writes()[0].object->as<core::Pod>();
  core::Pod expected;
  expected.mutable_metadata()->set_name("web-4");
  expected.mutable_metadata()->set_namespace_("default");
  auto& labels = *expected.mutable_metadata()->mutable_labels();
  labels["app"] = "web";
  labels["statefulset.kubernetes.io/pod-name"] = "web-4";
  labels["apps.kubernetes.io/pod-index"] = "4";
  labels["controller-revision-hash"] = world.revision;
  *expected.mutable_metadata()->add_ownerreferences() = controller_reference(*world.view.find(key));
  *expected.mutable_spec() = what.spec().template_().spec();
  expected.mutable_spec()->set_hostname("web-4");
  expected.mutable_spec()->set_subdomain("svc");
  auto* volume = expected.mutable_spec()->add_volumes();
  volume->set_name("data");
  volume->mutable_volumesource()->mutable_persistentvolumeclaim()->set_claimname("data-web-4");
  EXPECT_EQ(pod.DebugString(), expected.DebugString());
}

TEST(StatefulSet, ClaimsGetTheOwnersThatTheRetentionPolicyAsksFor) {
  struct Case {
    const char* deleted;
    const char* scaled;
    const char* owners_of_member;
    const char* owners_of_surplus;
  };
  const Case cases[] = {{"Retain", "Retain", "", ""},
                        {"Delete", "Retain", "web", "web"},
                        {"Retain", "Delete", "", "web-1"},
                        {"Delete", "Delete", "web", "web-1"}};
  for (const Case& one : cases) {
    SCOPED_TRACE(std::string(one.deleted) + " " + one.scaled);
    apps::StatefulSet what = set(1);
    what.mutable_spec()->add_volumeclaimtemplates()->mutable_metadata()->set_name("data");
    auto* policy = what.mutable_spec()->mutable_persistentvolumeclaimretentionpolicy();
    policy->set_whendeleted(one.deleted);
    policy->set_whenscaled(one.scaled);
    World world(what);
    world.pods("rr");
    for (const char* name : {"data-web-0", "data-web-1"}) {
      core::PersistentVolumeClaim claim;
      claim.mutable_metadata()->set_name(name);
      claim.mutable_metadata()->set_namespace_("default");
      world.view.put(Object::encode(kinds::kPersistentVolumeClaim, claim, 30));
    }
    // Owners first, then the pod.
    for (int round = 0; round < 3 && world.moves() != "-web-1"; ++round) {
      for (const Write& write : world.writes()) world.view.put(write.object);
    }
    EXPECT_EQ(world.moves(), "-web-1");
    auto owners = [&](const char* name) {
      std::string text;
      const auto object = world.view.find({kinds::kPersistentVolumeClaim, "default", name});
      for (const Owner& owner : owners_of(*object)) text += owner.name;
      return text;
    };
    EXPECT_EQ(owners("data-web-0"), one.owners_of_member);
    EXPECT_EQ(owners("data-web-1"), one.owners_of_surplus);
  }
}

TEST(StatefulSet, NoPodIsMadeOnAClaimThatGoes) {
  apps::StatefulSet what = set(1);
  what.mutable_spec()->add_volumeclaimtemplates()->mutable_metadata()->set_name("data");
  World world(what);
  core::PersistentVolumeClaim claim;
  claim.mutable_metadata()->set_name("data-web-0");
  claim.mutable_metadata()->set_namespace_("default");
  claim.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(kNow);
  world.view.put(Object::encode(kinds::kPersistentVolumeClaim, claim, 30));
  EXPECT_EQ(world.moves(), "");
}

TEST(StatefulSet, ReportsRevisionsAndWhoIsAvailable) {
  World world(set(4));
  const std::string old = world.revision;
  world.image("v2");
  world.set.mutable_spec()->set_minreadyseconds(200);
  world.put_set();
  world.pods("RRur", old);
  apps::StatefulSetStatus expected;
  expected.set_observedgeneration(1);
  expected.set_replicas(4);
  expected.set_readyreplicas(3);
  expected.set_currentreplicas(2);
  expected.set_updatedreplicas(2);
  expected.set_currentrevision(old);
  expected.set_updaterevision(world.revision);
  EXPECT_EQ(world.status().DebugString(), expected.DebugString());
  EXPECT_EQ(world.plan().again_after, std::chrono::seconds(100));
}

TEST(StatefulSet, TheUpdateIsCompleteWhenAllAreNewAndReady) {
  World world(set(2));
  const std::string old = world.revision;
  world.image("v2");
  world.pods("rr", old);
  EXPECT_EQ(world.status().currentrevision(), world.revision);
  EXPECT_EQ(world.status().currentreplicas(), 2);
}

TEST(StatefulSet, RollingBackRenewsTheOldRevision) {
  World world(set(1));
  const std::string old = world.revision;
  world.image("v2");
  world.set.mutable_spec()->mutable_template_()->mutable_spec()->mutable_containers(0)->set_image("v1");
  world.put_set();
  const auto plan = world.plan();
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(plan.steps[0].write.key.name, old);
  EXPECT_EQ(plan.steps[0].write.object->as<apps::ControllerRevision>().revision(), 3);
}

TEST(StatefulSet, KeepsOnlyAsManyUnusedRevisionsAsAskedFor) {
  apps::StatefulSet what = set(1);
  what.mutable_spec()->set_revisionhistorylimit(0);
  World world(what);
  const std::string old = world.revision;
  world.image("v2");
  world.pods("r", old);
  world.set.mutable_status()->set_currentrevision(world.revision);
  world.put_set();
  EXPECT_EQ(world.moves(), "-" + old);
}

TEST(StatefulSet, AdoptsOnlyPodsOfItsNames) {
  World world(set(2));
  world.pods("rr");
  for (const char* name : {"web-1", "web-01", "web-x", "web2-1"}) {
    core::Pod pod;
    pod.mutable_metadata()->set_name(name);
    pod.mutable_metadata()->set_namespace_("default");
    (*pod.mutable_metadata()->mutable_labels())["app"] = "web";
    world.view.put(Object::encode(kinds::kPod, pod, 40));
  }
  EXPECT_EQ(world.moves(), "~web-1");
}

}  // namespace
}  // namespace kabuki::controllers::testing::stateful_sets
