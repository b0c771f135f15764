// The numbers are those of Kubernetes' replica_calculator_test.go, and of its documentation's examples.
#include <gtest/gtest.h>

#include "tests/actors/controllers/autoscaler_tables.hpp"

namespace kabuki::controllers {
namespace {

using namespace autoscaler_tables;  // NOLINT: the words of these tests

std::string text(const Result<ReplicaProposal>& proposal) {
  if (!proposal.ok()) return proposal.error().message;
  return std::to_string(proposal->replicas) + " replicas at " + std::to_string(proposal->utilization) + "%, " +
         std::to_string(proposal->average_milli) + "m";
}

struct Row {
  const char* name;
  int32_t current;
  int32_t target;  // percent
  std::vector<Pod> pods;
  std::string expected;
};

TEST(AutoscalerReplicas, FollowUtilizationAsKubernetesDoes) {
  const std::vector<Row> table = {
      {"scale up", 3, 30, {{1000, 300}, {1000, 500}, {1000, 700}}, "5 replicas at 50%, 500m"},
      {"scale up, a pod unready",
       3,
       30,
       {{1000, 300, "Running", false, 60, 40}, {1000, 500}, {1000, 700}},
       "4 replicas at 60%, 600m"},
      {"hot pods that just became ready do not count",
       3,
       30,
       {{1000, 500, "Running", true, 60, 30}, {1000, 500, "Running", true, 60, 30}, {1000, 700}},
       "3 replicas at 70%, 700m"},
      {"scale up, a pod pending",
       3,
       30,
       {{1000, 300}, {1000, 500}, {1000, 700, "Pending"}},
       "3 replicas at 40%, 400m"},
      {"scale up, a pod failed",
       2,
       30,
       {{1000, 500}, {1000, 700}, {1000, std::nullopt, "Failed"}},
       "4 replicas at 60%, 600m"},
      {"scale down",
       5,
       50,
       {{1000, 100}, {1000, 300}, {1000, 500}, {1000, 250}, {1000, 250}},
       "3 replicas at 28%, 280m"},
      {"scale down, two pods unready",
       5,
       50,
       {{1000, 100, "Running", false, 60, 40},
        {1000, 300},
        {1000, 500},
        {1000, 250},
        {1000, 250, "Running", false, 60, 40}},
       "3 replicas at 35%, 350m"},
      {"within the tolerance", 3, 100, {{900, 1010}, {1000, 1030}, {1100, 1020}}, "3 replicas at 102%, 1020m"},
      {"missing metrics do not shrink", 2, 100, {{1000, 400}, {1000, std::nullopt}}, "2 replicas at 40%, 400m"},
      {"missing metrics on the way up count as idle",
       4,
       100,
       {{1000, 5000}, {1000}, {1000}, {1000}},
       "5 replicas at 500%, 5000m"},
      {"missing metrics, nothing known",
       2,
       100,
       {{1000}, {1000}},
       "unable to get metrics for resource cpu: no metrics returned from resource metrics API"},
      {"all pods unready",
       2,
       100,
       {{1000, 10, "Running", false, 60, 40}, {1000, 10, "Pending"}},
       "did not receive metrics for targeted pods (pods might be unready)"},
      {"no request", 2, 100, {{0, 100}, {1000, 100}}, "missing request for cpu in container app of Pod pod-0"},
      {"a pod that is deleted does not count",
       3,
       50,
       {{1000, 500}, {1000, 500}, {1000, 900, "Running", true, 3600, 3500, true}},
       "3 replicas at 50%, 500m"},
      // "if current metric value is 200m, and the desired value is 100m, the number of replicas will be doubled".
      {"the documentation's example", 3, 10, {{1000, 200}, {1000, 200}, {1000, 200}}, "6 replicas at 20%, 200m"},
      {"a pod that was never ready within 30 s of its start",
       2,
       50,
       {{1000, 1000, "Running", false, 3600, 3590}, {1000, 600}},
       "2 replicas at 60%, 600m"},
      {"a pod that was ready once and is no more",
       2,
       50,
       {{1000, 1000, "Running", false, 3600, 100}, {1000, 1000}},
       "4 replicas at 100%, 1000m"},
  };
  for (const Row& row : table) {
    const Cluster c = cluster(row.pods);
    const ReplicaQuestion question{
        .current = row.current, .resource = "cpu", .pods = c.pods, .uses = c.uses, .now = {kNow}};
    EXPECT_EQ(text(replicas_for_utilization(question, row.target)), row.expected) << row.name;
  }
}

TEST(AutoscalerReplicas, FollowAnAverageAmount) {
  struct Average {
    int32_t current;
    int64_t target;
    std::vector<Pod> pods;
    std::string expected;
  };
  const std::vector<Average> table = {
      {3, 15'000, {{0, 20'000}, {0, 10'000}, {0, 30'000}}, "4 replicas at 0%, 20000m"},
      {5, 20'000, {{0, 10'000}, {0, 10'000}, {0, 10'000}, {0, 10'000}, {0, 10'000}}, "3 replicas at 0%, 10000m"},
      {3, 20'000, {{0, 19'000}, {0, 21'000}, {0, 20'000}}, "3 replicas at 0%, 20000m"},
      // On the way down a pod without metrics counts as one at the target.
      {2, 20'000, {{0, 2'000}, {0, std::nullopt}}, "2 replicas at 0%, 2000m"},
  };
  for (const Average& row : table) {
    const Cluster c = cluster(row.pods, "memory");
    const ReplicaQuestion question{
        .current = row.current, .resource = "memory", .pods = c.pods, .uses = c.uses, .now = {kNow}};
    EXPECT_EQ(text(replicas_for_average(question, row.target)), row.expected);
  }
}

TEST(AutoscalerReplicas, CanFollowOneContainerAlone) {
  Cluster c = cluster({{1000, 900}, {1000, 900}});
  for (int i = 0; i < 2; ++i) {
    c.pods[static_cast<size_t>(i)].mutable_spec()->add_containers()->set_name("sidecar");
    auto* use = c.uses.mutable_items(i)->mutable_use()->add_containers();
    use->set_name("sidecar");
    use->set_cpu_milli(50'000);
  }
  ReplicaQuestion question{
      .current = 2, .resource = "cpu", .container = "app", .pods = c.pods, .uses = c.uses, .now = {kNow}};
  EXPECT_EQ(text(replicas_for_utilization(question, 45)), "4 replicas at 90%, 900m");
  question.container = "";
  EXPECT_EQ(text(replicas_for_utilization(question, 45)),
            "missing request for cpu in container sidecar of Pod pod-0");
  question.container = "other";
  EXPECT_EQ(text(replicas_for_utilization(question, 45)),
            "unable to get metrics for resource cpu: failed to get container metrics: container other not present in "
            "metrics for pod default/pod-0");
}

}  // namespace
}  // namespace kabuki::controllers
