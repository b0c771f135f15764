// The decisions of horizontal pod autoscalers. The numbers of the first tables are those of Kubernetes'
// replica_calculator_test.go and horizontal_test.go, and of its documentation's examples.
#include <gtest/gtest.h>

#include "actors/controllers/horizontal_pod_autoscaler.hpp"
#include "messages/json.hpp"
#include "messages/meta.hpp"

namespace kabuki::controllers {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kNow = 100'000 * kSecond;

/// One pod of a table: what it requests and uses, in thousandths.
struct Pod {
  int64_t request = 1000;
  std::optional<int64_t> use;
  std::string phase = "Running";
  bool ready = true;
  int64_t started_ago = 3600;  // seconds
  int64_t ready_since_ago = 3500;
  bool deleting = false;
};

struct Cluster {
  std::vector<PodMessage> pods;
  bus::PodUses uses;
};

Cluster cluster(const std::vector<Pod>& table, const std::string& resource = "cpu") {
  Cluster out;
  out.uses.set_window_ns(60 * kSecond);
  for (size_t i = 0; i < table.size(); ++i) {
    const Pod& row = table[i];
    PodMessage pod;
    pod.mutable_metadata()->set_name("pod-" + std::to_string(i));
    pod.mutable_metadata()->set_namespace_("default");
    if (row.deleting) *pod.mutable_metadata()->mutable_deletiontimestamp() = time_of(kNow);
    auto* container = pod.mutable_spec()->add_containers();
    container->set_name("app");
    if (row.request > 0) {
      (*container->mutable_resources()->mutable_requests())[resource].set_string(std::to_string(row.request) + "m");
    }
    pod.mutable_status()->set_phase(row.phase);
    *pod.mutable_status()->mutable_starttime() = time_of(kNow - row.started_ago * kSecond);
    auto* condition = pod.mutable_status()->add_conditions();
    condition->set_type("Ready");
    condition->set_status(row.ready ? "True" : "False");
    *condition->mutable_lasttransitiontime() = time_of(kNow - row.ready_since_ago * kSecond);
    if (row.use) {
      auto* item = out.uses.add_items();
      item->set_at_ns(kNow);
      item->mutable_use()->set_namespace_("default");
      item->mutable_use()->set_name(pod.metadata().name());
      auto* use = item->mutable_use()->add_containers();
      use->set_name("app");
      use->set_cpu_milli(*row.use);
      use->set_memory_bytes(*row.use / 1000);
    }
    out.pods.push_back(std::move(pod));
  }
  return out;
}

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

AutoscalerMessage autoscaler(const std::string& metrics, const std::string& more = "") {
  AutoscalerMessage out;
  const std::string json =
      R"({"metadata":{"name":"web","namespace":"default","uid":"u-1"},
          "spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},
                  "minReplicas":2,"maxReplicas":10,"metrics":[)" +
      metrics + "]" + more + "}}";
  const auto read = decode_json(json, &out);
  EXPECT_TRUE(read.ok()) << read.error().message;
  return out;
}

constexpr const char* kCpu50 =
    R"({"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}})";

/// What a decision comes to: "resize to 6 because ...", the conditions, the events.
std::vector<std::string> decide(const AutoscalerView& view, AutoscalerMemory* memory,
                                std::optional<Error> failure = std::nullopt) {
  const Instant now{{kNow}, at(0)};
  AutoscalerPlan plan = decide_autoscaler(view, {}, now, memory);
  std::vector<std::string> out;
  if (plan.resize) out.push_back("resize to " + std::to_string(*plan.resize) + ": " + plan.reason);
  conclude_autoscaler(view.object, failure, now, &plan, memory);
  for (const auto& condition : plan.status.conditions()) {
    out.push_back(condition.type() + "=" + condition.status() + " " + condition.reason() + ": " +
                  condition.message());
  }
  for (const auto& event : plan.events) out.push_back(event.type + " " + event.reason + ": " + event.message);
  std::string status;
  AutoscalerStatus numbers = plan.status;
  numbers.clear_conditions();
  encode_json(numbers, &status);
  out.push_back(status);
  return out;
}

