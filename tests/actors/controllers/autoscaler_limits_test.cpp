// The limits are those of Kubernetes' horizontal_test.go.
#include "actors/controllers/autoscaler_limits.hpp"

#include <gtest/gtest.h>

#include "messages/json.hpp"

namespace kabuki::controllers {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

io::MonoTime at(int64_t seconds) { return {1'000'000 * kSecond + seconds * kSecond}; }

std::string text(const LimitedScale& scale) {
  return std::to_string(scale.replicas) + " " + scale.stable_reason + " " + (scale.limited ? "limited " : "") +
         scale.reason;
}

TEST(AutoscalerLimits, GrowAtMostTwofoldAndShrinkAfterFiveMinutes) {
  AutoscalerMemory memory{.recommendations = {{3, at(0)}}};
  const auto step = [&](int64_t seconds, int32_t current, int32_t wanted) {
    return text(
        limit_scale({.current = current, .wanted = wanted, .min = 2, .max = 30, .now = at(seconds)}, &memory));
  };
  EXPECT_EQ(step(0, 1, 30), "4 ReadyForNewScale limited ScaleUpLimit");
  EXPECT_EQ(step(1, 3, 40), "6 ReadyForNewScale limited ScaleUpLimit");
  EXPECT_EQ(step(2, 20, 40), "30 ReadyForNewScale limited TooManyReplicas");
  EXPECT_EQ(step(3, 30, 5), "30 ScaleDownStabilized limited TooManyReplicas");
  EXPECT_EQ(step(301, 30, 5), "30 ScaleDownStabilized limited TooManyReplicas");
  EXPECT_EQ(step(303, 30, 1), "5 ScaleDownStabilized DesiredWithinRange");
  EXPECT_EQ(step(900, 5, 1), "2 ReadyForNewScale limited TooFewReplicas");
  EXPECT_EQ(step(1300, 2, 2), "2 ReadyForNewScale DesiredWithinRange");
  EXPECT_LE(memory.recommendations.size(), 6U);
}

BehaviorMessage behavior(const std::string& json) {
  BehaviorMessage out;
  EXPECT_TRUE(decode_json(json, &out).ok());
  return out;
}

TEST(AutoscalerLimits, PoliciesCountWhatHasChangedWithinTheirPeriods) {
  struct Case {
    std::string up;  // policies
    std::string down;
    int32_t current, wanted;
    std::vector<AutoscalerMemory::Change> ups, downs;
    std::string expected;
  };
  const std::string pods4 = R"({"type":"Pods","value":4,"periodSeconds":60})";
  const std::string percent100 = R"({"type":"Percent","value":100,"periodSeconds":60})";
  const std::string percent10 = R"({"type":"Percent","value":10,"periodSeconds":60})";
  const auto rules = [](const std::string& select, const std::string& policies) {
    return R"({"stabilizationWindowSeconds":0,"selectPolicy":")" + select + R"(","policies":[)" + policies + "]}";
  };
  const std::vector<Case> table = {
      {rules("Max", pods4 + "," + percent100),
       rules("Max", percent100),
       3,
       50,
       {},
       {},
       "7 ReadyForNewScale limited ScaleUpLimit"},
      {rules("Min", pods4 + "," + percent100),
       rules("Max", percent100),
       3,
       50,
       {},
       {},
       "6 ReadyForNewScale limited ScaleUpLimit"},
      {rules("Disabled", pods4), rules("Max", percent100), 3, 50, {}, {}, "3 ReadyForNewScale limited ScaleUpLimit"},
      // 2 of the 4 a minute came 30 s ago; what came before the period does not count.
      {rules("Max", pods4),
       rules("Max", percent100),
       5,
       50,
       {{2, at(-30)}, {9, at(-61)}},
       {},
       "7 ReadyForNewScale limited ScaleUpLimit"},
      // More has come than the policy allows: it stays.
      {rules("Max", pods4),
       rules("Max", percent100),
       20,
       50,
       {{9, at(-30)}},
       {},
       "20 ReadyForNewScale limited ScaleUpLimit"},
      {rules("Max", percent10), rules("Max", percent100), 3, 50, {}, {}, "4 ReadyForNewScale limited ScaleUpLimit"},
      {rules("Max", percent100),
       rules("Max", percent100),
       60,
       200,
       {},
       {},
       "100 ReadyForNewScale limited TooManyReplicas"},
      {rules("Max", percent100),
       rules("Max", pods4 + "," + percent10),
       50,
       1,
       {},
       {},
       "45 ReadyForNewScale limited ScaleDownLimit"},
      {rules("Max", percent100),
       rules("Min", pods4 + "," + percent10),
       50,
       1,
       {},
       {},
       "46 ReadyForNewScale limited ScaleDownLimit"},
      {rules("Max", percent100),
       rules("Max", pods4),
       50,
       1,
       {},
       {{3, at(-10)}},
       "49 ReadyForNewScale limited ScaleDownLimit"},
      {rules("Max", percent100),
       rules("Disabled", pods4),
       50,
       1,
       {},
       {},
       "50 ReadyForNewScale limited ScaleDownLimit"},
      {rules("Max", percent100),
       rules("Max", percent100),
       50,
       0,
       {},
       {},
       "1 ReadyForNewScale limited TooFewReplicas"},
      {rules("Max", percent100), rules("Max", percent100), 50, 49, {}, {}, "49 ReadyForNewScale DesiredWithinRange"},
  };
  for (const Case& one : table) {
    AutoscalerMemory memory{.recommendations = {}, .ups = one.ups, .downs = one.downs};
    const auto limited =
        limit_scale({.current = one.current, .wanted = one.wanted, .min = 1, .max = 100, .now = at(0)},
                    behavior(R"({"scaleUp":)" + one.up + R"(,"scaleDown":)" + one.down + "}"), &memory);
    EXPECT_EQ(text(limited), one.expected) << one.up << one.down << one.current;
  }
}

TEST(AutoscalerLimits, WindowsOfBothDirectionsTakeTheMildestRecommendation) {
  const BehaviorMessage windows = behavior(
      R"({"scaleUp":{"stabilizationWindowSeconds":60,"selectPolicy":"Max",
                     "policies":[{"type":"Percent","value":900,"periodSeconds":15}]},
          "scaleDown":{"stabilizationWindowSeconds":120,"selectPolicy":"Max",
                     "policies":[{"type":"Percent","value":100,"periodSeconds":15}]}})");
  AutoscalerMemory memory{.recommendations = {{10, at(0)}}};
  const auto step = [&](int64_t seconds, int32_t current, int32_t wanted) {
    return text(limit_scale({.current = current, .wanted = wanted, .min = 1, .max = 100, .now = at(seconds)}, windows,
                            &memory));
  };
  EXPECT_EQ(step(30, 10, 20), "10 ScaleUpStabilized DesiredWithinRange");
  EXPECT_EQ(step(61, 10, 25), "20 ScaleUpStabilized DesiredWithinRange");
  EXPECT_EQ(step(62, 20, 5), "20 ScaleDownStabilized DesiredWithinRange");
  EXPECT_EQ(step(182, 20, 6), "6 ReadyForNewScale DesiredWithinRange");
}

TEST(AutoscalerLimits, RememberChangesForTheirLongestPeriod) {
  const BehaviorMessage policies = behavior(
      R"({"scaleUp":{"policies":[{"type":"Pods","value":1,"periodSeconds":15},
                                 {"type":"Pods","value":1,"periodSeconds":60}]},"scaleDown":{}})");
  AutoscalerMemory memory;
  remember_change(policies, 1, 4, at(0), &memory);
  remember_change(policies, 4, 5, at(50), &memory);
  remember_change(policies, 5, 7, at(70), &memory);
  ASSERT_EQ(memory.ups.size(), 2U);
  EXPECT_EQ(memory.ups[0].replicas, 1);
  EXPECT_EQ(memory.ups[1].replicas, 2);
  EXPECT_TRUE(memory.downs.empty());
}

}  // namespace
}  // namespace kabuki::controllers
