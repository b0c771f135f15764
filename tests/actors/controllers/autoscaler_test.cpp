// The decisions of horizontal pod autoscalers: what they want done, and what they tell of it.
#include <gtest/gtest.h>

#include "actors/controllers/horizontal_pod_autoscaler.hpp"
#include "messages/json.hpp"
#include "tests/actors/controllers/autoscaler_tables.hpp"

namespace kabuki::controllers {
namespace {

using namespace autoscaler_tables;  // NOLINT: the words of these tests

io::MonoTime at(int64_t seconds) { return {1'000'000 * kSecond + seconds * kSecond}; }

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

TEST(Autoscaler, SaysTheSameAfterItStartedAnewAtItsBounds) {
  for (const auto& [replicas, use] : {std::pair{2, 10}, {10, 1000}}) {
    const auto view =
        view_of(autoscaler(kCpu50), replicas, std::vector<Pod>(static_cast<size_t>(replicas), Pod{1000, use}));
    AutoscalerMemory old{.recommendations = {{1, at(-600)}}}, fresh;
    EXPECT_EQ(decide(view, &fresh), decide(view, &old)) << replicas;
    EXPECT_EQ(decide(view, &fresh), decide(view, &old)) << replicas;
  }
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
