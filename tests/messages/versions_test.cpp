#include "messages/versions.hpp"

#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <set>

#include "messages/api/autoscaling/v1/horizontal_pod_autoscaler.pb.h"
#include "messages/api/autoscaling/v2/horizontal_pod_autoscaler.pb.h"
#include "messages/api/core/v1/event.pb.h"
#include "messages/api/events/v1/event.pb.h"
#include "messages/json.hpp"
#include "messages/selectors.hpp"

namespace kabuki {
namespace {

using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;

const Version& version_of(KindId id) { return *find_version(id); }

std::string json(const Message& message) {
  std::string out;
  encode_json(message, &out);
  return out;
}

template <class T>
T read(const std::string& text) {
  T out;
  const auto decoded = decode_json(text, &out);
  EXPECT_TRUE(decoded.ok()) << decoded.error().message;
  return out;
}

using V1 = ::k8s::io::api::autoscaling::v1::HorizontalPodAutoscaler;
using V2 = ::k8s::io::api::autoscaling::v2::HorizontalPodAutoscaler;
using CoreEvent = ::k8s::io::api::core::v1::Event;
using EventsEvent = ::k8s::io::api::events::v1::Event;

TEST(Versions, HaveNamesAndIdsOfTheirOwn) {
  std::set<std::string> resources;
  for (const Kind& kind : served_kinds()) EXPECT_TRUE(resources.insert(kind.api_version() + kind.plural).second);
  for (const Version& version : all_versions()) {
    const Kind& kind = version.kind;
    EXPECT_EQ(find_kind(kind.id), nullptr) << "it must not stand on the bus nor on disk";
    EXPECT_EQ(&kind_of(kind.id), &kind);
    EXPECT_EQ(find_version(kind.group, kind.version, kind.plural), &version);
    EXPECT_EQ(version.stored != 0, version.from_stored && version.to_stored);
    for (const SelectableField& field : kind.selectable) {
      if (!version.stored) continue;
      EXPECT_TRUE(FieldSelector::parse(kind_of(version.stored), version.stored_label(field.path) + "=x").ok())
          << field.path;
    }
  }
  EXPECT_EQ(find_version(kinds::kPod), nullptr);
}

TEST(Versions, AnAutoscalerOfVersion1HasTheCpuMetricAsAFieldAndTheRestInAnnotations) {
  const V2 stored = read<V2>(R"({
    "metadata": {"name": "web", "annotations": {"a": "b"}},
    "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
      "minReplicas": 2, "maxReplicas": 9,
      "metrics": [
        {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "64Mi"}}},
        {"type": "Pods", "pods": {"metric": {"name": "hits"}, "target": {"type": "AverageValue", "averageValue": "1k"}}},
        {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}],
      "behavior": {"scaleDown": {"stabilizationWindowSeconds": 60, "selectPolicy": "Max",
        "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}]}}},
    "status": {"currentReplicas": 3, "desiredReplicas": 4,
      "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu",
        "current": {"averageUtilization": 55, "averageValue": "110m"}}}],
      "conditions": [{"type": "AbleToScale", "status": "True", "lastTransitionTime": "2026-11-23T10:00:00Z",
        "reason": "ReadyForNewScale", "message": "m"}]}})");
  const auto& version = version_of(kinds::kHorizontalPodAutoscalerV1);
  const auto first = from_stored(version, stored);
  const V1& v1 = static_cast<const V1&>(*first);
  EXPECT_EQ(v1.spec().targetcpuutilizationpercentage(), 70);
  EXPECT_EQ(v1.status().currentcpuutilizationpercentage(), 55);
  const std::map<std::string, std::string> annotations(v1.metadata().annotations().begin(),
                                                       v1.metadata().annotations().end());
  const std::map<std::string, std::string> expected = {
      {"a", "b"},
      {"autoscaling.alpha.kubernetes.io/behavior",
       R"({"ScaleUp":null,"ScaleDown":{"StabilizationWindowSeconds":60,"SelectPolicy":"Max",)"
       R"("Policies":[{"Type":"Pods","Value":4,"PeriodSeconds":15}],"Tolerance":null}})"},
      {"autoscaling.alpha.kubernetes.io/conditions",
       R"([{"type":"AbleToScale","status":"True","lastTransitionTime":"2026-11-23T10:00:00Z",)"
       R"("reason":"ReadyForNewScale","message":"m"}])"},
      {"autoscaling.alpha.kubernetes.io/current-metrics",
       R"([{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":55,"currentAverageValue":"110m"}}])"},
      {"autoscaling.alpha.kubernetes.io/metrics",
       R"([{"type":"Resource","resource":{"name":"memory","targetAverageValue":"64Mi"}},)"
       R"({"type":"Pods","pods":{"metricName":"hits","targetAverageValue":"1k"}}])"}};
  EXPECT_EQ(annotations, expected);
  const auto back = to_stored(version, *first);
  EXPECT_EQ(json(*back), json(stored));
}

