#include <gtest/gtest.h>

#include "tools/sim/report.hpp"

namespace kabuki::tools {
namespace {

using namespace std::chrono_literals;

/// Pods that ask for what few nodes have, and pods that ask for other amounts while they run: under kills, crashes
/// and a bad network each must have in the end what it asks for, and no node may ever be asked for more than it has.
TEST(Resources, AreGivenOnceAndAsAskedFor) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    SimulationOptions options;
    options.cluster.seed = seed;
    options.duration = 60s;
    options.workload.names = {"widgets", "resizes"};
    options.workload.pause_mean = 500ms;
    options.faults.kills = 20;
    options.faults.drop = 0.05;
    options.faults.duplicate = 0.05;
    options.faults.delay = 10ms;
    const auto report = simulate(options);
    EXPECT_TRUE(report.passed()) << report_text(report, 0);
    EXPECT_GT(report.writes.acknowledged, 40U);
    // Who makes a pod anew while its namesake still goes is refused, and nobody else.
    EXPECT_LT(report.writes.refused, report.writes.acknowledged / 2);
  }
}

}  // namespace
}  // namespace kabuki::tools
