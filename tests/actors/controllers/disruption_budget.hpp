#pragma once

#include "actors/controllers/disruption.hpp"
#include "tests/actors/controllers/workload_sim.hpp"

namespace kabuki::controllers::testing::disruptions {

using actors::Write;

inline constexpr int64_t kNow = 1'000'000;
inline const Instant now{{kNow * 1'000'000'000}, {0}};
inline const Key key{kinds::kPodDisruptionBudget, "default", "web"};

/// For every pod with app=web.
inline DisruptionBudget budget() {
  DisruptionBudget budget;
  budget.mutable_metadata()->set_name("web");
  budget.mutable_metadata()->set_namespace_("default");
  budget.mutable_metadata()->set_uid("budget-uid");
  budget.mutable_metadata()->set_generation(3);
  (*budget.mutable_spec()->mutable_selector()->mutable_matchlabels())["app"] = "web";
  return budget;
}

}  // namespace kabuki::controllers::testing::disruptions
