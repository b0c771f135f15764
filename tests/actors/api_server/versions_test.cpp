#include <gtest/gtest.h>

#include "tests/actors/api_server/api_sim.hpp"

namespace kabuki::api_server {
namespace {

using Json = nlohmann::json;

const std::string kV1 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers";
const std::string kV2 = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";
const http::Headers kTable = {{"accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}};
constexpr const char* kBehavior = "autoscaling.alpha.kubernetes.io/behavior";

Json autoscaler_v1(const std::string& name) {
  return {{"apiVersion", "autoscaling/v1"},
          {"kind", "HorizontalPodAutoscaler"},
          {"metadata", {{"name", name}}},
          {"spec",
           {{"scaleTargetRef", {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", "web"}}},
            {"maxReplicas", 9},
            {"targetCPUUtilizationPercentage", 70}}}};
}

using SecondVersions = ApiSim;

TEST_F(SecondVersions, AnAutoscalerIsOneObjectInBothVersions) {
  auto made = http("POST", kV1, autoscaler_v1("web").dump());
  ASSERT_EQ(made->status, 201) << made->body;
  EXPECT_EQ(made->json()["apiVersion"], "autoscaling/v1");
  EXPECT_EQ(made->json()["spec"]["minReplicas"], 1);

  const Json v2 = http("GET", kV2 + "/web")->json();
  EXPECT_EQ(v2["apiVersion"], "autoscaling/v2");
  EXPECT_EQ(v2["spec"]["metrics"], Json::parse(R"([{"type":"Resource","resource":{"name":"cpu",
      "target":{"type":"Utilization","averageUtilization":70}}}])"));
  EXPECT_EQ(v2["metadata"]["uid"], made->json()["metadata"]["uid"]);

  // Written back as it was read, in either version, it stays as it is.
  for (const std::string& path : {kV1, kV2}) {
    auto read = http("GET", path + "/web");
    auto same = http("PUT", path + "/web", read->body);
    EXPECT_EQ(same->json()["metadata"]["resourceVersion"], v2["metadata"]["resourceVersion"]) << same->body;
  }
  const Json list = http("GET", kV1)->json();
  EXPECT_EQ(list["kind"], "HorizontalPodAutoscalerList");
  EXPECT_EQ(list["apiVersion"], "autoscaling/v1");
  EXPECT_EQ(list["items"][0]["spec"], made->json()["spec"]);

  const Json table = http("GET", kV1 + "?includeObject=Object", "", kTable)->json();
  EXPECT_EQ(table["rows"][0]["cells"][2], "cpu: <unknown>/70%");
  EXPECT_EQ(table["rows"][0]["object"]["apiVersion"], "autoscaling/v1");
  EXPECT_EQ(http("DELETE", kV1 + "/web")->status, 200);
  EXPECT_EQ(http("GET", kV2 + "/web")->status, 404);
}

TEST_F(SecondVersions, WhatVersion1HasNoFieldsForStaysInAnnotations) {
  Json object = autoscaler_v1("web");
  object["apiVersion"] = "autoscaling/v2";
  object["spec"].erase("targetCPUUtilizationPercentage");
  object["spec"]["behavior"] = Json::parse(R"({"scaleDown":{"stabilizationWindowSeconds":5}})");
  ASSERT_EQ(http("POST", kV2, object.dump())->status, 201);
  Json v1 = http("GET", kV1 + "/web")->json();
  EXPECT_NE(v1["metadata"]["annotations"][kBehavior].get<std::string>().find(R"("StabilizationWindowSeconds":5)"),
            std::string::npos);

  // A patch of version 1 changes what it says and nothing else.
  auto patched = http("PATCH", kV1 + "/web", R"({"spec":{"targetCPUUtilizationPercentage":33}})",
                      {{"content-type", "application/merge-patch+json"}});
  ASSERT_EQ(patched->status, 200) << patched->body;
  EXPECT_EQ(patched->json()["apiVersion"], "autoscaling/v1");
  EXPECT_EQ(patched->json()["spec"]["targetCPUUtilizationPercentage"], 33);
  const Json v2 = http("GET", kV2 + "/web")->json();
  EXPECT_EQ(v2["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"], 33);
  EXPECT_EQ(v2["spec"]["behavior"]["scaleDown"]["stabilizationWindowSeconds"], 5);
  EXPECT_FALSE(v2["metadata"].contains("annotations"));

  auto applied = http("PATCH", kV1 + "/web?fieldManager=test&force=true",
                      R"({"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler","metadata":{"name":"web"},
                          "spec":{"maxReplicas":4,"scaleTargetRef":{"kind":"Deployment","name":"web"}}})",
                      {{"content-type", "application/apply-patch+yaml"}});
  ASSERT_EQ(applied->status, 200) << applied->body;
  EXPECT_EQ(http("GET", kV2 + "/web")->json()["spec"]["maxReplicas"], 4);

  auto status = http("PATCH", kV1 + "/web/status", R"({"status":{"currentReplicas":3,"desiredReplicas":3}})",
                     {{"content-type", "application/merge-patch+json"}});
  ASSERT_EQ(status->status, 200) << status->body;
  EXPECT_EQ(http("GET", kV2 + "/web")->json()["status"]["currentReplicas"], 3);
}

TEST_F(SecondVersions, ManagersWhoSpeakDifferentVersionsFightOverOneField) {
  const http::Headers apply = {{"content-type", "application/apply-patch+yaml"}};
  auto made = http("PATCH", kV1 + "/web?fieldManager=old", autoscaler_v1("web").dump(), apply);
  ASSERT_EQ(made->status, 201) << made->body;
  Json v2 = {{"apiVersion", "autoscaling/v2"},
             {"kind", "HorizontalPodAutoscaler"},
             {"metadata", {{"name", "web"}}},
             {"spec", {{"metrics", Json::parse(R"([{"type":"Resource","resource":{"name":"cpu",
                 "target":{"type":"Utilization","averageUtilization":50}}}])")}}}};
  auto refused = http("PATCH", kV2 + "/web?fieldManager=new", v2.dump(), apply);
  EXPECT_EQ(refused->status, 409);
  EXPECT_EQ(refused->json()["details"]["causes"], Json::parse(R"([{"reason":"FieldManagerConflict",
      "message":"conflict with \"old\"","field":".spec.targetCPUUtilizationPercentage"}])"));
  auto forced = http("PATCH", kV2 + "/web?fieldManager=new&force=true", v2.dump(), apply);
  EXPECT_EQ(forced->status, 200);
  auto back = http("PATCH", kV1 + "/web?fieldManager=old", autoscaler_v1("web").dump(), apply);
  EXPECT_EQ(back->json()["message"], "Apply failed with 1 conflict: conflict with \"new\": .spec.metrics");
  // An update is recorded in the version that it speaks.
  auto patched = http("PATCH", kV1 + "/web?fieldManager=editor", R"({"spec":{"minReplicas":3}})",
                      {{"content-type", "application/merge-patch+json"}});
  ASSERT_EQ(patched->status, 200) << patched->body;
  bool recorded = false;
  const Json seen = patched->json();
  for (const Json& entry : seen["metadata"]["managedFields"]) {
    recorded |= entry["manager"] == "editor" && entry["apiVersion"] == "autoscaling/v1";
  }
  EXPECT_TRUE(recorded) << seen.dump(1);
}

TEST_F(SecondVersions, TheBodyMustBeOfTheVersionOfThePath) {
  auto wrong = http("POST", kV2, autoscaler_v1("web").dump());
  EXPECT_EQ(wrong->status, 400);
  Json bad = autoscaler_v1("web");
  bad["spec"]["maxReplicas"] = 0;
  auto invalid = http("POST", kV1, bad.dump());
  EXPECT_EQ(invalid->status, 422) << invalid->body;
}

TEST_F(SecondVersions, AWatchSpeaksTheVersionItWasOpenedIn) {
  auto old = watch(kV1 + "?watch=1");
  auto present = watch(kV2 + "?watch=1");
  ASSERT_EQ(http("POST", kV1, autoscaler_v1("web").dump())->status, 201);
  world->run_for(1s);
  for (const auto& [sink, version] : {std::pair(old, "autoscaling/v1"), std::pair(present, "autoscaling/v2")}) {
    ASSERT_EQ(sink->events(), std::vector<std::string>{"ADDED web"});
    EXPECT_EQ(Json::parse(sink->body)["object"]["apiVersion"], version);
  }
}

TEST_F(SecondVersions, EventsAreFoundInBothGroups) {
  const std::string core = "/api/v1/namespaces/default/events";
  const std::string events = "/apis/events.k8s.io/v1/namespaces/default/events";
  auto made = http("POST", core, R"({"kind":"Event","apiVersion":"v1","metadata":{"name":"web.1"},
      "involvedObject":{"kind":"Pod","namespace":"default","name":"web"},"reason":"Started","message":"It runs",
      "source":{"component":"kubelet"},"type":"Normal","count":2})");
  ASSERT_EQ(made->status, 201) << made->body;
  const Json event = http("GET", events + "/web.1")->json();
  EXPECT_EQ(event["apiVersion"], "events.k8s.io/v1");
  EXPECT_EQ(event["note"], "It runs");
  EXPECT_EQ(event["regarding"]["name"], "web");
  EXPECT_EQ(event["deprecatedCount"], 2);
  EXPECT_EQ(http("GET", events + "?fieldSelector=regarding.name=web")->json()["items"].size(), 1U);
  EXPECT_EQ(http("GET", events + "?fieldSelector=regarding.name=other")->json()["items"].size(), 0U);
  EXPECT_EQ(http("GET", events + "?fieldSelector=involvedObject.name=web")->status, 400);
  EXPECT_EQ(http("GET", "/apis/events.k8s.io/v1/events")->json()["items"].size(), 1U);
  EXPECT_EQ(http("GET", events + "/none")->json()["message"], "events.events.k8s.io \"none\" not found");

  auto other = http("POST", events, R"({"kind":"Event","apiVersion":"events.k8s.io/v1","metadata":{"name":"web.2"},
      "regarding":{"kind":"Pod","namespace":"default","name":"web"},"reason":"Seen","note":"It was seen",
      "eventTime":"2026-11-23T10:00:00.000001Z","reportingController":"test","reportingInstance":"test-1",
      "action":"Look","type":"Normal"})");
  ASSERT_EQ(other->status, 201) << other->body;
  EXPECT_EQ(http("GET", core + "/web.2")->json()["message"], "It was seen");
}

}  // namespace
}  // namespace kabuki::api_server
