#include "actors/controllers/garbage_collector.hpp"
#include "actors/controllers/job_conditions.hpp"
#include "actors/controllers/owned_pods.hpp"
#include "messages/meta.hpp"
#include "tests/actors/controllers/job_world.hpp"

namespace kabuki::controllers::testing::jobs {
namespace {

TEST(JobConvergence, CompletesExactlyAsOftenAsAskedWhateverHappensOnTheWay) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const bool indexed = seed % 2 == 0;
    WorkloadSim sim(seed, {job_controller(), garbage_collector()});
    auto what = job(9, 4, indexed ? "Indexed" : "NonIndexed");
    what.mutable_metadata()->clear_uid();
    what.mutable_spec()->set_backofflimit(1000);
    sim.api.create(Write::create(kinds::kJob, what));
    sim.views_lag = 8;
    // Each pod's end, by uid, from the log: what the counters have to come to.
    sim.run(600, {.host = {.deliver = 0.4, .refuse = 0.15, .lose = 0.15, .answer = 0.5},
                  .crash = 0.03,
                  .fail = 0.01,
                  .finish = 0.05});
    ASSERT_TRUE(sim.settle(20000, 0.2));
    std::map<std::string, std::string> ends;
    std::set<std::string> indexes;
    for (const auto& event : sim.api.log()) {
      if (event.object->kind() != kinds::kPod || event.deleted) continue;
      const auto phase = facts_of_pod(*event.object).phase;
      if (phase != PodFacts::Phase::succeeded && phase != PodFacts::Phase::failed) continue;
      const bool good = phase == PodFacts::Phase::succeeded;
      ends[std::string(event.object->uid())] = good ? "good" : "bad";
      if (good) indexes.insert(annotation_of(*event.object, kCompletionIndex));
    }
    const auto good = std::count_if(ends.begin(), ends.end(), [](const auto& end) { return end.second == "good"; });
    const auto status = sim.api.find(key)->as<batch::Job>().status();
    ASSERT_NE(finished_condition(status), nullptr);
    EXPECT_EQ(finished_condition(status)->type(), "Complete");
    EXPECT_EQ(status.succeeded(), 9);
    EXPECT_EQ(status.failed(), static_cast<int64_t>(ends.size()) - good);
    EXPECT_EQ(indexed ? static_cast<int64_t>(indexes.size()) : good, 9);
    EXPECT_EQ(status.active() + status.terminating(), 0);
    for (const ObjectPtr& pod : sim.api.all(kinds::kPod)) EXPECT_FALSE(has_finalizer(*pod, kJobTracking));
    EXPECT_EQ(sim.writes_at_rest(50), 0u);
  }
}

TEST(JobConvergence, ADeletedJobLeavesNothing) {
  WorkloadSim sim(4, {job_controller(), garbage_collector()});
  auto what = job(9, 4);
  what.mutable_metadata()->clear_uid();
  sim.api.create(Write::create(kinds::kJob, what));
  sim.run(60, {.host = {.deliver = 0.6, .answer = 0.6}, .finish = 0.05});
  sim.api.vanish(key);
  ASSERT_TRUE(sim.settle(2000));
  EXPECT_EQ(sim.names(kinds::kPod), std::vector<std::string>());
}

}  // namespace
}  // namespace kabuki::controllers::testing::jobs