AutoscalerView view_of(const AutoscalerMessage& object, int32_t replicas, const std::vector<Pod>& pods) {
  Cluster c = cluster(pods);
  return {object, ScaleFacts{replicas, "app=web"}, std::move(c.pods), std::move(c.uses), {"default/web"}};
}

using Lines = std::vector<std::string>;

TEST(Autoscaler, TellsWhatItDidInConditionsEventsAndStatus) {
  AutoscalerMemory memory;
  const auto hot = view_of(autoscaler(kCpu50), 3, {{1000, 1000}, {1000, 1000}, {1000, 1000}});
  EXPECT_EQ(
      decide(hot, &memory),
      (Lines{"resize to 6: cpu resource utilization (percentage of request) above target",
             "AbleToScale=True SucceededRescale: the HPA controller was able to update the target scale to 6",
             "ScalingActive=True ValidMetricFound: the HPA was able to successfully calculate a replica count from "
             "cpu resource utilization (percentage of request)",
             "ScalingLimited=False DesiredWithinRange: the desired count is within the acceptable range",
             "Normal SuccessfulRescale: New size: 6; reason: cpu resource utilization (percentage of request) "
             "above target",
             R"({"lastScaleTime":"1970-01-02T03:46:40Z","currentReplicas":3,"desiredReplicas":6,)"
             R"("currentMetrics":[{"type":"Resource","resource":{"name":"cpu","current":{)"
             R"("averageValue":"1","averageUtilization":100}}}]})"}));
  // Right after, the load is gone: the highest recommendation of five minutes holds.
  const auto idle = view_of(autoscaler(kCpu50), 6, std::vector<Pod>(6, Pod{1000, 100}));
  EXPECT_EQ(decide(idle, &memory)[0],
            "AbleToScale=True ScaleDownStabilized: recent recommendations were higher than current one, applying the "
            "highest recent recommendation");
  // Long after, it goes down, and not below the minimum.
  AutoscalerMemory later{.recommendations = {{2, at(-600)}}};
  const Lines down = decide(idle, &later);
  EXPECT_EQ(down[0], "resize to 2: All metrics below target");
  EXPECT_EQ(down[3], "ScalingLimited=False DesiredWithinRange: the desired count is within the acceptable range");
}

TEST(Autoscaler, SaysWhyItCannotRescale) {
  AutoscalerMemory memory;
  const auto hot = view_of(autoscaler(kCpu50), 3, {{1000, 1000}, {1000, 1000}, {1000, 1000}});
  const Lines lines =
      decide(hot, &memory, Error{.code = 409, .reason = "Conflict", .message = "somebody was faster"});
  EXPECT_EQ(lines[1],
            "AbleToScale=False FailedUpdateScale: the HPA controller was unable to update the target scale: somebody "
            "was faster");
  EXPECT_EQ(lines[4],
            "Warning FailedRescale: New size: 6; reason: cpu resource utilization (percentage of request) above "
            "target; error: somebody was faster");
}

TEST(Autoscaler, KeepsBetweenMinimumAndMaximumWithoutMetrics) {
  AutoscalerMemory memory;
  EXPECT_EQ(decide(view_of(autoscaler(kCpu50), 1, {}), &memory)[0],
            "resize to 2: Current number of replicas below Spec.MinReplicas");
  EXPECT_EQ(decide(view_of(autoscaler(kCpu50), 12, {}), &memory)[0],
            "resize to 10: Current number of replicas above Spec.MaxReplicas");
  const Lines off = decide(view_of(autoscaler(kCpu50), 0, {}), &memory);
  EXPECT_EQ(off, (Lines{"AbleToScale=True SucceededGetScale: the HPA controller was able to get the target's current "
                        "scale",
                        "ScalingActive=False ScalingDisabled: scaling is disabled since the replica count of the "
                        "target is zero",
                        R"({"desiredReplicas":0,"currentMetrics":null})"}));
}

