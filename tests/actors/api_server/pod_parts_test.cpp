#include "tests/actors/api_server/api_sim.hpp"

namespace kabuki::api_server {
namespace {

using Json = nlohmann::json;

constexpr const char* kPods = "/api/v1/namespaces/default/pods";
const http::Headers kStrategic = {{"content-type", "application/strategic-merge-patch+json"}};

/// A pod with one container, and how its parts are asked for.
struct PodParts : ApiSim {
  void SetUp() override {
    ApiSim::SetUp();
    http("POST", "/api/v1/namespaces/default/serviceaccounts",
         R"({"kind":"ServiceAccount","apiVersion":"v1","metadata":{"name":"default"}})");
    auto made = http("POST", kPods,
                     R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"},"spec":{"containers":[{"name":"c",)"
                     R"("image":"i","resources":{"requests":{"cpu":"1"},"limits":{"cpu":"2"}}}]}})");
    ASSERT_EQ(made->status, 201) << made->body;
  }
  std::shared_ptr<FakeSink> part(const std::string& name, const Json& patch) {
    return http("PATCH", std::string(kPods) + "/p/" + name, patch.dump(), kStrategic);
  }
  std::shared_ptr<FakeSink> debug(const Json& container) {
    return part("ephemeralcontainers", {{"spec", {{"ephemeralContainers", Json::array({container})}}}});
  }
  std::shared_ptr<FakeSink> resize(const Json& resources) {
    return part("resize", {{"spec", {{"containers", Json::array({{{"name", "c"}, {"resources", resources}}})}}}});
  }
  static std::vector<std::string> causes(const FakeSink& refused) {
    std::vector<std::string> out;
    const Json status = refused.json();
    if (!status.contains("details")) return {refused.body};
    for (const Json& cause : status["details"]["causes"]) {
      out.push_back(cause["field"].get<std::string>() + ": " + cause["message"].get<std::string>());
    }
    return out;
  }
  using Causes = std::vector<std::string>;
};

TEST_F(PodParts, EphemeralContainersAreAddedWithTheirDefaults) {
  auto added = debug(
      {{"name", "debugger"}, {"image", "busybox"}, {"stdin", true}, {"tty", true}, {"targetContainerName", "c"}});
  ASSERT_EQ(added->status, 200) << added->body;
  const Json pod = added->json();
  EXPECT_EQ(pod["spec"]["ephemeralContainers"],
            Json::parse(R"([{"name":"debugger","image":"busybox","resources":{},"terminationMessagePath":)"
                        R"("/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"Always",)"
                        R"("stdin":true,"tty":true,"targetContainerName":"c"}])"));
  EXPECT_EQ(pod["metadata"]["generation"], 2);
  // A second one comes beside the first, and reading the part reads the pod.
  auto second = debug({{"name", "other"}, {"image", "busybox:1"}});
  ASSERT_EQ(second->status, 200) << second->body;
  EXPECT_EQ(second->json()["spec"]["ephemeralContainers"].size(), 2u);
  EXPECT_EQ(http("GET", std::string(kPods) + "/p/ephemeralcontainers")->json(), second->json());
  EXPECT_EQ(http("GET", std::string(kPods) + "/p")->json(), second->json());
}

TEST_F(PodParts, EphemeralContainersChangeNothingElse) {
  Json pod = http("GET", std::string(kPods) + "/p")->json();
  pod["metadata"]["labels"]["a"] = "b";
  pod["spec"]["containers"][0]["image"] = "other";
  pod["spec"]["ephemeralContainers"] = Json::parse(R"([{"name":"debugger","image":"busybox:1"}])");
  auto put = http("PUT", std::string(kPods) + "/p/ephemeralcontainers", pod.dump());
  ASSERT_EQ(put->status, 200) << put->body;
  EXPECT_FALSE(put->json()["metadata"].contains("labels"));
  EXPECT_EQ(put->json()["spec"]["containers"][0]["image"], "i");
  EXPECT_EQ(put->json()["spec"]["ephemeralContainers"][0]["name"], "debugger");
}

TEST_F(PodParts, EphemeralContainersAreRefusedWhatMakesAService) {
  auto refused = debug({{"name", "d"},
                        {"image", "busybox:1"},
                        {"targetContainerName", "nobody"},
                        {"ports", Json::array({{{"containerPort", 80}}})},
                        {"resources", {{"limits", {{"cpu", "1"}}}}},
                        {"livenessProbe", {{"tcpSocket", {{"port", 80}}}}},
                        {"lifecycle", {{"preStop", {{"sleep", {{"seconds", 1}}}}}}}});
  EXPECT_EQ(refused->status, 422) << refused->body;
  const std::string at = "spec.ephemeralContainers[0].",
                    not_here = ": Forbidden: cannot be set for an Ephemeral Container";
  EXPECT_EQ(causes(*refused),
            (Causes{at + "targetContainerName: Not found: \"nobody\"", at + "ports" + not_here,
                    at + "resources" + not_here, at + "livenessProbe" + not_here, at + "lifecycle" + not_here}));
  EXPECT_EQ(causes(*debug({{"name", "c"}, {"image", "busybox:1"}})), Causes{at + "name: Duplicate value: \"c\""});
}

TEST_F(PodParts, EphemeralContainersStayAsTheyAre) {
  ASSERT_EQ(debug({{"name", "debugger"}, {"image", "busybox:1"}})->status, 200);
  EXPECT_EQ(causes(*debug({{"name", "debugger"}, {"image", "busybox:2"}})),
            Causes{"spec.ephemeralContainers: Forbidden: existing ephemeral containers \"debugger\" may not be "
                   "changed\n"});
  EXPECT_EQ(causes(*part("ephemeralcontainers", Json::parse(R"({"spec":{"ephemeralContainers":null}})"))),
            Causes{"spec.ephemeralContainers: Forbidden: existing ephemeral containers \"debugger\" may not be "
                   "removed\n"});
  auto main = http("PATCH", std::string(kPods) + "/p", R"({"spec":{"ephemeralContainers":null}})",
                   {{"content-type", "application/merge-patch+json"}});
  EXPECT_EQ(main->status, 422) << "only by their own part";
}

TEST_F(PodParts, AResizeStaysWithinLimitsAndQuotas) {
  const std::string shop = "/api/v1/namespaces/default/";
  const auto answer = [&](const Json& resources) {
    auto resized = resize(resources);
    return std::to_string(resized->status) + " " +
           (resized->status == 200 ? "" : resized->json().value("message", ""));
  };
  ASSERT_EQ(http("POST", shop + "limitranges",
                 R"({"metadata":{"name":"l"},"spec":{"limits":[{"type":"Container","max":{"cpu":"4"}}]}})")
                ->status,
            201);
  EXPECT_EQ(answer({{"limits", {{"cpu", "5"}}}}),
            "403 pods \"p\" is forbidden: maximum cpu usage per Container is 4, but limit is 5");
  EXPECT_EQ(answer({{"limits", {{"cpu", "4"}}}}), "200 ");

  ASSERT_EQ(http("POST", shop + "resourcequotas", R"({"metadata":{"name":"q"},"spec":{"hard":{"requests.cpu":"2"}}})")
                ->status,
            201);
  ASSERT_EQ(http("PATCH", shop + "resourcequotas/q/status",
                 R"({"status":{"hard":{"requests.cpu":"2"},"used":{"requests.cpu":"1"}}})",
                 {{"content-type", "application/merge-patch+json"}})
                ->status,
            200);
  EXPECT_EQ(answer({{"requests", {{"cpu", "2500m"}}}}),
            "403 pods \"p\" is forbidden: exceeded quota: q, requested: requests.cpu=1500m, used: requests.cpu=1, "
            "limited: requests.cpu=2");
  EXPECT_EQ(answer({{"requests", {{"cpu", "1500m"}}}}), "200 ");
  EXPECT_EQ(http("GET", shop + "resourcequotas/q")->json()["status"]["used"]["requests.cpu"], "1500m");
}

TEST_F(PodParts, ResizeChangesWhatContainersMayUse) {
  auto resized = resize({{"requests", {{"cpu", "1500m"}}}, {"limits", {{"cpu", "3"}}}});
  ASSERT_EQ(resized->status, 200) << resized->body;
  EXPECT_EQ(resized->json()["spec"]["containers"][0]["resources"],
            Json::parse(R"({"limits":{"cpu":"3"},"requests":{"cpu":"1500m"}})"));
  EXPECT_EQ(resized->json()["metadata"]["generation"], 2);
  EXPECT_EQ(http("PATCH", std::string(kPods) + "/p",
                 R"({"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"4"}}}]}})", kStrategic)
                ->status,
            422)
      << "only by its own part";
}

