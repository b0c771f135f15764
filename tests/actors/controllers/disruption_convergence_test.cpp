#include <gtest/gtest.h>

#include "actors/api_server/write/eviction.hpp"
#include "actors/controllers/budget_judge.hpp"
#include "actors/controllers/replica_set.hpp"
#include "actors/controllers/stateful_set.hpp"
#include "messages/api/apps/v1/stateful_set.pb.h"
#include "messages/int_or_string.hpp"
#include "tests/actors/controllers/disruption_budget.hpp"

namespace kabuki::controllers::testing::disruptions {
namespace {

namespace apps = ::k8s::io::api::apps::v1;

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
}  // namespace kabuki::controllers::testing::disruptions