TEST(Autoscaler, SaysWhyNothingIsKnown) {
  AutoscalerMemory memory;
  AutoscalerView gone = view_of(autoscaler(kCpu50), 3, {});
  gone.scale = Error{.code = 404, .reason = "NotFound", .message = "deployments/scale.apps \"web\" not found"};
  EXPECT_EQ(
      decide(gone, &memory),
      (Lines{"AbleToScale=False FailedGetScale: the HPA controller was unable to get the target's current scale: "
             "deployments/scale.apps \"web\" not found",
             "Warning FailedGetScale: deployments/scale.apps \"web\" not found",
             R"({"desiredReplicas":0,"currentMetrics":null})"}));
  const AutoscalerView silent = view_of(autoscaler(kCpu50), 3, {{1000}, {1000}, {1000}});
  const std::string why =
      "failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource "
      "metrics API";
  EXPECT_EQ(
      decide(silent, &memory),
      (Lines{"AbleToScale=True SucceededGetScale: the HPA controller was able to get the target's current scale",
             "ScalingActive=False FailedGetResourceMetric: the HPA was unable to compute the replica count: " + why,
             "Warning FailedGetResourceMetric: " + why,
             "Warning FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed "
             "to get cpu resource metric value: " +
                 why,
             R"({"currentReplicas":3,"desiredReplicas":0,"currentMetrics":[{"type":""}]})"}));
  AutoscalerView shared = view_of(autoscaler(kCpu50), 3, {{1000, 1000}});
  shared.selecting = {"default/other", "default/web"};
  EXPECT_EQ(decide(shared, &memory)[1],
            "ScalingActive=False AmbiguousSelector: pods by selector app=web are controlled by multiple HPAs: "
            "[default/other default/web]");
  AutoscalerView nothing = view_of(autoscaler(kCpu50), 3, {});
  nothing.scale->selector = "";
  EXPECT_EQ(decide(nothing, &memory)[1],
            "ScalingActive=False InvalidSelector: the HPA target's scale is missing a selector");
}

TEST(Autoscaler, MetricsWithoutAnAdapterFailAsInKubernetes) {
  AutoscalerMemory memory;
  struct Metric {
    const char* spec;
    const char* expected;
  };
  const Metric table[] = {
      {R"({"type":"Pods","pods":{"metric":{"name":"hits"},"target":{"type":"AverageValue","averageValue":"1k"}}})",
       "ScalingActive=False FailedGetPodsMetric: the HPA was unable to compute the replica count: unable to get "
       "metric "
       "hits: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) "
       "registered"},
      {R"({"type":"Object","object":{"describedObject":{"kind":"Ingress","name":"main"},"metric":{"name":"rps"},
          "target":{"type":"Value","value":"10k"}}})",
       "ScalingActive=False FailedGetObjectMetric: the HPA was unable to compute the replica count: unable to get "
       "metric "
       "rps: Ingress on default main/unable to fetch metrics from custom metrics API: no custom metrics API "
       "(custom.metrics.k8s.io) registered"},
      {R"({"type":"External","external":{"metric":{"name":"queue","selector":{"matchLabels":{"q":"x"}}},
          "target":{"type":"AverageValue","averageValue":"30"}}})",
       "ScalingActive=False FailedGetExternalMetric: the HPA was unable to compute the replica count: unable to get "
       "external metric default/queue/&LabelSelector{MatchLabels:map[string]string{q: "
       "x,},MatchExpressions:[]LabelSelectorRequirement{},}: unable to fetch metrics from external metrics API: the "
       "server could not find the requested resource (get queue.external.metrics.k8s.io)"},
  };
  for (const Metric& metric : table) {
    const auto view = view_of(autoscaler(metric.spec), 3, {{1000, 1000}});
    EXPECT_EQ(decide(view, &memory)[1], metric.expected);
    // Beside one that is known it may grow, but not shrink.
    const std::string both = std::string(metric.spec) + "," + kCpu50;
    AutoscalerMemory fresh;
    EXPECT_EQ(decide(view_of(autoscaler(both), 3, std::vector<Pod>(3, Pod{1000, 1000})), &fresh)[0],
              "resize to 6: cpu resource utilization (percentage of request) above target");
    EXPECT_EQ(decide(view_of(autoscaler(both), 3, std::vector<Pod>(3, Pod{1000, 100})), &fresh)[1], metric.expected);
  }
}