TEST_F(PodParts, ResizeKeepsTheQualityOfService) {
  EXPECT_EQ(causes(*resize(
                {{"requests", {{"cpu", "2"}, {"memory", "1Gi"}}}, {"limits", {{"cpu", "2"}, {"memory", "1Gi"}}}})),
            Causes{"spec: Invalid value: \"Guaranteed\": Pod QOS Class may not change as a result of resizing"});
  EXPECT_EQ(causes(*resize({{"requests", {{"cpu", nullptr}, {"memory", "1Gi"}}}, {"limits", {{"cpu", nullptr}}}})),
            (Causes{"spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed",
                    "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed"}));
  EXPECT_EQ(causes(*resize({{"limits", {{"ephemeral-storage", "1Gi"}}}})),
            Causes{"spec: Forbidden: only cpu and memory resources are mutable"});
}

TEST_F(PodParts, MetadataMayBeChangedByStatusToo) {
  auto patched = http("PATCH", std::string(kPods) + "/p/status?fieldManager=me",
                      R"({"metadata":{"annotations":{"a":"b"},"labels":{"l":"m"}},"status":{"message":"hello"}})",
                      {{"content-type", "application/merge-patch+json"}});
  ASSERT_EQ(patched->status, 200) << patched->body;
  const Json pod = patched->json();
  EXPECT_EQ(pod["metadata"]["annotations"], Json::parse(R"({"a":"b"})"));
  EXPECT_EQ(pod["metadata"]["labels"], Json::parse(R"({"l":"m"})"));
  EXPECT_EQ(pod["status"]["message"], "hello");
  EXPECT_EQ(pod["metadata"]["generation"], 1);
}

}  // namespace
}  // namespace kabuki::api_server
