#include "runtime/guardian.hpp"

#include <gtest/gtest.h>

namespace kabuki::runtime {
namespace {

using Action = GuardianDecision::Action;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr io::MonoTime at(int64_t seconds) { return {seconds * 1'000'000'000}; }

TEST(Guardian, LeavesAProcessThatEndedOnPurpose) {
  EXPECT_EQ(after_process_end({}, {}, {.code = 0}, false, at(1)).action, Action::finish);
  EXPECT_EQ(after_process_end({}, {}, {.signal = 15}, true, at(1)).action, Action::finish);
}

TEST(Guardian, PausesLongerWithEachRestartInThePeriod) {
  GuardianPolicy policy{
      .intensity = 4, .period = seconds(60), .pause_min = milliseconds(100), .pause_max = milliseconds(300)};
  std::vector<io::MonoTime> restarts;
  std::vector<io::Duration> pauses;
  for (int i = 1; i <= 4; ++i) {
    auto decision = after_process_end(policy, restarts, {.code = 1}, false, at(i));
    ASSERT_EQ(decision.action, Action::restart);
    pauses.push_back(decision.pause);
    restarts = decision.restarts;
  }
  EXPECT_EQ(pauses,
            (std::vector<io::Duration>{milliseconds(100), milliseconds(200), milliseconds(300), milliseconds(300)}));
  EXPECT_EQ(after_process_end(policy, restarts, {.signal = 9}, false, at(5)).action, Action::give_up);
}

TEST(Guardian, ForgetsRestartsOlderThanThePeriod) {
  GuardianPolicy policy{.intensity = 1, .period = seconds(60)};
  auto first = after_process_end(policy, {}, {.signal = 11}, false, at(1));
  auto later = after_process_end(policy, first.restarts, {.signal = 11}, false, at(100));
  EXPECT_EQ(later.action, Action::restart);
  EXPECT_EQ(later.pause, policy.pause_min);
}

}  // namespace
}  // namespace kabuki::runtime
