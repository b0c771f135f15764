#include <gtest/gtest.h>

#include "tools/sim/report.hpp"

namespace kabuki::tools {
namespace {

using namespace std::chrono_literals;

constexpr uint64_t kSeedsPerTest = 10;

/// Ten seeds from `first` on, each with restores at random moments.
void expect_promises_kept(uint64_t first, SimulationOptions options) {
  for (uint64_t seed = first; seed < first + kSeedsPerTest; ++seed) {
    options.cluster.seed = seed;
    const auto report = simulate(options);
    EXPECT_TRUE(report.passed()) << report_text(report, 0);
    int restores = 0;
    for (const auto& fault : report.faults) restores += fault.kind == "restore" && fault.reverted_ns >= 0;
    EXPECT_EQ(restores, options.backups.restores) << "seed " << seed;
  }
}

SimulationOptions restored(int times) {
  SimulationOptions options;
  options.duration = 60s;
  options.backups.restores = times;
  return options;
}

SimulationOptions without_faults(SimulationOptions options) {
  options.faults = FaultOptions::none();
  return options;
}

TEST(SimulatedRestore, OfAHealthyClusterConverges) { expect_promises_kept(1, without_faults(restored(1))); }
TEST(SimulatedRestore, AmidFaultsConverges) { expect_promises_kept(11, restored(1)); }
/// Pods end and are lost at all moments. Seed 100 once left one without an actor for good; in 106 a kubelet had a pod
/// from its list alone, whose end its watch never told, and stopped it again and again.
TEST(SimulatedRestore, AmidStormsConverges) {
  auto options = restored(2);
  options.duration = 90s;
  options.faults.kills = 30;
  options.faults.drop = 0.05;
  options.faults.reorder = 0.05;
  expect_promises_kept(97, options);
}

TEST(SimulatedRestore, OfManySnapshotsInAnyOrderConverges) { expect_promises_kept(21, restored(3)); }

}  // namespace
}  // namespace kabuki::tools
