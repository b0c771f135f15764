#include "actors/kubelet/runtime/resource_use.hpp"

#include <gtest/gtest.h>
#include <limits>
#include <set>

#include "tests/actors/kubelet/pod_play.hpp"

namespace kabuki::kubelet {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kMi = int64_t{1} << 20;
constexpr int64_t kForEver = std::numeric_limits<int64_t>::max();
using Crossing = UseProfile::Crossing;

UseProfile cpu(const char* text) { return *UseProfile::parse(text, UseProfile::Unit::milli); }
UseProfile memory(const char* text) { return *UseProfile::parse(text, UseProfile::Unit::whole); }

TEST(UseProfile, FollowsItsForm) {
  const UseProfile::Container self{.seed = 1, .started_ns = 1'000 * kSecond, .request = 500};
  const auto after = [&](const char* text, int64_t ns) { return cpu(text).at(self, self.started_ns + ns); };
  EXPECT_EQ(after("250m", 0), 250);
  EXPECT_EQ(after("1.5", kMinute), 1'500);
  EXPECT_EQ(after("80%", 0), 400);
  EXPECT_EQ(after("ramp(100m, 300m, 10s)", 0), 100);
  EXPECT_EQ(after("ramp(100m,300m,10s)", 5 * kSecond), 200);
  EXPECT_EQ(after("ramp(100m,300m,10s)", kMinute), 300);
  EXPECT_EQ(after("steps(10%,1m,400m,30s,0)", kMinute - 1), 50);
  EXPECT_EQ(after("steps(10%,1m,400m,30s,0)", kMinute), 400);
  EXPECT_EQ(after("steps(10%,1m,400m,30s,0)", 90 * kSecond), 0);
  // A load that comes and goes is the same for all: by the clock, not by their starts.
  EXPECT_EQ(cpu("sine(100m,400m,10m)").at(self, 20 * kMinute), 100);
  EXPECT_EQ(cpu("sine(100m,400m,10m)").at(self, 25 * kMinute), 400);
  EXPECT_EQ(cpu("sine(100m,400m,10m)").at({}, 1'022 * kMinute + 30 * kSecond), 250);
}

TEST(UseProfile, DrawsAnewEveryFifteenSecondsAndForEveryContainer) {
  const UseProfile drawn = cpu("uniform(100m,300m)");
  std::set<int64_t> seen;
  for (int64_t slot = 0; slot < 100; ++slot) {
    const int64_t amount = drawn.at({.seed = 1}, slot * 15 * kSecond);
    EXPECT_GE(amount, 100);
    EXPECT_LE(amount, 300);
    EXPECT_EQ(amount, drawn.at({.seed = 1}, slot * 15 * kSecond + 14 * kSecond));
    seen.insert(amount);
  }
  EXPECT_GT(seen.size(), 50U);
  EXPECT_NE(drawn.at({.seed = 1}, 0), drawn.at({.seed = 2}, 0));
}

TEST(UseProfile, KnowsWhenItExceedsABound) {
  const UseProfile::Container self{.seed = 1, .started_ns = 100 * kSecond};
  const auto first = [&](const char* text, int64_t from) {
    return memory(text).first_above(100, self, self.started_ns + from);
  };
  EXPECT_EQ(first("100", 0), (Crossing{false, kForEver}));
  EXPECT_EQ(first("101", 5), (Crossing{true, self.started_ns + 5}));
  EXPECT_EQ(first("ramp(0,200,10s)", 0).found, true);
  EXPECT_EQ(first("ramp(0,200,10s)", 0).at_ns / 100'000'000, (self.started_ns + 5'050'000'000) / 100'000'000);
  EXPECT_EQ(first("ramp(0,100,10s)", 0), (Crossing{false, kForEver}));
  EXPECT_EQ(first("steps(1,1m,500,1m,2)", 0), (Crossing{true, self.started_ns + kMinute}));
  EXPECT_EQ(first("steps(1,1m,500,1m,2)", 2 * kMinute), (Crossing{false, kForEver}));
  EXPECT_EQ(first("uniform(1,90)", 0), (Crossing{false, kForEver}));
  for (const char* text : {"uniform(1,200)", "sine(1,200,1h)"}) {
    const Crossing crossing = first(text, 0);
    ASSERT_TRUE(crossing.found) << text;
    EXPECT_GT(memory(text).at(self, crossing.at_ns), 100) << text;
  }
}

TEST(UseProfile, RefusesEverythingElse) {
  for (const char* text :
       {"", "-1", "x", "1%%", "1.5%", "uniform(1)", "uniform(1,2,3s)", "sine(1,2)", "sine(1,2,0s)", "ramp(1,2,3)",
        "steps()", "steps(1,2s)", "steps(1,2,3)", "normal(1,2)", "(1)", "sine(1,2,3s"}) {
    EXPECT_FALSE(UseProfile::parse(text, UseProfile::Unit::milli).ok()) << text;
  }
}

PodMessage pod(const std::string& annotations, const std::string& resources) {
  return pod_from("metadata { uid: 'u-1' " + annotations + " } spec { containers { name: 'a' resources { " +
                  resources + " } } }");
}

TEST(ResourceUse, IsAShareOfTheRequestUnlessSaidOtherwise) {
  const std::string resources =
      "requests { key: 'cpu' value { string: '500m' } } requests { key: 'memory' value { string: '100Mi' } } "
      "limits { key: 'cpu' value { string: '1' } }";
  const PodMessage plain = pod("", resources);
  EXPECT_EQ(resource_use(view_of(plain), 0, 0, kMinute), (ResourceUse{150, 60 * kMi}));
  const PodMessage nothing = pod("", "");
  EXPECT_EQ(resource_use(view_of(nothing), 0, 0, kMinute), (ResourceUse{1, 2 * kMi}));
  const PodMessage said =
      pod("annotations { key: 'sim.kabuki.io/cpu-use' value: '3' } "
          "annotations { key: 'sim.kabuki.io/a.memory-use' value: '150%' }",
          resources);
  EXPECT_EQ(resource_use(view_of(said), 0, 0, kMinute), (ResourceUse{1'000, 150 * kMi})) << "throttled at its limit";
}

TEST(ResourceUse, TellsWhenMemoryExceedsItsLimit) {
  const std::string limit = "limits { key: 'memory' value { string: '64Mi' } }";
  const PodMessage leaks = pod("annotations { key: 'sim.kabuki.io/memory-use' value: 'steps(1Mi,30s,65Mi)' }", limit);
  EXPECT_EQ(memory_over_limit(view_of(leaks), 0, kMinute, kMinute), (Crossing{true, kMinute + 30 * kSecond}));
  const PodMessage modest = pod("", limit);
  EXPECT_EQ(memory_over_limit(view_of(modest), 0, 0, 0), (Crossing{false, kForEver}));
  const PodMessage unlimited = pod("annotations { key: 'sim.kabuki.io/memory-use' value: '65Gi' }", "");
  EXPECT_EQ(memory_over_limit(view_of(unlimited), 0, 0, 0), (Crossing{false, kForEver}));
}

}  // namespace
}  // namespace kabuki::kubelet
