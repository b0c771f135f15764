#include "actors/controllers/job.hpp"

#include <gtest/gtest.h>

#include "actors/controllers/job_conditions.hpp"
#include "actors/controllers/job_indexes.hpp"
#include "actors/controllers/owned_pods.hpp"
#include "actors/controllers/owners.hpp"
#include "messages/encode.hpp"
#include "messages/meta.hpp"
#include "tests/actors/controllers/job_world.hpp"

namespace kabuki::controllers::testing::jobs {
namespace {

TEST(JobIndexes, AreReadAndWrittenAsKubernetesWritesThem) {
  EXPECT_EQ(format_indexes({}), "");
  EXPECT_EQ(format_indexes({1, 3, 4, 5, 7, 8}), "1,3-5,7,8");
  EXPECT_EQ(parse_indexes("1,3-5,7,8,20", 9), (std::set<int32_t>{1, 3, 4, 5, 7, 8}));
  EXPECT_EQ(parse_indexes("x,-,2", 9), (std::set<int32_t>{2}));
}

TEST(Job, MakesPodsThatCannotGoUncounted) {
  World world(job(3, 2));
  world.rest();
  ASSERT_EQ(world.pods("").size(), 2u);
  const auto pod = world.pods("")[0];
  EXPECT_EQ(pod.metadata().finalizers(0), kJobTracking);
  EXPECT_EQ(pod.metadata().generatename(), "sum-");
  EXPECT_EQ(pod.metadata().ownerreferences(0).uid(), "job-uid");
  EXPECT_EQ(world.status().active(), 2);
  EXPECT_EQ(world.status().starttime().seconds(), kNow);
}

TEST(Job, CountsEachEndInThreeRecordedSteps) {
  World world(job(1, 1));
  world.rest();
  world.end_one("Succeeded");
  const std::string uid = world.pods("Succeeded")[0].metadata().uid();
  world.step();  // noted
  EXPECT_EQ(world.status().uncountedterminatedpods().succeeded(0), uid);
  EXPECT_EQ(world.status().succeeded(), 0);
  EXPECT_EQ(world.pods("Succeeded")[0].metadata().finalizers_size(), 1);
  world.step();  // released
  EXPECT_EQ(world.pods("Succeeded")[0].metadata().finalizers_size(), 0);
  EXPECT_EQ(world.status().succeeded(), 0);
  world.step();  // counted
  EXPECT_EQ(world.status().succeeded(), 1);
  EXPECT_EQ(world.status().uncountedterminatedpods().succeeded_size(), 0);
  world.rest();
  EXPECT_EQ(world.conditions(), "SuccessCriteriaMet(CompletionsReached) Complete(CompletionsReached)");
  EXPECT_EQ(world.status().completiontime().seconds(), kNow);
  EXPECT_EQ(world.events, std::vector<std::string>{"Completed"});
}

TEST(Job, RunsAsManyAtOnceAsAskedAndAsManyAsAsked) {
  World world(job(5, 2));
  for (int i = 0; i < 5; ++i) {
    world.rest();
    EXPECT_EQ(world.pods("").size(), i < 4 ? 2u : 1u);
    world.end_one("Succeeded");
  }
  world.rest();
  EXPECT_EQ(world.status().succeeded(), 5);
  EXPECT_EQ(world.status().active(), 0);
  EXPECT_EQ(world.api.all(kinds::kPod).size(), 5u);
  EXPECT_NE(finished_condition(world.status()), nullptr);
}

TEST(Job, WithoutANumberTheFirstSuccessEndsIt) {
  World world(job(-1, 3));
  world.rest();
  world.end_one("Succeeded");
  world.rest();
  EXPECT_EQ(world.pods("").size(), 2u);  // the others finish, and no new one comes
  EXPECT_EQ(world.conditions(), "");
  world.end_one("Succeeded");
  world.end_one("Failed");
  world.rest();
  EXPECT_EQ(world.conditions(), "SuccessCriteriaMet(CompletionsReached) Complete(CompletionsReached)");
  EXPECT_EQ(world.status().succeeded(), 2);
  EXPECT_EQ(world.status().failed(), 1);
}

TEST(Job, SuspendingTakesItsPodsAwayWithoutCountingThem) {
  World world(job(4, 2));
  world.rest();
  world.edit([](auto* j) { j->mutable_spec()->set_suspend(true); });
  world.rest();
  EXPECT_EQ(world.conditions(), "Suspended(JobSuspended)");
  EXPECT_EQ(world.api.all(kinds::kPod).size(), 0u);
  EXPECT_EQ(world.status().failed(), 0);
  world.seconds += 100;
  world.edit([](auto* j) { j->mutable_spec()->set_suspend(false); });
  world.rest();
  EXPECT_EQ(world.pods("").size(), 2u);
  EXPECT_EQ(world.conditions(), "");
  EXPECT_EQ(world.status().starttime().seconds(), kNow + 100);
  EXPECT_EQ(world.events, (std::vector<std::string>{"Suspended", "Resumed"}));
}

TEST(Job, FewerAtOnceTakesPodsAwayWithoutCountingThem) {
  World world(job(4, 3));
  world.rest();
  world.edit([](auto* j) { j->mutable_spec()->set_parallelism(1); });
  world.rest();
  EXPECT_EQ(world.pods("").size(), 1u);
  EXPECT_EQ(world.status().failed(), 0);
}

TEST(Job, GivesEachIndexToOnePod) {
  World world(job(4, 2, "Indexed"));
  world.rest();
  auto pods = world.pods("");
  ASSERT_EQ(pods.size(), 2u);
  const auto& first = pods[0];
  EXPECT_EQ(first.metadata().annotations().at(kCompletionIndex), "0");
  EXPECT_EQ(first.metadata().labels().at(kCompletionIndex), "0");
  EXPECT_EQ(first.metadata().generatename(), "sum-0-");
  EXPECT_EQ(first.spec().hostname(), "sum-0");
  EXPECT_EQ(first.spec().containers(0).env(0).name(), "JOB_COMPLETION_INDEX");
  world.end_one("Succeeded", 0, "1");
  world.rest();
  EXPECT_EQ(world.status().completedindexes(), "1");
  EXPECT_EQ(world.status().succeeded(), 1);
  world.end_one("Failed", 1, "0");
  world.seconds += 10;
  world.rest();
  world.end_one("Succeeded", 0, "0");
  world.end_one("Succeeded", 0, "2");
  world.rest();
  world.end_one("Succeeded", 0, "3");
  world.rest();
  EXPECT_EQ(world.status().completedindexes(), "0-3");
  EXPECT_EQ(world.status().succeeded(), 4);
  EXPECT_EQ(world.status().failed(), 1);
  EXPECT_NE(finished_condition(world.status()), nullptr);
}

TEST(Job, SucceedsAsSoonAsItsPolicyIsMet) {
  auto what = job(5, 5, "Indexed");
  auto* rule = what.mutable_spec()->mutable_successpolicy()->add_rules();
  rule->set_succeededindexes("1,3-4");
  rule->set_succeededcount(2);
  World world(what);
  world.rest();
  world.end_one("Succeeded", 0, "0");
  world.end_one("Succeeded", 0, "3");
  world.rest();
  EXPECT_EQ(world.conditions(), "");
  world.end_one("Succeeded", 0, "1");
  world.rest();
  EXPECT_EQ(world.conditions(), "SuccessCriteriaMet(SuccessPolicy) Complete(SuccessPolicy)");
  EXPECT_EQ(world.status().completedindexes(), "0,1,3");
  EXPECT_EQ(world.pods("").size(), 0u);
}

TEST(Job, ReplacesADeletedPodAtOnceOrOnlyOnceItHasFailed) {
  for (const bool only_failed : {false, true}) {
    SCOPED_TRACE(only_failed);
    auto what = job(1, 1);
    what.mutable_spec()->set_podreplacementpolicy(only_failed ? "Failed" : "TerminatingOrFailed");
    World world(what);
    world.rest();
    auto pod = world.pods("")[0];
    pod.mutable_spec()->set_nodename("node");
    pod.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(kNow + 30);
    pod.mutable_metadata()->set_deletiongraceperiodseconds(30);
    world.api.set(kinds::kPod, &pod);
    world.follow();
    world.seconds += 40;
    world.rest();
    EXPECT_EQ(world.pods("").size(), only_failed ? 0u : 1u);
    EXPECT_EQ(world.status().failed(), only_failed ? 0 : 1);
    EXPECT_EQ(world.status().terminating(), 1);
  }
}

TEST(Job, SaysWhichPodsItMadeAndWhichItCouldNot) {
  World world(job(2, 2));
  const Announcement expected{key,
                              std::string(world.api.find(key)->uid()),
                              "SuccessfulCreate",
                              "Created pod: {name}",
                              "FailedCreate",
                              "Error creating: {error}"};
  int made = 0;
  for (const Step& one : world.plan().steps) {
    if (one.write.verb != bus::WriteObjects::CREATE) continue;
    ++made;
    EXPECT_EQ(one.say, expected);
  }
  EXPECT_EQ(made, 2);
}

TEST(Job, OfAnotherManagerIsLeftToIt) {
  for (const auto& [manager, ours] : std::vector<std::pair<std::string, bool>>{
           {"", true}, {"kubernetes.io/job-controller", true}, {"example.com/other", false}}) {
    auto what = job(1, 1);
    if (!manager.empty()) what.mutable_spec()->set_managedby(manager);
    World world(what);
    EXPECT_EQ(!world.plan().empty(), ours) << manager;
  }
}

TEST(Job, ReleasesThePodsOfAJobThatIsGone) {
  World world(job(1, 1));
  world.rest();
  const auto pod = world.pods("")[0];
  world.api.vanish(key);
  world.follow();
  const Plan plan = reconcile_job(world.view, {kinds::kPod, "default", pod.metadata().name()}, now);
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(plan.steps[0].write.object->as<core::Pod>().metadata().finalizers_size(), 0);
  EXPECT_EQ(plan.only_if_gone, (std::vector<Gone>{{key, "job-uid"}}));
}

}  // namespace
}  // namespace kabuki::controllers::testing::jobs
