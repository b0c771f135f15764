#include <gtest/gtest.h>

#include "store/planted_fault.hpp"
#include "tests/histories/store_run.hpp"

namespace kabuki::store::test {
namespace {

constexpr uint64_t kSeeds = 20;

struct Planted {
  PlantedFault fault;
  const char* name;
  const char* check;  // that finds it
};

void PrintTo(const Planted& planted, std::ostream* out) { *out << planted.name; }

class StoreChecks : public ::testing::TestWithParam<Planted> {
  void TearDown() override { planted_fault = PlantedFault::none; }
};

TEST_P(StoreChecks, CatchThePlantedFault) {
  planted_fault = GetParam().fault;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    StoreSeen seen;
    run_store(seed, &seen);
    for (const auto& breach : seen.breaches()) {
      if (!breach.starts_with(GetParam().check)) continue;
      RecordProperty("seed", std::to_string(seed));
      RecordProperty("breach", breach);
      return;
    }
  }
  FAIL() << "not caught in " << kSeeds << " seeds";
}

INSTANTIATE_TEST_SUITE_P(, StoreChecks,
                         ::testing::Values(Planted{PlantedFault::lost_update, "lost_update", "linearizable"},
                                           Planted{PlantedFault::early_acknowledgement, "early_acknowledgement",
                                                   "linearizable"},
                                           Planted{PlantedFault::reused_revision, "reused_revision", "revisions"},
                                           Planted{PlantedFault::stale_read, "stale_read", "linearizable"},
                                           Planted{PlantedFault::false_conflict, "false_conflict", "linearizable"},
                                           Planted{PlantedFault::false_success, "false_success", "linearizable"},
                                           Planted{PlantedFault::torn_list, "torn_list", "watches"},
                                           Planted{PlantedFault::watch_gap, "watch_gap", "watches"},
                                           Planted{PlantedFault::lost_deletion, "lost_deletion", "watches"},
                                           Planted{PlantedFault::reordered_events, "reordered_events", "watches"},
                                           Planted{PlantedFault::told_twice, "told_twice", "watches"},
                                           Planted{PlantedFault::late_resume, "late_resume", "watches"},
                                           Planted{PlantedFault::early_bookmark, "early_bookmark", "watches"},
                                           Planted{PlantedFault::silent_compaction, "silent_compaction", "watches"},
                                           Planted{PlantedFault::forgotten_index, "forgotten_index", "watches"}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Store, KeepsWhatItPromisesOnEverySeed) {
  StoreSeen::Counts all;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    StoreSeen seen;
    run_store(seed, &seen);
    EXPECT_EQ(seen.breaches(), std::vector<std::string>());
    const auto counts = seen.counts();
    all.acknowledged += counts.acknowledged;
    all.refused += counts.refused;
    all.unknown += counts.unknown;
    all.told += counts.told;
  }
  // A run in which nothing went wrong or nothing was told shows nothing.
  EXPECT_GT(all.acknowledged, 100 * kSeeds);
  EXPECT_GT(all.refused, 10 * kSeeds);
  EXPECT_GT(all.unknown, 10 * kSeeds);
  EXPECT_GT(all.told, 500 * kSeeds);
}

TEST(Store, ARunIsItsSeed) {
  const auto hash = [](uint64_t seed) {
    StoreSeen seen;
    return run_store(seed, &seen);
  };
  EXPECT_EQ(hash(3), hash(3));
  EXPECT_NE(hash(3), hash(4));
}

}  // namespace
}  // namespace kabuki::store::test
