#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/planted_fault.hpp"
#include "tests/sim/paused_leader.hpp"

// That the simulation of leaders that stand still finds it when the store does not compare their term.
namespace kabuki::tools {
namespace {

TEST(Fence, PausedLeadersFindCommitsThatAreNotFenced) {
  store::planted_fault = store::PlantedFault::unfenced_commit;
  std::vector<std::string> stale;
  uint64_t seed = 1;
  while (seed <= 5 && stale.empty()) stale = PausedLeaders(seed++).run(6);
  store::planted_fault = store::PlantedFault::none;
  EXPECT_THAT(stale, testing::Contains(testing::HasSubstr("which was over"))) << "not within 5 seeds";
}

TEST(Fence, WithoutTheMistakeTheyFindNone) { EXPECT_THAT(PausedLeaders(1).run(6), testing::IsEmpty()); }

}  // namespace
}  // namespace kabuki::tools
