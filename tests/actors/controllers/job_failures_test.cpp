#include "actors/controllers/job_failures.hpp"

#include "tests/actors/controllers/job_world.hpp"

namespace kabuki::controllers::testing::jobs {
namespace {

TEST(JobFailures, DelayTheNextAttemptTwiceAsLongEachTime) {
  EXPECT_EQ(next_attempt({}), 0);
  EXPECT_EQ(next_attempt({{100, false}}), 0);
  EXPECT_EQ(next_attempt({{100, true}}), 110);
  EXPECT_EQ(next_attempt({{100, true}, {130, true}, {125, true}}), 170);
  EXPECT_EQ(next_attempt({{100, true}, {120, false}, {130, true}}), 140);
  std::vector<PodEnd> many(20, PodEnd{100, true});
  EXPECT_EQ(next_attempt(many), 700);
}

TEST(JobFailures, AreJudgedByTheFirstRuleThatApplies) {
  batch::PodFailurePolicy policy;
  auto* ignore = policy.add_rules();
  ignore->set_action("Ignore");
  auto* pattern = ignore->add_onpodconditions();
  pattern->set_type("DisruptionTarget");
  pattern->set_status("True");
  auto* fatal = policy.add_rules();
  fatal->set_action("FailJob");
  fatal->mutable_onexitcodes()->set_containername("app");
  fatal->mutable_onexitcodes()->set_operator_("In");
  fatal->mutable_onexitcodes()->add_values(42);
  auto* index = policy.add_rules();
  index->set_action("FailIndex");
  index->mutable_onexitcodes()->set_operator_("NotIn");
  index->mutable_onexitcodes()->add_values(1);
  core::Pod pod;
  pod.mutable_metadata()->set_name("p");
  pod.mutable_metadata()->set_namespace_("default");
  auto* container = pod.mutable_status()->add_containerstatuses();
  container->set_name("app");
  auto code = [&](int value) { container->mutable_state()->mutable_terminated()->set_exitcode(value); };
  code(1);
  EXPECT_EQ(judge_failure(policy, pod), FailureVerdict());
  code(42);
  EXPECT_EQ(
      judge_failure(policy, pod),
      (FailureVerdict{true, false,
                      "Container app for pod default/p failed with exit code 42 matching FailJob rule at index 1"}));
  code(7);
  EXPECT_EQ(judge_failure(policy, pod), (FailureVerdict{true, true, ""}));
  auto* condition = pod.mutable_status()->add_conditions();
  condition->set_type("DisruptionTarget");
  condition->set_status("True");
  EXPECT_EQ(judge_failure(policy, pod), (FailureVerdict{false, false, ""}));
}

TEST(Job, TriesAgainAfterADelayUpToItsLimit) {
  auto what = job(1, 1);
  what.mutable_spec()->set_backofflimit(2);
  World world(what);
  for (int64_t delay : {10, 20}) {
    world.rest();
    world.end_one("Failed", 1);
    world.rest();
    EXPECT_EQ(world.pods("").size(), 0u);
    EXPECT_EQ(world.plan().again_after, std::chrono::seconds(delay));
    world.seconds += delay;
  }
  world.rest();
  world.end_one("Failed", 1);
  world.rest();
  EXPECT_EQ(world.conditions(), "FailureTarget(BackoffLimitExceeded) Failed(BackoffLimitExceeded)");
  EXPECT_EQ(world.status().failed(), 3);
  EXPECT_EQ(world.events, std::vector<std::string>{"BackoffLimitExceeded"});
}

TEST(Job, RestartsInPlaceCountTowardsTheLimit) {
  auto what = job(1, 1);
  what.mutable_spec()->set_backofflimit(2);
  what.mutable_spec()->mutable_template_()->mutable_spec()->set_restartpolicy("OnFailure");
  World world(what);
  world.rest();
  auto pod = world.pods("")[0];
  pod.mutable_status()->add_containerstatuses()->set_restartcount(2);
  world.api.set(kinds::kPod, &pod);
  world.follow();
  world.rest();
  EXPECT_EQ(world.conditions(), "FailureTarget(BackoffLimitExceeded) Failed(BackoffLimitExceeded)");
  EXPECT_EQ(world.api.all(kinds::kPod).size(), 0u);
}

TEST(Job, FailsAtItsDeadlineAndTakesItsPodsAlong) {
  auto what = job(2, 2);
  what.mutable_spec()->set_activedeadlineseconds(60);
  World world(what);
  world.rest();
  EXPECT_EQ(world.plan().again_after, std::chrono::seconds(60));
  world.seconds += 60;
  world.rest();
  EXPECT_EQ(world.conditions(), "FailureTarget(DeadlineExceeded) Failed(DeadlineExceeded)");
  EXPECT_EQ(world.api.all(kinds::kPod).size(), 0u);
  EXPECT_EQ(world.status().failed(), 2);
  EXPECT_EQ(world.status().active(), 0);
}

TEST(Job, FailsAtOnceWhereItsPolicySaysSoAndDoesNotCountWhatItIgnores) {
  auto what = job(2, 1);
  what.mutable_spec()->set_backofflimit(0);
  for (int value : {3, 42}) {
    auto* rule = what.mutable_spec()->mutable_podfailurepolicy()->add_rules();
    rule->set_action(value == 3 ? "Ignore" : "FailJob");
    rule->mutable_onexitcodes()->set_operator_("In");
    rule->mutable_onexitcodes()->add_values(value);
  }
  World world(what);
  world.rest();
  world.end_one("Failed", 3);
  world.rest();
  EXPECT_EQ(world.status().failed(), 0);
  world.rest();
  ASSERT_EQ(world.pods("").size(), 1u);
  world.end_one("Failed", 42);
  world.rest();
  EXPECT_EQ(world.conditions(), "FailureTarget(PodFailurePolicy) Failed(PodFailurePolicy)");
}

TEST(Job, AnIndexHasALimitOfItsOwn) {
  auto what = job(2, 2, "Indexed");
  what.mutable_spec()->set_backofflimit(INT32_MAX);
  what.mutable_spec()->set_backofflimitperindex(1);
  World world(what);
  world.rest();
  world.end_one("Failed", 1, "0");
  world.rest();
  EXPECT_EQ(world.status().failedindexes(), "");
  world.seconds += 10;
  world.rest();
  world.end_one("Failed", 1, "0");
  world.rest();
  EXPECT_EQ(world.status().failedindexes(), "0");
  EXPECT_EQ(world.pods("").size(), 1u);
  world.end_one("Succeeded", 0, "1");
  world.rest();
  EXPECT_EQ(world.conditions(), "FailureTarget(FailedIndexes) Failed(FailedIndexes)");
  EXPECT_EQ(world.status().failed(), 2);
  EXPECT_EQ(world.status().succeeded(), 1);
}

}  // namespace
}  // namespace kabuki::controllers::testing::jobs
