// Server-side apply by managers who speak different versions of one kind.
#include <gtest/gtest.h>

#include "messages/api/autoscaling/v2/horizontal_pod_autoscaler.pb.h"
#include "messages/apply/managed_fields.hpp"
#include "messages/meta.hpp"
#include "messages/versions.hpp"
#include "messages/yaml.hpp"

namespace kabuki {
namespace {

using google::protobuf::Message;
using Lines = std::vector<std::string>;

const Kind& v2() { return kind_of(kinds::kHorizontalPodAutoscaler); }
const Kind& v1() { return kind_of(kinds::kHorizontalPodAutoscalerV1); }
const Kind& core_event() { return kind_of(kinds::kEvent); }
const Kind& events_event() { return kind_of(kinds::kEventsEvent); }

/// An object as it is stored, to which people apply things.
struct Live {
  const Kind& stored;
  std::unique_ptr<Message> object;
  int64_t second = 0;

  /// "" or why it was refused.
  std::string apply(const std::string& by, const Kind& as, const std::string& yaml, bool force = false) {
    const Version* version = find_version(as.id);
    std::unique_ptr<Message> seen;
    if (object && version) seen = from_stored(*version, *object);
    const std::string body = *yaml_to_json("{apiVersion: " + as.api_version() + ", kind: " + as.kind +
                                           ", metadata: {name: x, namespace: ns}, " + yaml + "}");
    auto out = apply_configuration(as, seen ? seen.get() : object.get(), body, {by, "", ++second * 1'000'000'000},
                                   force, nullptr);
    if (!out.ok()) return out.error().message;
    object = version ? to_stored(*version, **out) : std::move(*out);
    return "";
  }
  /// What `change` makes of it is an update by `by` in version `as`.
  void update(const std::string& by, const Kind& as, const std::function<void(Message*)>& change) {
    const Version* version = find_version(as.id);
    std::unique_ptr<Message> next = version ? from_stored(*version, *object) : nullptr;
    if (!next) {
      next.reset(stored.make());
      next->CopyFrom(*object);
    }
    change(next.get());
    if (version) next = to_stored(*version, *next);
    record_update(stored, object.get(), {by, "", ++second * 1'000'000'000}, next.get(), as);
    object = std::move(next);
  }
  Lines managers() const {
    Lines out;
    for (const auto& entry : meta_of(*object).managedfields()) {
      out.push_back(entry.manager() + " " + entry.operation() + " " + entry.apiversion() + ": " +
                    entry.fieldsv1().raw());
    }
    return out;
  }
  std::string json(const Kind& as) const {
    std::string out;
    const Version* version = find_version(as.id);
    std::unique_ptr<Message> copy(stored.make());
    copy->CopyFrom(*object);
    mutable_meta(copy.get())->clear_managedfields();
    encode_json(version ? *from_stored(*version, *copy) : *copy, &out);
    return out;
  }
};

constexpr const char* kCpu =
    "{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: %}}}";
std::string cpu(int percent) {
  std::string out = kCpu;
  return out.replace(out.find('%'), 1, std::to_string(percent));
}

TEST(ApplyVersions, AFieldOfTheStoredVersionIsDefendedAgainstTheOther) {
  Live live{v2()};
  ASSERT_EQ(live.apply("a", v2(), "spec: {maxReplicas: 5, metrics: [" + cpu(50) + "]}"), "");
  EXPECT_EQ(live.apply("b", v1(), "spec: {targetCPUUtilizationPercentage: 70}"),
            "Apply failed with 1 conflict: conflict with \"a\": .spec.metrics");
  EXPECT_EQ(live.apply("b", v1(), "spec: {maxReplicas: 6}"),
            "Apply failed with 1 conflict: conflict with \"a\": .spec.maxReplicas");
  EXPECT_EQ(live.apply("b", v1(), "spec: {maxReplicas: 5, minReplicas: 2, targetCPUUtilizationPercentage: 50}"), "")
      << "what both want alike is shared";
  EXPECT_EQ(
      live.managers(),
      (Lines{
          R"(a Apply autoscaling/v2: {"f:spec":{"f:maxReplicas":{},"f:metrics":{}}})",
          R"(b Apply autoscaling/v1: {"f:spec":{"f:maxReplicas":{},"f:minReplicas":{},"f:targetCPUUtilizationPercentage":{}}})"}));
}

TEST(ApplyVersions, AFieldOfTheOtherVersionIsDefendedAgainstTheStoredOne) {
  Live live{v2()};
  ASSERT_EQ(live.apply("b", v1(), "spec: {maxReplicas: 5, targetCPUUtilizationPercentage: 70}"), "");
  EXPECT_EQ(live.apply("a", v2(), "spec: {metrics: [" + cpu(50) + "]}"),
            "Apply failed with 1 conflict: conflict with \"b\": .spec.targetCPUUtilizationPercentage");
  ASSERT_EQ(live.apply("a", v2(), "spec: {metrics: [" + cpu(50) + "]}", true), "");
  EXPECT_EQ(live.managers(), (Lines{R"(b Apply autoscaling/v1: {"f:spec":{"f:maxReplicas":{}}})",
                                    R"(a Apply autoscaling/v2: {"f:spec":{"f:metrics":{}}})"}))
      << "force takes the field in whichever version it was held";
}

TEST(ApplyVersions, WhatIsNoLongerSaidStaysWhileAnotherVersionSaysIt) {
  Live live{v2()};
  ASSERT_EQ(live.apply("a", v2(), "spec: {maxReplicas: 5, minReplicas: 2, metrics: [" + cpu(50) + "]}"), "");
  ASSERT_EQ(live.apply("b", v1(), "spec: {minReplicas: 2, targetCPUUtilizationPercentage: 50}"), "");
  ASSERT_EQ(live.apply("a", v2(), "spec: {maxReplicas: 5}"), "");
  EXPECT_EQ(live.json(v1()),
            R"({"metadata":{"name":"x","namespace":"ns"},"spec":{"scaleTargetRef":{"kind":"","name":""},)"
            R"("minReplicas":2,"maxReplicas":5,"targetCPUUtilizationPercentage":50},)"
            R"("status":{"currentReplicas":0,"desiredReplicas":0}})");
  ASSERT_EQ(live.apply("b", v1(), "spec: {minReplicas: 2}"), "");
  EXPECT_EQ(live.json(v2()).find("metrics\":["), std::string::npos) << live.json(v2());
}

TEST(ApplyVersions, OneWhoAppliesIsOneManagerInEveryVersion) {
  Live live{v2()};
  ASSERT_EQ(live.apply("a", v2(), "spec: {maxReplicas: 5, metrics: [" + cpu(50) + "]}"), "");
  ASSERT_EQ(live.apply("a", v1(), "spec: {maxReplicas: 6}"), "") << "nobody fights with himself";
  EXPECT_EQ(live.managers(), Lines{R"(a Apply autoscaling/v1: {"f:spec":{"f:maxReplicas":{}}})"});
  EXPECT_EQ(live.json(v2()).find("averageUtilization"), std::string::npos) << "taken away: " << live.json(v2());
}

TEST(ApplyVersions, AnUpdateIsRecordedInTheVersionThatItSpeaks) {
  Live live{v2()};
  ASSERT_EQ(live.apply("a", v2(), "spec: {maxReplicas: 5, metrics: [" + cpu(50) + "]}"), "");
  live.update("kubectl-edit", v1(), [](Message* object) {
    const auto done = decode_json(R"({"metadata":{"name":"x","namespace":"ns"},"spec":{"maxReplicas":5,)"
                                  R"("targetCPUUtilizationPercentage":60}})",
                                  object);
    ASSERT_TRUE(done.ok());
  });
  EXPECT_EQ(live.managers(),
            (Lines{R"(a Apply autoscaling/v2: {"f:spec":{"f:maxReplicas":{}}})",
                   R"(kubectl-edit Update autoscaling/v1: {"f:spec":{"f:targetCPUUtilizationPercentage":{}}})"}));
  EXPECT_EQ(live.apply("a", v2(), "spec: {maxReplicas: 5, metrics: [" + cpu(50) + "]}"),
            "Apply failed with 1 conflict: conflict with \"kubectl-edit\" using autoscaling/v1: "
            ".spec.targetCPUUtilizationPercentage");
}

TEST(ApplyVersions, EventsOfBothGroupsAreOneObject) {
  Live live{core_event()};
  ASSERT_EQ(live.apply("a", core_event(), "message: m, reason: r, involvedObject: {kind: Pod, name: p}"), "");
  EXPECT_EQ(live.apply("b", events_event(), "note: other"),
            "Apply failed with 1 conflict: conflict with \"a\": .message");
  ASSERT_EQ(live.apply("b", events_event(), "note: other", true), "");
  EXPECT_EQ(live.apply("a", core_event(), "message: m"), "Apply failed with 1 conflict: conflict with \"b\": .note");
}

TEST(ApplyVersions, WhoIsRecordedInAVersionThatIsNotServedHasNothing) {
  Live live{v2()};
  ASSERT_EQ(live.apply("a", v2(), "spec: {maxReplicas: 5}"), "");
  mutable_meta(live.object.get())->mutable_managedfields(0)->set_apiversion("autoscaling/v2beta2");
  EXPECT_EQ(live.apply("b", v2(), "spec: {maxReplicas: 6}"), "");
  EXPECT_EQ(live.managers(), Lines{R"(b Apply autoscaling/v2: {"f:spec":{"f:maxReplicas":{}}})"});
}

}  // namespace
}  // namespace kabuki
