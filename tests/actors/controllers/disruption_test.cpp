#include "actors/controllers/disruption.hpp"

#include <gtest/gtest.h>

#include "actors/api_server/write/eviction.hpp"
#include "actors/controllers/budget_judge.hpp"
#include "actors/controllers/replica_set.hpp"
#include "actors/controllers/stateful_set.hpp"
#include "messages/api/apps/v1/daemon_set.pb.h"
#include "messages/api/apps/v1/deployment.pb.h"
#include "messages/api/apps/v1/stateful_set.pb.h"
#include "messages/int_or_string.hpp"
#include "tests/actors/controllers/workload_sim.hpp"

namespace kabuki::controllers::testing {
namespace {

namespace apps = ::k8s::io::api::apps::v1;
using actors::Write;

constexpr int64_t kNow = 1'000'000;
const Instant now{{kNow * 1'000'000'000}, {0}};
const Key key{kinds::kPodDisruptionBudget, "default", "web"};

DisruptionBudget budget() {
  DisruptionBudget budget;
  budget.mutable_metadata()->set_name("web");
  budget.mutable_metadata()->set_namespace_("default");
  budget.mutable_metadata()->set_uid("budget-uid");
  budget.mutable_metadata()->set_generation(3);
  (*budget.mutable_spec()->mutable_selector()->mutable_matchlabels())["app"] = "web";
  return budget;
}

IntOrStringMessage amount(const std::string& text) {
  return text.ends_with('%') ? string_value(text) : int_value(std::stoi(text));
}

template <class Owner>
void put_owner(View* view, KindId kind, const std::string& name, int replicas, const Object* above = nullptr) {
  Owner owner;
  owner.mutable_metadata()->set_name(name);
  owner.mutable_metadata()->set_namespace_("default");
  owner.mutable_metadata()->set_uid("uid-" + name);
  if constexpr (requires { owner.mutable_spec()->set_replicas(1); }) owner.mutable_spec()->set_replicas(replicas);
  if (above) *owner.mutable_metadata()->add_ownerreferences() = controller_reference(*above);
  view->put(Object::encode(kind, owner, 2));
}

struct World {
  View view;

  World() {
    put_owner<apps::Deployment>(&view, kinds::kDeployment, "web", 10);
    const ObjectPtr deployment = view.find({kinds::kDeployment, "default", "web"});
    put_owner<apps::ReplicaSet>(&view, kinds::kReplicaSet, "web-1", 7, &*deployment);
    put_owner<apps::ReplicaSet>(&view, kinds::kReplicaSet, "web-2", 5, &*deployment);
    put_owner<apps::ReplicaSet>(&view, kinds::kReplicaSet, "lone", 4);
    put_owner<apps::StatefulSet>(&view, kinds::kStatefulSet, "db", 3);
    put_owner<apps::DaemonSet>(&view, kinds::kDaemonSet, "agent", 0);
  }
  /// 'r' ready, 'n' not ready, 'd' ready and being deleted; of `owner`, "" is nobody.
  void pods(const std::string& states, KindId kind = 0, const std::string& owner = {}) {
    for (char state : states) {
      core::Pod pod;
      pod.mutable_metadata()->set_name("p" + std::to_string(made++));
      pod.mutable_metadata()->set_namespace_("default");
      pod.mutable_metadata()->set_uid("uid-" + pod.metadata().name());
      (*pod.mutable_metadata()->mutable_labels())["app"] = "web";
      if (state == 'd') pod.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(kNow);
      if (kind != 0) {
        const ObjectPtr found = view.find({kind, "default", owner});
        *pod.mutable_metadata()->add_ownerreferences() = controller_reference(*found);
      }
      auto* condition = pod.mutable_status()->add_conditions();
      condition->set_type("Ready");
      condition->set_status(state == 'n' ? "False" : "True");
      view.put(Object::encode(kinds::kPod, pod, 5));
    }
  }
  Plan reconcile(const DisruptionBudget& what) {
    view.put(Object::encode(kinds::kPodDisruptionBudget, what, 9));
    return reconcile_disruption_budget(view, key, now);
  }
  /// "expected desired current allowed reason", or "rests".
  std::string counts(const DisruptionBudget& what) {
    const Plan plan = reconcile(what);
    if (plan.empty()) return "rests";
    const auto status = plan.steps[0].write.object->as<DisruptionBudget>().status();
    return std::to_string(status.expectedpods()) + " " + std::to_string(status.desiredhealthy()) + " " +
           std::to_string(status.currenthealthy()) + " " + std::to_string(status.disruptionsallowed()) + " " +
           status.conditions(0).reason();
  }
  int made = 0;
};

TEST(Disruption, CountsAsItsBudgetSays) {
  struct Case {
    const char* what;
    const char* least;
    const char* most;
    std::function<void(World*)> pods;
    const char* counts;
  };
  const KindId set = kinds::kReplicaSet;
  const Case cases[] = {
      {"a number counts pods of whomever", "2", "", [](World* w) { w->pods("rrr"); }, "3 2 3 1 SufficientPods"},
      {"pods that are not ready", "2", "", [](World* w) { w->pods("rrn"); }, "3 2 2 0 InsufficientPods"},
      {"pods that go", "2", "", [](World* w) { w->pods("rrrd"); }, "4 2 3 1 SufficientPods"},
      {"fewer than needed", "5", "", [](World* w) { w->pods("rr"); }, "2 5 2 0 InsufficientPods"},
      {"none needed, none there", "0", "", [](World*) {}, "0 0 0 0 InsufficientPods"},
      {"a share counts what the owner asks for", "50%", "",
       [](World* w) { w->pods("rrr", kinds::kStatefulSet, "db"); }, "3 2 3 1 SufficientPods"},
      {"a deployment in the place of its sets", "", "2",
       [](World* w) {
         w->pods("rrrrrrr", set, "web-1");
         w->pods("rr", set, "web-2");
       },
       "10 8 9 1 SufficientPods"},
      {"a set of its own, and several owners", "", "25%",
       [](World* w) {
         w->pods("rrrr", set, "lone");
         w->pods("rrr", kinds::kStatefulSet, "db");
       },
       "7 5 7 2 SufficientPods"},
      {"pods of nobody count to no scale", "", "1",
       [](World* w) {
         w->pods("rrrr", set, "lone");
         w->pods("r");
       },
       "4 3 5 2 SufficientPods"},
      {"more unavailable than there are", "", "9", [](World* w) { w->pods("rrrr", set, "lone"); },
       "4 0 4 4 SufficientPods"},
      {"neither", "", "", [](World* w) { w->pods("rr"); }, "0 0 2 0 InsufficientPods"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    World world;
    one.pods(&world);
    auto what = budget();
    if (*one.least) *what.mutable_spec()->mutable_minavailable() = amount(one.least);
    if (*one.most) *what.mutable_spec()->mutable_maxunavailable() = amount(one.most);
    EXPECT_EQ(world.counts(what), one.counts);
  }
}

TEST(Disruption, WritesAWholeStatusOnceAndThenRests) {
  World world;
  world.pods("rrr");
  auto what = budget();
  *what.mutable_spec()->mutable_minavailable() = int_value(2);
  const ObjectPtr read = Object::encode(kinds::kPodDisruptionBudget, what, 9);
  auto expected = what;
  auto* status = expected.mutable_status();
  status->set_observedgeneration(3);
  status->set_disruptionsallowed(1);
  status->set_currenthealthy(3);
  status->set_desiredhealthy(2);
  status->set_expectedpods(3);
  auto* condition = status->add_conditions();
  condition->set_type("DisruptionAllowed");
  condition->set_status("True");
  condition->set_observedgeneration(3);
  condition->set_reason("SufficientPods");
  condition->mutable_lasttransitiontime()->set_seconds(kNow);
  Plan plan;
  plan.add(Write::update_status(*read, expected));
  EXPECT_EQ(world.reconcile(what), plan);
  EXPECT_EQ(world.counts(expected), "rests");
}

TEST(Disruption, AnEmptySelectorIsEveryPodAndNoneIsNone) {
  World world;
  world.pods("rrr");
  auto what = budget();
  *what.mutable_spec()->mutable_minavailable() = int_value(1);
  what.mutable_spec()->mutable_selector()->Clear();
  EXPECT_EQ(world.counts(what), "3 1 3 2 SufficientPods");
  what.mutable_spec()->clear_selector();
  EXPECT_EQ(world.counts(what), "0 1 0 0 InsufficientPods");
  EXPECT_EQ(world.reconcile(what).events[0].message, "No matching pods found");
}

TEST(Disruption, NothingIsAllowedWhereTheScaleIsNotToBeHad) {
  World world;
  world.pods("rr", kinds::kDaemonSet, "agent");
  auto what = budget();
  *what.mutable_spec()->mutable_maxunavailable() = int_value(1);
  what.mutable_status()->set_disruptionsallowed(5);
  what.mutable_status()->set_observedgeneration(2);
  const Plan plan = world.reconcile(what);
  ASSERT_EQ(plan.steps.size(), 1u);
  const auto status = plan.steps[0].write.object->as<DisruptionBudget>().status();
  EXPECT_EQ(status.disruptionsallowed(), 0);
  EXPECT_EQ(status.observedgeneration(), 2);
  EXPECT_EQ(status.conditions(0).reason(), "SyncFailed");
  EXPECT_EQ(status.conditions(0).message(), "daemonsets.apps does not implement the scale subresource");
  EXPECT_EQ(plan.events[0].message,
            "Failed to calculate the number of expected pods: daemonsets.apps does not implement the scale "
            "subresource");
  // A number of pods needs no scale.
  what.mutable_spec()->clear_maxunavailable();
  *what.mutable_spec()->mutable_minavailable() = int_value(1);
  EXPECT_EQ(world.counts(what), "2 1 2 1 SufficientPods");
}

TEST(Disruption, EvictedPodsDoNotCountUntilTheyAreOverdue) {
  World world;
  world.pods("rrrrd");
  auto what = budget();
  *what.mutable_spec()->mutable_minavailable() = int_value(1);
  auto& evicted = *what.mutable_status()->mutable_disruptedpods();
  evicted["p0"].set_seconds(kNow - 30);
  evicted["p1"].set_seconds(kNow - 120);
  evicted["p2"].set_seconds(kNow - 121);
  evicted["p4"].set_seconds(kNow - 30);    // goes
  evicted["gone"].set_seconds(kNow - 30);  // has gone
  const Plan plan = world.reconcile(what);
  const auto status = plan.steps.at(0).write.object->as<DisruptionBudget>().status();
  std::set<std::string> left;
  for (const auto& [name, when] : status.disruptedpods()) left.insert(name);
  EXPECT_EQ(left, (std::set<std::string>{"p0", "p1"}));
  EXPECT_EQ(status.currenthealthy(), 2);
  ASSERT_EQ(plan.events.size(), 1u);
  EXPECT_EQ(plan.events[0].reason, "NotDeleted");
  EXPECT_EQ(plan.again_after, io::Duration(1));
}

TEST(Disruption, ATargetThatLivesOnIsNoneAnyMore) {
  struct Case {
    const char* what;
    int64_t age;
    const char* reason;
    const char* phase;
    bool deleting;
    const char* expected;
  };
  const Case cases[] = {
      {"after two minutes", 120, "EvictionByEvictionAPI", "Running", false, "False"},
      {"not before", 100, "PreemptionByScheduler", "Running", false, "in 20 s"},
      {"a kubelet takes its time", 500, "TerminationByKubelet", "Running", false, "rests"},
      {"it goes", 500, "EvictionByEvictionAPI", "Running", true, "rests"},
      {"it is over", 500, "EvictionByEvictionAPI", "Failed", false, "rests"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    core::Pod pod;
    pod.mutable_metadata()->set_name("p");
    pod.mutable_metadata()->set_namespace_("default");
    if (one.deleting) pod.mutable_metadata()->mutable_deletiontimestamp()->set_seconds(kNow);
    pod.mutable_status()->set_phase(one.phase);
    auto* condition = pod.mutable_status()->add_conditions();
    condition->set_type("DisruptionTarget");
    condition->set_status("True");
    condition->set_reason(one.reason);
    condition->mutable_lasttransitiontime()->set_seconds(kNow - one.age);
    View view;
    view.put(Object::encode(kinds::kPod, pod, 5));
    const Plan plan = reconcile_disruption_target(view, {kinds::kPod, "default", "p"}, now);
    std::string got = "rests";
    if (plan.again_after) got = "in " + std::to_string(plan.again_after->count() / 1'000'000'000) + " s";
    if (!plan.empty()) got = plan.steps[0].write.object->as<core::Pod>().status().conditions(0).status();
    EXPECT_EQ(got, one.expected);
  }
}

TEST(BudgetJudge, TellsAnEvictionTooManyFromOtherLosses) {
  auto pod = [](const std::string& name, bool ready) {
    core::Pod pod;
    pod.mutable_metadata()->set_name(name);
    pod.mutable_metadata()->set_namespace_("default");
    (*pod.mutable_metadata()->mutable_labels())["app"] = "web";
    auto* condition = pod.mutable_status()->add_conditions();
    condition->set_type("Ready");
    condition->set_status(ready ? "True" : "False");
    return Object::encode(kinds::kPod, pod, 1);
  };
  auto with = [](std::vector<std::string> evicted) {
    auto what = budget();
    what.mutable_status()->set_desiredhealthy(1);
    for (const auto& name : evicted) (*what.mutable_status()->mutable_disruptedpods())[name].set_seconds(kNow);
    return Object::encode(kinds::kPodDisruptionBudget, what, 7);
  };
  const io::WallTime t{0};
  const io::WallTime later = t + std::chrono::seconds(30);
  for (const bool loses_another : {false, true}) {
    BudgetJudge judge(std::chrono::seconds(10));
    judge.saw({nullptr, pod("a", true)}, t);
    judge.saw({nullptr, pod("b", true)}, t);
    judge.saw({nullptr, pod("c", true)}, t);
    judge.saw({nullptr, with({})}, t);
    judge.saw({with({}), with({"a"})}, t);
    if (loses_another) judge.saw({pod("c", true), pod("c", false)}, later);
    judge.saw({with({"a"}), with({"a", "b"})}, later);
    if (!loses_another) judge.saw({with({"a", "b"}), with({"a", "b", "c"})}, later);
    EXPECT_EQ(judge.breaches(),
              loses_another ? std::vector<std::string>()
                            : std::vector<std::string>{"poddisruptionbudgets/default/web at 7: evicting c leaves 0 "
                                                       "healthy pods of 1"});
  }
  // What was noted in a budget that goes is not known to the next one at once.
  for (const bool soon : {false, true}) {
    BudgetJudge judge(std::chrono::seconds(10));
    judge.saw({nullptr, pod("a", true)}, t);
    judge.saw({nullptr, with({})}, t);
    judge.saw({with({}), with({"b"})}, t);
    judge.saw({with({"b"}), nullptr}, t);
    judge.saw({nullptr, with({})}, t);
    judge.saw({with({}), with({"a"})}, soon ? t : later);
    EXPECT_EQ(judge.breaches().size(), soon ? 0u : 1u);
  }
}

/// Evictions at random moments, each of whose steps takes its time.
class Evictor {
 public:
  explicit Evictor(WorkloadSim& sim) : sim_(sim), random_(sim.random.split("evictor")) {}

  void step() {
    if (random_.chance(0.3)) begin();
    auto due = std::exchange(waiting_, {});
    for (auto& one : due) random_.chance(0.4) ? one() : later(std::move(one));
  }
  int evicted = 0, refused = 0;

 private:
  void begin() {
    const auto pods = sim_.api.all(kinds::kPod);
    if (pods.empty()) return;
    api_server::EvictionSteps steps;
    steps.get = [this](const Key& pod, const auto& done) { later([this, pod, done] { done(sim_.api.find(pod)); }); };
    steps.budgets = [this](const std::string&, const auto& done) {
      later([this, done] { done(sim_.api.all(kinds::kPodDisruptionBudget)); });
    };
    steps.now = [this] { return io::WallTime{sim_.now * 1'000'000'000}; };
    steps.write = [this](const api_server::Write& write, const auto& done) {
      later([this, write, done] { done(carry_out(write)); });
    };
    const ObjectPtr& chosen = pods[random_.below(pods.size())];
    api_server::Write removal{
        .verb = api_server::Write::Verb::remove, .kind = &kind_of(kinds::kPod), .key = chosen->key()};
    api_server::evict(std::move(steps), removal, [this](Result<> done) { ++(done.ok() ? evicted : refused); });
  }
  Result<uint64_t> carry_out(const api_server::Write& asked) {
    using Verb = api_server::Write::Verb;
    const ObjectPtr current = sim_.api.find(asked.key);
    if (!current) return not_found(*asked.kind, asked.key.name);
    if (asked.expected_revision != 0 && asked.expected_revision != current->revision()) {
      return stale_write(*asked.kind, asked.key.name);
    }
    if (asked.verb == Verb::patch) return current->revision();  // what it says is of no interest here
    Write write = Write::remove(*current);
    write.expected_uid = asked.expected_uid;
    if (asked.verb == Verb::update) {
      const auto& budget = static_cast<const DisruptionBudget&>(*asked.object);
      write = Write::update_status(*current, budget);
      write.expected_revision = std::stoull(budget.metadata().resourceversion());
    }
    const auto outcome = sim_.api.apply(write);
    if (outcome.error) return *outcome.error;
    return outcome.revision;
  }
  void later(std::function<void()> what) { waiting_.push_back(std::move(what)); }

  WorkloadSim& sim_;
  io::Random random_;
  std::vector<std::function<void()>> waiting_;
};

TEST(DisruptionConvergence, NoEvictionGoesBelowTheBudgetWhateverHappensOnTheWay) {
  uint64_t judged = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const bool identities = seed % 2 == 0;
    WorkloadSim sim(seed,
                    {identities ? stateful_set_controller() : replica_set_controller(), disruption_controller()});
    sim.views_lag = 8;
    auto create = [&](KindId kind, auto set) {
      set.mutable_metadata()->set_name("web");
      set.mutable_metadata()->set_namespace_("default");
      set.mutable_spec()->set_replicas(6);
      (*set.mutable_spec()->mutable_selector()->mutable_matchlabels())["app"] = "web";
      (*set.mutable_spec()->mutable_template_()->mutable_metadata()->mutable_labels())["app"] = "web";
      sim.api.create(Write::create(kind, set));
    };
    identities ? create(kinds::kStatefulSet, apps::StatefulSet()) : create(kinds::kReplicaSet, apps::ReplicaSet());
    auto what = budget();
    *what.mutable_spec()->mutable_minavailable() = seed % 3 == 0 ? string_value("60%") : int_value(4);
    sim.api.create(Write::create(kinds::kPodDisruptionBudget, what));
    Evictor evictor(sim);
    BudgetJudge judge;
    std::map<Key, ObjectPtr> known;
    size_t cursor = 0;
    sim.each_step = [&] {
      evictor.step();
      for (; cursor < sim.api.log().size(); ++cursor) {
        const auto& event = sim.api.log()[cursor];
        ObjectPtr& slot = known[event.object->key()];
        const Change change{slot, event.deleted ? nullptr : event.object};
        judge.saw(change, {sim.now * 1'000'000'000});
        slot = change.after;
      }
    };
    sim.run(600, {.host = {.deliver = 0.4, .refuse = 0.1, .lose = 0.1, .answer = 0.5}, .crash = 0.01});
    EXPECT_EQ(judge.breaches(), std::vector<std::string>());
    judged += judge.judged();
    sim.each_step = nullptr;
    // An eviction that was permitted and never came is noted for two minutes.
    sim.run(130, {.host = {.deliver = 1, .answer = 1}});
    ASSERT_TRUE(sim.settle(4000));
    View truth;
    for (const auto& [name, object] : sim.api.objects()) truth.put(object);
    const Instant then{{sim.now * 1'000'000'000}, {0}};
    EXPECT_EQ(wrong_budgets(truth, then), std::vector<std::string>());
    EXPECT_EQ(sim.writes_at_rest(50), 0u);
    EXPECT_EQ(sim.api.find(key)->as<DisruptionBudget>().status().disruptionsallowed(), 2);
  }
  EXPECT_GT(judged, 300u);
}

}  // namespace
}  // namespace kabuki::controllers::testing
