#include <gtest/gtest.h>

#include "tools/sim/report.hpp"

namespace kabuki::tools {
namespace {

using namespace std::chrono_literals;

SimulationOptions run_of(uint64_t seed) {
  SimulationOptions options;
  options.cluster.seed = seed;
  options.duration = 40s;
  return options;
}

TEST(Simulation, SameSeedGivesTheSameRun) {
  const auto once = simulate(run_of(11));
  const auto again = simulate(run_of(11));
  EXPECT_EQ(report_json(once, 0), report_json(again, 0));
}

TEST(Simulation, AnotherSeedGivesAnotherRun) {
  EXPECT_NE(simulate(run_of(12)).trace_hash, simulate(run_of(13)).trace_hash);
}

TEST(Simulation, KeepsEveryPromiseWithoutFaults) {
  SimulationOptions options = run_of(1);
  options.faults = FaultOptions::none();
  const auto report = simulate(options);
  EXPECT_TRUE(report.passed()) << report_text(report, 0);
  EXPECT_EQ(report.writes.unknown, 0u);
  EXPECT_GT(report.writes.acknowledged, 5u);
}

TEST(Simulation, EveryWorkloadKeepsItsPromises) {
  for (const std::string& name : Workloads::all_names()) {
    SimulationOptions options = run_of(14);
    options.workload.names = {name};
    const auto report = simulate(options);
    EXPECT_TRUE(report.passed()) << report_text(report, 0);
    EXPECT_GT(report.writes.acknowledged, 0u) << name;
  }
}

}  // namespace
}  // namespace kabuki::tools
