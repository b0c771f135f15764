#include "actors/controllers/cron_job.hpp"

#include <gtest/gtest.h>

#include "actors/controllers/cron_schedule.hpp"
#include "actors/controllers/job_conditions.hpp"
#include "actors/controllers/owners.hpp"
#include "actors/controllers/ttl_after_finished.hpp"
#include "messages/api/batch/v1/cron_job.pb.h"
#include "messages/time_format.hpp"
#include "tests/actors/controllers/workload_sim.hpp"

namespace kabuki::controllers::testing {
namespace {

namespace batch = ::k8s::io::api::batch::v1;
using actors::Write;

int64_t at(const char* text) { return parse_time(text)->seconds; }

TEST(CronSchedule, NamesTheNextTime) {
  struct Case {
    const char* schedule;
    const char* after;
    const char* next;
  };
  const Case cases[] = {
      {"* * * * *", "2026-11-23T12:00:00Z", "2026-11-23T12:01:00Z"},
      {"* * * * *", "2026-11-23T12:00:59Z", "2026-11-23T12:01:00Z"},
      {"*/15 * * * *", "2026-11-23T12:07:00Z", "2026-11-23T12:15:00Z"},
      {"5/20 * * * *", "2026-11-23T12:26:00Z", "2026-11-23T12:45:00Z"},
      {"0 9-17/4 * * *", "2026-11-23T13:00:00Z", "2026-11-23T17:00:00Z"},
      {"30 2 * * MON-FRI", "2026-11-20T03:00:00Z", "2026-11-23T02:30:00Z"},
      {"0 0 31 * *", "2026-11-01T00:00:00Z", "2026-12-31T00:00:00Z"},
      {"0 0 29 feb ?", "2026-11-23T00:00:00Z", "2028-02-29T00:00:00Z"},
      {"0 0 13 * 5", "2026-11-23T00:00:00Z", "2026-11-27T00:00:00Z"},  // the 13th or a Friday
      {"1,2,10-12 0 1 1 *", "2026-01-01T00:02:00Z", "2026-01-01T00:10:00Z"},
      {"@hourly", "2026-11-23T12:00:00Z", "2026-11-23T13:00:00Z"},
      {"@daily", "2026-11-23T12:00:00Z", "2026-11-24T00:00:00Z"},
      {"@weekly", "2026-11-23T12:00:00Z", "2026-11-29T00:00:00Z"},
      {"@monthly", "2026-11-23T12:00:00Z", "2026-12-01T00:00:00Z"},
      {"@yearly", "2026-11-23T12:00:00Z", "2027-01-01T00:00:00Z"},
      {"@every 1h30m", "2026-11-23T12:00:00Z", "2026-11-23T13:30:00Z"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.schedule);
    const auto schedule = CronSchedule::parse(one.schedule);
    ASSERT_TRUE(schedule.ok());
    const auto next = schedule->next(at(one.after));
    ASSERT_TRUE(next);
    EXPECT_EQ(format_time(*next), one.next);
  }
}

TEST(CronSchedule, RefusesWhatIsNone) {
  for (const char* text : {"", "* * * *", "60 * * * *", "* * * * 8", "*/0 * * * *", "5-2 * * * *", "a * * * *",
                           "@never", "@every x", "1-2-3 * * * *", "-1 * * * *"}) {
    EXPECT_FALSE(CronSchedule::parse(text).ok()) << text;
  }
  EXPECT_FALSE(CronSchedule::parse("0 0 31 feb *")->next(0));
  EXPECT_FALSE(TimeZone::load("No/Where").ok());
}

TEST(CronSchedule, FindsTheLastOfManyMissedTimes) {
  struct Case {
    const char* schedule;
    const char* last;
    const char* next;
  };
  const Case cases[] = {
      {"* * * * *", "2026-11-23T12:30:00Z", "2026-11-23T12:31:00Z"},
      {"0 9 * * MON-FRI", "2026-11-23T09:00:00Z", "2026-11-24T09:00:00Z"},
      {"0 0 1 1 *", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"},
      {"@every 7m", "2026-11-23T12:25:00Z", "2026-11-23T12:32:00Z"},
      {"0,1 12 * * *", "2026-11-23T12:01:00Z", "2026-11-24T12:00:00Z"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.schedule);
    const auto due = CronSchedule::parse(one.schedule)->due(at("2025-01-01T00:00:00Z"), at("2026-11-23T12:30:30Z"));
    ASSERT_TRUE(due.last && due.next);
    EXPECT_EQ(format_time(*due.last), one.last);
    EXPECT_EQ(format_time(*due.next), one.next);
  }
}

TEST(CronSchedule, GoesByTheClocksOfAZone) {
  const auto zone = TimeZone::load("Europe/Berlin");
  if (!zone.ok()) GTEST_SKIP() << "no tz database here";
  const auto schedule = CronSchedule::parse("30 2 * * *");
  EXPECT_EQ(format_time(*schedule->next(at("2026-11-23T00:00:00Z"), *zone)), "2026-11-23T01:30:00Z");
  EXPECT_EQ(format_time(*schedule->next(at("2026-07-01T00:00:00Z"), *zone)), "2026-07-01T00:30:00Z");
  // 02:30 is skipped on the day when clocks are put forward.
  EXPECT_EQ(format_time(*schedule->next(at("2026-03-28T12:00:00Z"), *zone)), "2026-03-30T00:30:00Z");
}

const Key key{kinds::kCronJob, "default", "tick"};
const int64_t kCreated = at("2026-11-23T12:00:30Z");

batch::CronJob cron(const std::string& schedule = "* * * * *") {
  batch::CronJob cron;
  cron.mutable_metadata()->set_name("tick");
  cron.mutable_metadata()->set_namespace_("default");
  cron.mutable_metadata()->set_uid("cron-uid");
  cron.mutable_metadata()->mutable_creationtimestamp()->set_seconds(kCreated);
  cron.mutable_spec()->set_schedule(schedule);
  cron.mutable_spec()->set_concurrencypolicy("Allow");
  auto* model = cron.mutable_spec()->mutable_jobtemplate();
  (*model->mutable_metadata()->mutable_labels())["app"] = "tick";
  model->mutable_spec()->set_parallelism(1);
  return cron;
}

struct World {
  View view{View::kControllers};
  int64_t now = kCreated;

  explicit World(const batch::CronJob& cron) { view.put(Object::encode(kinds::kCronJob, cron, 1)); }
  void job(int64_t minute, const std::string& ended = {}, bool scheduled = true) {
    batch::Job job;
    auto* meta = job.mutable_metadata();
    meta->set_name("tick-" + std::to_string(minute));
    meta->set_namespace_("default");
    meta->set_uid("uid-" + std::to_string(minute));
    *meta->add_ownerreferences() = controller_reference(*view.find(key));
    if (scheduled) {
      (*meta->mutable_annotations())["batch.kubernetes.io/cronjob-scheduled-timestamp"] = format_time(minute * 60);
    }
    job.mutable_status()->mutable_starttime()->set_seconds(minute * 60);
    if (!ended.empty()) {
      set_condition(ended, true, "", "", {{(minute * 60 + 5) * 1'000'000'000}, {}}, job.mutable_status());
      if (ended == "Complete") job.mutable_status()->mutable_completiontime()->set_seconds(minute * 60 + 5);
    }
    view.put(Object::encode(kinds::kJob, job, 2));
  }
  Plan plan() { return reconcile_cron_job(view, key, {{now * 1'000'000'000}, {}}); }
  std::string moves() {
    std::string text;
    for (const auto& step : plan().steps) {
      if (step.write.verb == bus::WriteObjects::UPDATE_STATUS) continue;
      if (!text.empty()) text += ' ';
      text += (step.write.verb == bus::WriteObjects::CREATE ? "+" : "-") + step.write.key.name;
    }
    return text;
  }
  batch::CronJobStatus status() {
    for (const auto& step : plan().steps) {
      if (step.write.verb == bus::WriteObjects::UPDATE_STATUS)
        return step.write.object->as<batch::CronJob>().status();
    }
    return view.find(key)->as<batch::CronJob>().status();
  }
};

const int64_t kMinute = at("2026-11-23T12:01:00Z") / 60;
std::string name(int64_t minute) { return "tick-" + std::to_string(minute); }

TEST(CronJob, WaitsForItsTimeAndMakesTheJobOfIt) {
  World world(cron());
  EXPECT_EQ(world.moves(), "");
  EXPECT_EQ(world.plan().again_after, std::chrono::seconds(30));
  world.now = kMinute * 60;
  ASSERT_EQ(world.moves(), "+" + name(kMinute));
  const auto job = world.plan().steps[0].write.object->as<batch::Job>();
  batch::Job expected;
  expected.mutable_metadata()->set_name(name(kMinute));
  expected.mutable_metadata()->set_namespace_("default");
  (*expected.mutable_metadata()->mutable_labels())["app"] = "tick";
  (*expected.mutable_metadata()->mutable_annotations())["batch.kubernetes.io/cronjob-scheduled-timestamp"] =
      "2026-11-23T12:01:00Z";
  *expected.mutable_metadata()->add_ownerreferences() = controller_reference(*world.view.find(key));
  expected.mutable_spec()->set_parallelism(1);
  EXPECT_EQ(job.DebugString(), expected.DebugString());
}

TEST(CronJob, NotesTheJobOnceItIsThere) {
  World world(cron());
  world.now = kMinute * 60 + 3;
  world.job(kMinute);
  EXPECT_EQ(world.moves(), "");
  const auto status = world.status();
  EXPECT_EQ(status.lastscheduletime().seconds(), kMinute * 60);
  ASSERT_EQ(status.active_size(), 1);
  EXPECT_EQ(status.active(0).name(), name(kMinute));
}

TEST(CronJob, DoesAsItsConcurrencyPolicySays) {
  struct Case {
    const char* policy;
    std::string moves;
  };
  const Case cases[] = {{"Allow", "+" + name(kMinute + 1)}, {"Forbid", ""}, {"Replace", "-" + name(kMinute)}};
  for (const Case& one : cases) {
    SCOPED_TRACE(one.policy);
    auto what = cron();
    what.mutable_spec()->set_concurrencypolicy(one.policy);
    what.mutable_status()->mutable_lastscheduletime()->set_seconds(kMinute * 60);
    World world(what);
    world.job(kMinute);
    world.now = (kMinute + 1) * 60 + 1;
    EXPECT_EQ(world.moves(), one.moves);
  }
}

TEST(CronJob, DoesNotCountWhatSomebodyElseStartedInItsName) {
  for (const char* policy : {"Allow", "Forbid", "Replace"}) {
    SCOPED_TRACE(policy);
    auto what = cron();
    what.mutable_spec()->set_concurrencypolicy(policy);
    what.mutable_status()->mutable_lastscheduletime()->set_seconds(kMinute * 60);
    World world(what);
    world.job(kMinute, "", false);
    EXPECT_EQ(world.plan(), Plan{.again_after = std::chrono::seconds((kMinute + 1) * 60 - kCreated)});
    world.now = (kMinute + 1) * 60 + 1;
    EXPECT_EQ(world.moves(), "+" + name(kMinute + 1));
    EXPECT_EQ(world.status().active_size(), 0);
    EXPECT_EQ(world.plan().events,
              (std::vector<actors::EventNote>{
                  {key, "cron-uid", "Warning", "UnexpectedJob",
                   "Saw a job that the controller did not create or forgot: " + name(kMinute)}}));
  }
}

TEST(CronJob, MakesOnlyTheLastOfMissedTimesAndNoneThatIsTooLate) {
  World late(cron());
  late.now = (kMinute + 10) * 60 + 20;
  EXPECT_EQ(late.moves(), "+" + name(kMinute + 10));
  auto impatient = cron();
  impatient.mutable_spec()->set_startingdeadlineseconds(10);
  World world(impatient);
  world.now = (kMinute + 10) * 60 + 20;
  EXPECT_EQ(world.moves(), "");
  auto suspended = cron();
  suspended.mutable_spec()->set_suspend(true);
  World asleep(suspended);
  asleep.now = (kMinute + 10) * 60;
  EXPECT_EQ(asleep.moves(), "");
}

TEST(CronJob, SaysOnceThatAJobHasEnded) {
  auto what = cron();
  what.mutable_status()->mutable_lastscheduletime()->set_seconds(kCreated + 30);
  auto* active = what.mutable_status()->add_active();
  active->set_uid("uid-" + std::to_string(kCreated / 60 + 1));
  World world(what);
  world.now = kCreated + 40;
  world.job(kCreated / 60 + 1, "Failed");
  const Plan plan = world.plan();
  ASSERT_EQ(plan.events.size(), 1u);
  EXPECT_EQ(plan.events[0], (actors::EventNote{key, "cron-uid", "Normal", "SawCompletedJob",
                                               "Saw completed job: tick-" + std::to_string(kCreated / 60 + 1) +
                                                   ", condition: Failed"}));
  world.view.put(Object::at_revision(*plan.steps[0].write.object, 3));
  EXPECT_TRUE(world.plan().events.empty());
}

TEST(CronJob, KeepsOnlyItsHistory) {
  auto what = cron("@yearly");
  what.mutable_spec()->set_successfuljobshistorylimit(2);
  what.mutable_spec()->set_failedjobshistorylimit(0);
  World world(what);
  for (int i = 0; i < 4; ++i) world.job(kMinute + i, "Complete");
  world.job(kMinute + 4, "Failed");
  world.job(kMinute + 5);
  EXPECT_EQ(world.moves(), "-" + name(kMinute) + " -" + name(kMinute + 1) + " -" + name(kMinute + 4));
  EXPECT_EQ(world.status().lastsuccessfultime().seconds(), (kMinute + 3) * 60 + 5);
  EXPECT_EQ(world.status().active_size(), 1);
}

TEST(CronJob, SaysWhatIsWrongWithItsSchedule) {
  World world(cron("whenever"));
  const Plan plan = world.plan();
  EXPECT_TRUE(plan.empty());
  ASSERT_EQ(plan.events.size(), 1u);
  EXPECT_EQ(plan.events[0].reason, "UnparseableSchedule");
}

TEST(CronJobConvergence, EveryMinuteGetsOneJobAlthoughControllersAreKilled) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    WorkloadSim sim(seed, {cron_job_controller()});
    auto what = cron();
    what.mutable_metadata()->clear_uid();
    what.mutable_spec()->set_successfuljobshistorylimit(1000);
    sim.api.set_time(WorkloadSim::kEpoch);
    sim.api.create(Write::create(kinds::kCronJob, what));
    sim.run(1200, {.host = {.deliver = 0.5, .refuse = 0.2, .lose = 0.2, .answer = 0.5}, .crash = 0.02});
    std::vector<std::string> expected;
    for (int64_t minute = WorkloadSim::kEpoch / 60 + 1; minute * 60 < WorkloadSim::kEpoch + 1140; ++minute) {
      expected.push_back(name(minute));
    }
    auto names = sim.names(kinds::kJob);
    names.resize(std::min(names.size(), expected.size()));
    EXPECT_EQ(names, expected);
  }
}

TEST(TtlAfterFinished, DeletesAJobOnceItsTimeIsOver) {
  batch::Job job;
  job.mutable_metadata()->set_name("done");
  job.mutable_metadata()->set_namespace_("default");
  job.mutable_metadata()->set_uid("uid");
  job.mutable_spec()->set_ttlsecondsafterfinished(30);
  const Key done{kinds::kJob, "default", "done"};
  auto plan = [&](int64_t seconds) {
    View view;
    view.put(Object::encode(kinds::kJob, job, 7));
    return reconcile_ttl_after_finished(view, done, {{seconds * 1'000'000'000}, {}});
  };
  EXPECT_EQ(plan(1000), Plan());
  set_condition("Complete", true, "", "", {{1000 * 1'000'000'000ll}, {}}, job.mutable_status());
  EXPECT_TRUE(plan(1010).empty());
  EXPECT_EQ(plan(1010).again_after, std::chrono::seconds(20));
  const Plan due = plan(1030);
  ASSERT_EQ(due.steps.size(), 1u);
  EXPECT_EQ(due.steps[0].write.verb, bus::WriteObjects::DELETE);
  EXPECT_EQ(due.steps[0].write.propagation, "Foreground");
  EXPECT_EQ(due.steps[0].write.expected_revision, 7u);
  job.mutable_spec()->clear_ttlsecondsafterfinished();
  EXPECT_EQ(plan(9999), Plan());
}

}  // namespace
}  // namespace kabuki::controllers::testing