TEST(Versions, EveryKindOfMetricSurvivesVersion1) {
  const V2 stored = read<V2>(R"({
    "metadata": {"name": "web"},
    "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 9, "metrics": [
      {"type": "Object", "object": {"describedObject": {"kind": "Ingress", "name": "i"}, "metric": {"name": "rps"},
        "target": {"type": "Value", "value": "10k"}}},
      {"type": "Object", "object": {"describedObject": {"kind": "Ingress", "name": "i"},
        "metric": {"name": "rps", "selector": {"matchLabels": {"verb": "GET"}}},
        "target": {"type": "AverageValue", "averageValue": "2"}}},
      {"type": "External", "external": {"metric": {"name": "queue", "selector": {"matchLabels": {"q": "x"}}},
        "target": {"type": "AverageValue", "averageValue": "30"}}},
      {"type": "External", "external": {"metric": {"name": "queue"}, "target": {"type": "Value", "value": "30"}}},
      {"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "app",
        "target": {"type": "Utilization", "averageUtilization": 60}}}],
      "behavior": {"scaleUp": {"stabilizationWindowSeconds": 0, "selectPolicy": "Disabled", "tolerance": "50m"}}},
    "status": {"currentReplicas": 1, "desiredReplicas": 1, "currentMetrics": [
      {"type": "Object", "object": {"describedObject": {"kind": "Ingress", "name": "i"}, "metric": {"name": "rps"},
        "current": {"value": "3k"}}},
      {"type": "Pods", "pods": {"metric": {"name": "hits"}, "current": {"averageValue": "5"}}},
      {"type": "External", "external": {"metric": {"name": "queue"}, "current": {"value": "7"}}},
      {"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "app",
        "current": {"averageUtilization": 61, "averageValue": "61m"}}}]}})");
  const auto& version = version_of(kinds::kHorizontalPodAutoscalerV1);
  EXPECT_EQ(json(*to_stored(version, *from_stored(version, stored))), json(stored));
}

TEST(Versions, AnnotationsThatAreNotUnderstoodAreDropped) {
  const auto& version = version_of(kinds::kHorizontalPodAutoscalerV1);
  const V1 odd = read<V1>(R"({"metadata": {"name": "web", "annotations": {
      "autoscaling.alpha.kubernetes.io/metrics": "[{", "autoscaling.alpha.kubernetes.io/behavior": "x"}},
    "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 3,
      "targetCPUUtilizationPercentage": 50}})");
  const V2 expected = read<V2>(R"({"metadata": {"name": "web"},
    "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 3, "metrics": [
      {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}]}})");
  EXPECT_EQ(json(*to_stored(version, odd)), json(expected));
}

TEST(Versions, AnEventIsTheSameInBothGroups) {
  const CoreEvent stored = read<CoreEvent>(R"({
    "metadata": {"name": "web.1", "namespace": "default"},
    "involvedObject": {"kind": "Pod", "namespace": "default", "name": "web", "uid": "u"},
    "reason": "Started", "message": "Started container a", "source": {"component": "kubelet", "host": "node-1"},
    "firstTimestamp": "2026-11-23T10:00:00Z", "lastTimestamp": "2026-11-23T10:00:05Z", "count": 2, "type": "Normal",
    "eventTime": "2026-11-23T10:00:00.000001Z",
    "series": {"count": 3, "lastObservedTime": "2026-11-23T10:00:00.000002Z"}, "action": "Act",
    "related": {"kind": "Node", "name": "node-1"}, "reportingComponent": "kubelet", "reportingInstance": "node-1"})");
  const EventsEvent expected = read<EventsEvent>(R"({
    "metadata": {"name": "web.1", "namespace": "default"},
    "regarding": {"kind": "Pod", "namespace": "default", "name": "web", "uid": "u"},
    "reason": "Started", "note": "Started container a",
    "deprecatedSource": {"component": "kubelet", "host": "node-1"},
    "deprecatedFirstTimestamp": "2026-11-23T10:00:00Z", "deprecatedLastTimestamp": "2026-11-23T10:00:05Z",
    "deprecatedCount": 2, "type": "Normal", "eventTime": "2026-11-23T10:00:00.000001Z",
    "series": {"count": 3, "lastObservedTime": "2026-11-23T10:00:00.000002Z"}, "action": "Act",
    "related": {"kind": "Node", "name": "node-1"}, "reportingController": "kubelet", "reportingInstance": "node-1"})");
  const auto& version = version_of(kinds::kEventsEvent);
  const auto converted = from_stored(version, stored);
  EXPECT_EQ(json(*converted), json(expected));
  EXPECT_EQ(json(*to_stored(version, *converted)), json(stored));
}

TEST(Versions, AStoredObjectKeepsItsKeyAndRevision) {
  V2 stored;
  stored.mutable_metadata()->set_name("web");
  stored.mutable_metadata()->set_namespace_("default");
  const ObjectPtr object = Object::encode(kinds::kHorizontalPodAutoscaler, stored, 17);
  const ObjectPtr v1 = as_version(version_of(kinds::kHorizontalPodAutoscalerV1), *object);
  EXPECT_EQ(v1->kind(), kinds::kHorizontalPodAutoscalerV1);
  EXPECT_EQ(v1->revision(), 17U);
  EXPECT_EQ(v1->ns(), "default");
  EXPECT_EQ(v1->as<V1>().metadata().resourceversion(), "17");
}

}  // namespace
}  // namespace kabuki
