#include "store/index_check.hpp"

#include <gtest/gtest.h>

#include "store/shard_state.hpp"
#include "tests/store/store_fixture.hpp"

namespace kabuki::store::test {
namespace {

using Lines = std::vector<std::string>;

Lines whats(const std::vector<IndexCheck::Probe>& probes) {
  Lines out;
  for (const auto& probe : probes) out.push_back(probe.what + ": " + std::to_string(probe.expected.size()));
  return out;
}

TEST(IndexCheck, ProbesEveryValueThatIsThere) {
  IndexCheck check;
  for (const auto& object : {pod("a", "node-1"), pod("b", ""), pod("c", "node-1"), pod("d", "node-2")})
    check.add(*object);
  check.add(*thing("x", "body"));
  EXPECT_EQ(whats(check.probes()), (Lines{"pods by spec.nodeName \"\": 1", "pods by spec.nodeName \"node-1\": 2",
                                          "pods by spec.nodeName \"node-2\": 1"}));
}

TEST(IndexCheck, ProbesSoManyValuesWholly) {
  IndexCheck check(standard_indexes(), 1);
  for (const auto& object : {pod("a", "node-1"), pod("b", "node-2"), pod("c", "node-1")}) check.add(*object);
  EXPECT_EQ(whats(check.probes()), Lines{"pods by spec.nodeName \"node-1\": 2"});
}

TEST(IndexCheck, IsContentWithASoundState) {
  IndexCheck check({field_index(kinds::kPod, "spec.nodeName"), label_index(kinds::kPod, "app")});
  ShardState state({.indexes = {field_index(kinds::kPod, "spec.nodeName"), label_index(kinds::kPod, "app")}});
  for (int i = 0; i < 50; ++i) {
    const auto object =
        pod("pod-" + std::to_string(100 + i), "node-" + std::to_string(i % 7), 5, "default", i % 2 ? "web" : "db");
    state.load(object);
    check.add(*object);
  }
  state.loaded(5);
  const auto probes = check.probes();
  EXPECT_EQ(probes.size(), 9u);
  for (const auto& probe : probes) {
    const auto selection = Selection::from_bus(probe.selection);
    ASSERT_TRUE(selection.ok()) << probe.what;
    const auto page = state.page(*state.snapshot(), *selection, {}, 0);
    EXPECT_FALSE(page.objects.empty());
    EXPECT_TRUE(judge_probe("pods", probe, page.objects).empty()) << probe.what;
  }
}

TEST(IndexCheck, FindsWhatIsMissingAndWhatIsTooMuch) {
  const IndexCheck::Probe probe{
      {}, "pods by x \"y\"", {{kinds::kPod, "default", "a"}, {kinds::kPod, "default", "b"}}};
  const auto findings = judge_probe("pods", probe, {pod("c", ""), pod("a", "")});
  EXPECT_EQ(findings,
            (std::vector<Finding>{{true, "pods", "pods/default/b", "is not found among pods by x \"y\""},
                                  {true, "pods", "pods/default/c", "is wrongly found among pods by x \"y\""}}));
}

}  // namespace
}  // namespace kabuki::store::test
