#include "actors/controllers/job.hpp"

#include <gtest/gtest.h>

#include "actors/controllers/garbage_collector.hpp"
#include "actors/controllers/job_conditions.hpp"
#include "actors/controllers/job_failures.hpp"
#include "actors/controllers/job_indexes.hpp"
#include "actors/controllers/owned_pods.hpp"
#include "actors/controllers/owners.hpp"
#include "messages/encode.hpp"
#include "messages/meta.hpp"
#include "tests/actors/controllers/workload_sim.hpp"

namespace kabuki::controllers::testing {
namespace {

namespace batch = ::k8s::io::api::batch::v1;
using actors::Write;

constexpr int64_t kNow = 1'000'000;
const Instant now{{kNow * 1'000'000'000}, {0}};
const Key key{kinds::kJob, "default", "sum"};

batch::Job job(int completions, int parallelism, const std::string& mode = "NonIndexed") {
  batch::Job job;
  job.mutable_metadata()->set_name("sum");
  job.mutable_metadata()->set_namespace_("default");
  job.mutable_metadata()->set_uid("job-uid");
  auto* spec = job.mutable_spec();
  if (completions >= 0) spec->set_completions(completions);
  spec->set_parallelism(parallelism);
  spec->set_backofflimit(6);
  spec->set_completionmode(mode);
  spec->set_podreplacementpolicy("TerminatingOrFailed");
  (*spec->mutable_selector()->mutable_matchlabels())["app"] = "sum";
  (*spec->mutable_template_()->mutable_metadata()->mutable_labels())["app"] = "sum";
  spec->mutable_template_()->mutable_spec()->set_restartpolicy("Never");
  spec->mutable_template_()->mutable_spec()->add_containers()->set_name("app");
  return job;
}

/// Runs a job by hand: its writes are applied at once, its pods do what the test says.
struct World {
  FakeApi api;
  View view{View::kControllers | View::kPods};
  int64_t seconds = kNow;
  std::vector<std::string> events;
  size_t seen = 0;

  explicit World(const batch::Job& what) {
    api.set_time(seconds);
    auto mine = what;
    api.set(kinds::kJob, &mine);
    follow();
  }
  void follow() {
    for (; seen < api.log().size(); ++seen) {
      const auto& event = api.log()[seen];
      event.deleted ? view.remove(event.object->key()) : view.put(event.object);
    }
  }
  Plan plan() { return reconcile_job(view, key, {{seconds * 1'000'000'000}, {}}); }
  /// One step: plans, writes, and sees what it wrote.
  void step() {
    for (const Step& one : plan_and_note()) {
      const auto outcome = api.apply(one.write);
      EXPECT_FALSE(outcome.error) << outcome.error->message;
    }
    follow();
  }
  std::vector<Step> plan_and_note() {
    Plan next = plan();
    for (const auto& event : next.events) events.push_back(event.reason);
    return next.steps;
  }
  void rest() {
    for (int i = 0; i < 20 && !plan().empty(); ++i) step();
    EXPECT_TRUE(plan().empty());
  }
  std::vector<core::Pod> pods(const std::string& phase) {
    std::vector<core::Pod> found;
    for (const ObjectPtr& object : api.all(kinds::kPod)) {
      auto pod = object->as<core::Pod>();
      if (pod.status().phase() == phase && !pod.metadata().has_deletiontimestamp()) found.push_back(pod);
    }
    return found;
  }
  void end_one(const std::string& phase, int code = 0, const std::string& index = {}) {
    for (core::Pod pod : pods("")) {
      if (!index.empty() && pod.metadata().annotations().at(kCompletionIndex) != index) continue;
      pod.mutable_spec()->set_nodename("node");
      pod.mutable_status()->set_phase(phase);
      auto* container = pod.mutable_status()->add_containerstatuses();
      container->set_name("app");
      container->mutable_state()->mutable_terminated()->set_exitcode(code);
      container->mutable_state()->mutable_terminated()->mutable_finishedat()->set_seconds(seconds);
      api.set(kinds::kPod, &pod);
      follow();
      return;
    }
    FAIL() << "no pod is active";
  }
  batch::Job now_job() { return api.find(key)->as<batch::Job>(); }
  batch::JobStatus status() { return now_job().status(); }
  void edit(const std::function<void(batch::Job*)>& change) {
    auto edited = now_job();
    change(&edited);
    api.set(kinds::kJob, &edited);
    follow();
  }
  /// "Complete(CompletionsReached)" and the like, in order.
  std::string conditions() {
    std::string text;
    const auto told = status();
    for (const auto& one : told.conditions()) {
      if (one.status() != "True") continue;
      text += (text.empty() ? "" : " ") + one.type() + "(" + one.reason() + ")";
    }
    return text;
  }
};

TEST(JobIndexes, AreReadAndWrittenAsKubernetesWritesThem) {
  EXPECT_EQ(format_indexes({}), "");
  EXPECT_EQ(format_indexes({1, 3, 4, 5, 7, 8}), "1,3-5,7,8");
  EXPECT_EQ(parse_indexes("1,3-5,7,8,20", 9), (std::set<int32_t>{1, 3, 4, 5, 7, 8}));
  EXPECT_EQ(parse_indexes("x,-,2", 9), (std::set<int32_t>{2}));
}

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
}  // namespace kabuki::controllers::testing
