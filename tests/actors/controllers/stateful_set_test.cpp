#include "actors/controllers/stateful_set.hpp"

#include <gtest/gtest.h>

#include "actors/controllers/garbage_collector.hpp"
#include "actors/controllers/owners.hpp"
#include "actors/controllers/revisions.hpp"
#include "messages/api/apps/v1/stateful_set.pb.h"
#include "messages/api/core/v1/persistent_volume_claim.pb.h"
#include "messages/encode.hpp"
#include "messages/int_or_string.hpp"
#include "tests/actors/controllers/workload_sim.hpp"

namespace kabuki::controllers::testing {
namespace {

namespace apps = ::k8s::io::api::apps::v1;
using actors::Write;
using Names = std::vector<std::string>;

constexpr int64_t kNow = 1'000'000;
const Instant now{{kNow * 1'000'000'000}, {0}};
const Key key{kinds::kStatefulSet, "default", "web"};

apps::StatefulSet set(int replicas, const std::string& image = "v1") {
  apps::StatefulSet set;
  set.mutable_metadata()->set_name("web");
  set.mutable_metadata()->set_namespace_("default");
  set.mutable_metadata()->set_uid("set-uid");
  set.mutable_metadata()->set_generation(1);
  auto* spec = set.mutable_spec();
  spec->set_replicas(replicas);
  spec->set_servicename("svc");
  spec->set_podmanagementpolicy("OrderedReady");
  spec->mutable_updatestrategy()->set_type("RollingUpdate");
  spec->mutable_updatestrategy()->mutable_rollingupdate()->set_partition(0);
  (*spec->mutable_selector()->mutable_matchlabels())["app"] = "web";
  (*spec->mutable_template_()->mutable_metadata()->mutable_labels())["app"] = "web";
  auto* container = spec->mutable_template_()->mutable_spec()->add_containers();
  container->set_name("app");
  container->set_image(image);
  return set;
}

/// A set and its pods as a table says: the plan's writes as text.
struct World {
  View view{View::kControllers | View::kPods};
  apps::StatefulSet set;

  explicit World(apps::StatefulSet what) : set(std::move(what)) {
    put_set();
    // The revision of its template, as the first plan makes it.
    for (auto& step : plan().steps) add_revision(step.write, 1);
  }
  void add_revision(const Write& write, int64_t number) {
    auto message = write.object->as<apps::ControllerRevision>();
    message.mutable_metadata()->set_uid("uid-" + message.metadata().name());
    message.set_revision(number);
    revision = message.metadata().name();
    if (set.status().currentrevision().empty()) set.mutable_status()->set_currentrevision(revision);
    view.put(Object::encode(kinds::kControllerRevision, message, 5));
    put_set();
  }
  void put_set() { view.put(Object::encode(kinds::kStatefulSet, set, 10)); }
  void image(const std::string& image) {
    set.mutable_spec()->mutable_template_()->mutable_spec()->mutable_containers(0)->set_image(image);
    put_set();
    for (auto& step : plan().steps) add_revision(step.write, 2);
  }
  /// states: '.' none, 'r' ready, 'u' running but not ready, 'p' pending, 'f' failed, 't' ready and terminating;
  /// in upper case of the older revision.
  void pods(const std::string& states, const std::string& old = {}) {
    for (size_t i = 0; i < states.size(); ++i) {
      if (states[i] == '.') continue;
      const char state = static_cast<char>(std::tolower(states[i]));
      const std::string name = "web-" + std::to_string(i);
      core::Pod pod;
      auto* meta = pod.mutable_metadata();
      meta->set_name(name);
      meta->set_namespace_("default");
      meta->set_uid("uid-" + name);
      auto& labels = *meta->mutable_labels();
      labels["app"] = "web";
      labels["statefulset.kubernetes.io/pod-name"] = name;
      labels["apps.kubernetes.io/pod-index"] = std::to_string(i);
      labels["controller-revision-hash"] = std::isupper(states[i]) ? old : revision;
      *meta->add_ownerreferences() = controller_reference(*view.find(key));
      if (state == 't') meta->mutable_deletiontimestamp()->set_seconds(kNow);
      pod.mutable_spec()->set_nodename("node");
      pod.mutable_status()->set_phase(state == 'p' ? "Pending" : state == 'f' ? "Failed" : "Running");
      auto* ready = pod.mutable_status()->add_conditions();
      ready->set_type("Ready");
      ready->set_status(state == 'r' || state == 't' ? "True" : "False");
      ready->mutable_lasttransitiontime()->set_seconds(kNow - 100);
      view.put(Object::encode(kinds::kPod, pod, 20));
    }
  }
  Plan plan() { return reconcile_stateful_set(view, key, now); }
  std::vector<Write> writes() {
    std::vector<Write> out;
    for (auto& step : plan().steps) {
      if (step.write.verb != bus::WriteObjects::UPDATE_STATUS) out.push_back(step.write);
    }
    return out;
  }
  /// "+web-0 -web-1": pods made and deleted.
  std::string moves() {
    std::string text;
    for (const Write& write : writes()) {
      if (!text.empty()) text += ' ';
      text += write.verb == bus::WriteObjects::CREATE ? '+' : write.verb == bus::WriteObjects::DELETE ? '-' : '~';
      text += write.key.name;
    }
    return text;
  }
  apps::StatefulSetStatus status() {
    for (auto& step : plan().steps) {
      if (step.write.verb == bus::WriteObjects::UPDATE_STATUS)
        return step.write.object->as<apps::StatefulSet>().status();
    }
    return set.status();
  }
  std::string revision;
};

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

TEST(StatefulSetConvergence, IdentitiesAreUniqueOrderedAndComplete) {
  for (uint64_t seed = 1; seed <= 15; ++seed) {
    SCOPED_TRACE(seed);
    WorkloadSim sim(seed, {stateful_set_controller(), garbage_collector()});
    sim.views_lag = 8;
    apps::StatefulSet what = set(0);
    what.mutable_metadata()->clear_uid();
    what.mutable_spec()->set_revisionhistorylimit(1);
    what.mutable_spec()->add_volumeclaimtemplates()->mutable_metadata()->set_name("data");
    sim.api.create(Write::create(kinds::kStatefulSet, what));
    // The store excludes twins by name; that the next one comes only after those below are there is to be kept here.
    sim.each_step = [&] {
      std::set<int> made;
      for (const ObjectPtr& pod : sim.api.all(kinds::kPod))
        made.insert(std::stoi(std::string(pod->name().substr(4))));
      ASSERT_TRUE(made.empty() || *made.rbegin() <= 6);
    };
    io::Random user = sim.random.split("user");
    int replicas = 0;
    std::string image;
    for (int round = 0; round < 8; ++round) {
      auto current = sim.api.find(key)->as<apps::StatefulSet>();
      replicas = static_cast<int>(user.below(7));
      image = "v" + std::to_string(user.below(3));
      current.mutable_spec()->set_replicas(replicas);
      current.mutable_spec()->mutable_template_()->mutable_spec()->mutable_containers(0)->set_image(image);
      current.mutable_metadata()->set_generation(current.metadata().generation() + 1);
      sim.api.set(kinds::kStatefulSet, &current);
      sim.run(40,
              {.host = {.deliver = 0.4, .refuse = 0.15, .lose = 0.1, .answer = 0.5}, .crash = 0.02, .fail = 0.02});
    }
    ASSERT_TRUE(sim.settle(4000));
    Names expected;
    for (int i = 0; i < replicas; ++i) expected.push_back("web-" + std::to_string(i));
    EXPECT_EQ(sim.names(kinds::kPod), expected);
    for (const ObjectPtr& pod : sim.api.all(kinds::kPod)) {
      EXPECT_EQ(pod->as<core::Pod>().spec().containers(0).image(), image);
    }
    const auto status = sim.api.find(key)->as<apps::StatefulSet>().status();
    EXPECT_EQ(status.readyreplicas(), replicas);
    EXPECT_EQ(status.updatedreplicas(), replicas);
    EXPECT_EQ(status.currentrevision(), status.updaterevision());
    EXPECT_LE(sim.names(kinds::kControllerRevision).size(), 2u);
    EXPECT_EQ(sim.writes_at_rest(50), 0u);
  }
}

TEST(StatefulSetConvergence, AnOrderedRolloutNeverLacksMoreThanOne) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    WorkloadSim sim(seed, {stateful_set_controller()});
    apps::StatefulSet what = set(5);
    what.mutable_metadata()->clear_uid();
    sim.api.create(Write::create(kinds::kStatefulSet, what));
    ASSERT_TRUE(sim.settle(2000));
    auto current = sim.api.find(key)->as<apps::StatefulSet>();
    current.mutable_spec()->mutable_template_()->mutable_spec()->mutable_containers(0)->set_image("v2");
    current.mutable_metadata()->set_generation(2);
    sim.api.set(kinds::kStatefulSet, &current);
    sim.each_step = [&] {
      int ready = 0;
      for (const ObjectPtr& pod : sim.api.all(kinds::kPod)) {
        const PodFacts facts = facts_of_pod(*pod);
        ready += facts.active() && facts.ready;
      }
      ASSERT_GE(ready, 4);
    };
    sim.run(200, {.host = {.deliver = 0.4, .refuse = 0.1, .lose = 0.1, .answer = 0.5}, .crash = 0.02});
    ASSERT_TRUE(sim.settle(3000));
    for (const ObjectPtr& pod : sim.api.all(kinds::kPod)) {
      EXPECT_EQ(pod->as<core::Pod>().spec().containers(0).image(), "v2");
    }
  }
}

}  // namespace
}  // namespace kabuki::controllers::testing