TEST(Autoscaler, FollowsTheMostDemandingOfItsMetrics) {
  AutoscalerMemory memory;
  const std::string memory_metric =
      R"({"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"1"}}})";
  auto view = view_of(autoscaler(std::string(kCpu50) + "," + memory_metric), 3, std::vector<Pod>(3, Pod{1000, 600}));
  for (auto& item : *view.uses->mutable_items()) item.mutable_use()->mutable_containers(0)->set_memory_bytes(3);
  const Lines lines = decide(view, &memory);
  EXPECT_EQ(lines[0], "resize to 6: memory resource above target");
  EXPECT_EQ(
      lines.back(),
      R"({"lastScaleTime":"1970-01-02T03:46:40Z","currentReplicas":3,"desiredReplicas":6,"currentMetrics":[)"
      R"({"type":"Resource","resource":{"name":"cpu","current":{"averageValue":"600m","averageUtilization":60}}},)"
      R"({"type":"Resource","resource":{"name":"memory","current":{"averageValue":"3"}}}]})");
}

TEST(Autoscaler, BehaviorHasItsOwnTolerancesAndRemembersWhatItDid) {
  AutoscalerMemory memory;
  const std::string behavior = R"(,"behavior":{
      "scaleUp":{"stabilizationWindowSeconds":0,"selectPolicy":"Max","tolerance":"300m",
                 "policies":[{"type":"Pods","value":1,"periodSeconds":60}]},
      "scaleDown":{"stabilizationWindowSeconds":0,"selectPolicy":"Max",
                 "policies":[{"type":"Percent","value":100,"periodSeconds":15}]}})";
  const auto warm = view_of(autoscaler(kCpu50, behavior), 3, std::vector<Pod>(3, Pod{1000, 600}));
  EXPECT_EQ(decide(warm, &memory)[0], "AbleToScale=True ReadyForNewScale: recommended size matches current size");
  const auto hot = view_of(autoscaler(kCpu50, behavior), 3, std::vector<Pod>(3, Pod{1000, 1000}));
  const Lines grown = decide(hot, &memory);
  EXPECT_EQ(grown[0], "resize to 4: cpu resource utilization (percentage of request) above target");
  EXPECT_EQ(grown[3],
            "ScalingLimited=True ScaleUpLimit: the desired replica count is increasing faster than the maximum scale "
            "rate");
  const auto still = view_of(autoscaler(kCpu50, behavior), 4, std::vector<Pod>(4, Pod{1000, 1000}));
  EXPECT_EQ(decide(still, &memory)[2],
            "ScalingLimited=True ScaleUpLimit: the desired replica count is increasing faster than the maximum scale "
            "rate");
}

TEST(Autoscaler, AtRestNothingChanges) {
  AutoscalerMemory memory;
  auto view = view_of(autoscaler(kCpu50), 3, std::vector<Pod>(3, Pod{1000, 500}));
  const Instant now{{kNow}, at(0)};
  const AutoscalerPlan first = decide_autoscaler(view, {}, now, &memory);
  EXPECT_FALSE(first.resize);
  *view.object.mutable_status() = first.status;
  const AutoscalerPlan second = decide_autoscaler(view, {}, {{kNow + kSecond}, at(1)}, &memory);
  EXPECT_EQ(second.status.SerializeAsString(), first.status.SerializeAsString());
  EXPECT_TRUE(second.events.empty());
}

}  // namespace
}  // namespace kabuki::controllers
