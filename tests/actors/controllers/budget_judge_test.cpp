#include "actors/controllers/budget_judge.hpp"

#include <gtest/gtest.h>

#include "tests/actors/controllers/disruption_budget.hpp"

namespace kabuki::controllers::testing::disruptions {
namespace {

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

}  // namespace
}  // namespace kabuki::controllers::testing::disruptions
