#include "actors/controllers/garbage_collector.hpp"
#include "tests/actors/controllers/stateful_set_world.hpp"

namespace kabuki::controllers::testing::stateful_sets {
namespace {

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
}  // namespace kabuki::controllers::testing::stateful_sets
