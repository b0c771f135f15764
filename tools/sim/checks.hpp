#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/sim/history.hpp"
#include "tools/sim/observed.hpp"
#include "tools/sim/workload.hpp"

namespace kabuki::tools {

enum class Verdict { passed, failed, ran_out_of_time };
std::string_view text(Verdict verdict);

struct Check {
  std::string name;
  Verdict verdict = Verdict::passed;
  std::string detail;  // of a failure: what was found, a few lines
};

/// Every promise, in the order of tools/sim/README.md. One that need only hold in the end has run out of time where
/// the cluster has not settled.
std::vector<Check> judge(const Observed& observed, const History& history, const Workloads& workloads);

}  // namespace kabuki::tools
