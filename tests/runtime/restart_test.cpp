#include "runtime/restart.hpp"

namespace kabuki::runtime {
namespace {

using std::chrono::seconds;

io::MonoTime at(int64_t second) { return {second * 1'000'000'000}; }

TEST(Restart, CountsOnlyWhatLiesWithinThePeriod) {
  const auto count = count_restart({at(1), at(4), at(6)}, at(9), seconds(5), 3);
  EXPECT_FALSE(count.give_up);
  EXPECT_EQ(count.restarts, (std::vector{at(4), at(6), at(9)}));
}

TEST(Restart, GivesUpAtOneMoreThanTheIntensity) {
  EXPECT_FALSE(count_restart({at(8)}, at(9), seconds(5), 2).give_up);
  EXPECT_TRUE(count_restart({at(7), at(8)}, at(9), seconds(5), 2).give_up);
  EXPECT_TRUE(count_restart({}, at(9), seconds(5), 0).give_up);
  EXPECT_FALSE(count_restart({at(1), at(2), at(3)}, at(9), seconds(5), 2).give_up);
}

TEST(Restart, FollowsTheKindOfChildAndOfEnd) {
  using Kind = ExitReason::Kind;
  struct Case {
    Restart restart;
    Kind end;
    bool expected;
  };
  const Case cases[] = {
      {Restart::permanent, Kind::normal, true},  {Restart::permanent, Kind::shutdown, true},
      {Restart::permanent, Kind::failed, true},  {Restart::permanent, Kind::killed, true},
      {Restart::transient, Kind::normal, false}, {Restart::transient, Kind::shutdown, false},
      {Restart::transient, Kind::failed, true},  {Restart::transient, Kind::killed, true},
      {Restart::temporary, Kind::normal, false}, {Restart::temporary, Kind::shutdown, false},
      {Restart::temporary, Kind::failed, false}, {Restart::temporary, Kind::killed, false},
  };
  for (const auto& c : cases)
    EXPECT_EQ(is_restarted(c.restart, c.end), c.expected) << int(c.restart) << " " << int(c.end);
}

TEST(Restart, PlansByStrategy) {
  const ChildView up{Restart::permanent, true}, down{Restart::permanent, false}, brief{Restart::temporary, true};
  struct Case {
    const char* what;
    Strategy strategy;
    std::vector<ChildView> children;
    size_t child;
    RestartPlan expected;
  };
  const Case cases[] = {
      {"one for one touches no sibling", Strategy::one_for_one, {up, down, up}, 1, {{}, {}, {1}}},
      {"one for all stops right to left, starts left to right",
       Strategy::one_for_all,
       {up, down, up},
       1,
       {{2, 0}, {}, {0, 1, 2}}},
      {"rest for one leaves those before", Strategy::rest_for_one, {up, down, up, up}, 1, {{3, 2}, {}, {1, 2, 3}}},
      {"what is not alive is not stopped but started",
       Strategy::one_for_all,
       {down, down, up},
       1,
       {{2}, {}, {0, 1, 2}}},
      {"temporary siblings are dropped", Strategy::one_for_all, {brief, down, brief}, 1, {{2, 0}, {2, 0}, {1}}},
      {"temporary ones before are left by rest for one",
       Strategy::rest_for_one,
       {brief, down, up},
       1,
       {{2}, {}, {1, 2}}},
  };
  for (const auto& c : cases) EXPECT_EQ(plan_restart(c.strategy, c.children, c.child), c.expected) << c.what;
}

}  // namespace
}  // namespace kabuki::runtime
