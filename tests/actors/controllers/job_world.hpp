#pragma once

#include <gtest/gtest.h>

#include "actors/controllers/job.hpp"
#include "actors/controllers/job_indexes.hpp"
#include "messages/encode.hpp"
#include "tests/actors/controllers/workload_sim.hpp"

namespace kabuki::controllers::testing::jobs {

namespace batch = ::k8s::io::api::batch::v1;
using actors::Write;

inline constexpr int64_t kNow = 1'000'000;
inline const Instant now{{kNow * 1'000'000'000}, {0}};
inline const Key key{kinds::kJob, "default", "sum"};

inline batch::Job job(int completions, int parallelism, const std::string& mode = "NonIndexed") {
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

}  // namespace kabuki::controllers::testing::jobs
