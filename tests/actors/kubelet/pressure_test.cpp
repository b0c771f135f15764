#include "actors/kubelet/pressure.hpp"

#include <gtest/gtest.h>

#include "tests/actors/kubelet/pod_play.hpp"

namespace kabuki::kubelet {
namespace {

constexpr int64_t kMi = int64_t{1} << 20;
const Pressure kMemory{.memory = true};

TEST(Pressure, IsReadFromTheAnnotation) {
  EXPECT_EQ(read_pressure(""), Pressure{});
  EXPECT_EQ(read_pressure("memory"), kMemory);
  EXPECT_EQ(read_pressure("disk, pid,nonsense"), (Pressure{.disk = true, .pids = true}));
}

TEST(Eviction, TakesWhoIsBeyondItsRequestThenByPriorityThenByUse) {
  const std::vector<Candidate> all = {{"d/guaranteed", 0, 500 * kMi, 500 * kMi, ""},
                                      {"d/important", 100, 900 * kMi, 10 * kMi, ""},
                                      {"d/much", 0, 400 * kMi, 100 * kMi, ""},
                                      {"d/little", 0, 110 * kMi, 100 * kMi, ""},
                                      {"d/best-effort", 0, 350 * kMi, 0, ""}};
  std::vector<Candidate> left = all;
  std::vector<std::string> order;
  while (const Candidate* victim = choose_victim(left, kMemory)) {
    order.push_back(victim->pod);
    left.erase(left.begin() + (victim - left.data()));
  }
  EXPECT_EQ(order, (std::vector<std::string>{"d/best-effort", "d/much", "d/little", "d/important", "d/guaranteed"}));
  EXPECT_EQ(choose_victim(all, {.disk = true})->pod, "d/best-effort");
}

TEST(Eviction, SaysWhoUsedWhat) {
  PodPlay play(
      pod_from("spec { containers { name: 'a' } containers { name: 'b' resources { requests { key: 'memory' "
               "value { string: '1Gi' } } } } }\nmetadata { annotations { key: 'sim.kabuki.io/a.memory-use' "
               "value: '200Mi' } }"));
  play.run_until(5);
  const Candidate victim = candidate_of(view_of(play.pod), {play.now});
  EXPECT_EQ(victim.request, 1024 * kMi);
  EXPECT_GT(victim.use, 200 * kMi);
  EXPECT_EQ(
      eviction_message(victim, kMemory, 50 * kMi),
      "The node was low on resource: memory. Threshold quantity: 100Mi, available: 51200Ki. Container a was using "
      "204800Ki, request is 0, has larger consumption of memory. ");
  EXPECT_EQ(eviction_message(victim, {.disk = true}, 0), "The node was low on resource: ephemeral-storage. ");
}

TEST(Eviction, ANodeUnderPressureRefusesWhoAsksForNothing) {
  const auto refused = [](const std::string& spec, const Pressure& pressure) {
    const PodMessage pod = pod_from("spec { " + spec + " }");
    return why_refused(view_of(pod), pressure);
  };
  const std::string plain = "containers { name: 'a' }";
  const std::string asks =
      "containers { name: 'a' resources { requests { key: 'memory' value { string: '1Mi' } } } }";
  EXPECT_EQ(refused(plain, {}), "");
  EXPECT_EQ(refused(plain, kMemory), "The node had condition: [MemoryPressure]. ");
  EXPECT_EQ(refused(asks, kMemory), "");
  EXPECT_EQ(refused(asks, {.disk = true}), "The node had condition: [DiskPressure]. ");
  EXPECT_EQ(refused(plain + " tolerations { key: 'node.kubernetes.io/memory-pressure' operator: 'Exists' }", kMemory),
            "");
  EXPECT_EQ(refused(plain + " priority: 2000001000", {.disk = true}), "");
}

}  // namespace
}  // namespace kabuki::kubelet
