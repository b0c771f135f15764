#include "tests/actors/api_server/api_sim.hpp"

namespace kabuki::api_server {
namespace {

using Json = nlohmann::json;

constexpr const char* kPods = "/api/v1/namespaces/default/pods";
constexpr const char* kBudgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";

/// Pods that run on a node and a budget that has been counted.
struct EvictionApi : ApiSim {
  void run_pods(int count) {
    for (int i = 0; i < count; ++i) {
      const std::string name = "web-" + std::to_string(i);
      ASSERT_EQ(
          http("POST", kPods,
               R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":")" + name +
                   R"(","labels":{"app":"web"}},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"i"}]}})")
              ->status,
          201);
      set_phase(name, "Running", "True");
    }
  }
  void set_phase(const std::string& name, const char* phase, const char* ready) {
    Json pod = http("GET", std::string(kPods) + "/" + name)->json();
    pod["status"]["phase"] = phase;
    pod["status"]["conditions"] = Json::array({{{"type", "Ready"}, {"status", ready}}});
    ASSERT_EQ(http("PUT", std::string(kPods) + "/" + name + "/status", pod.dump())->status, 200);
  }
  void allow(int disruptions) {
    auto made = http("POST", kBudgets,
                     R"({"kind":"PodDisruptionBudget","apiVersion":"policy/v1","metadata":{"name":"web"},"spec":)"
                     R"({"minAvailable":1,"selector":{"matchLabels":{"app":"web"}}}})");
    ASSERT_EQ(made->status, 201) << made->body;
    Json counted = made->json();
    counted["status"] = {{"observedGeneration", 1},
                         {"disruptionsAllowed", disruptions},
                         {"desiredHealthy", 1},
                         {"currentHealthy", 0},
                         {"expectedPods", 4},
                         {"conditions",
                          {{{"type", "DisruptionAllowed"},
                            {"status", "True"},
                            {"reason", "SufficientPods"},
                            {"message", ""},
                            {"lastTransitionTime", "2026-01-01T00:00:00Z"}}}}};
    ASSERT_EQ(http("PUT", std::string(kBudgets) + "/web/status", counted.dump())->status, 200);
  }
  std::shared_ptr<FakeSink> start_eviction(const std::string& name, const std::string& version = "v1") {
    return send(
        "POST", std::string(kPods) + "/" + name + "/eviction",
        R"({"kind":"Eviction","apiVersion":"policy/)" + version + R"(","metadata":{"name":")" + name + "\"}}");
  }
  Json budget() { return http("GET", std::string(kBudgets) + "/web")->json()["status"]; }
  Json pod(const std::string& name) { return http("GET", std::string(kPods) + "/" + name)->json(); }
};

TEST_F(EvictionApi, SaysOnThePodAndInTheBudgetWhatIsGoingOn) {
  run_pods(1);
  allow(1);
  auto evicted = start_eviction("web-0");
  ASSERT_TRUE(world->run_until([&] { return evicted->ended; }, 1min));
  EXPECT_EQ(evicted->status, 201) << evicted->body;
  const Json going = pod("web-0");
  EXPECT_TRUE(going["metadata"].contains("deletionTimestamp"));
  ASSERT_EQ(going["status"]["conditions"].size(), 2u) << going["status"];
  Json target;
  for (const Json& condition : going["status"]["conditions"]) {
    if (condition["type"] == "DisruptionTarget") target = condition;
  }
  ASSERT_TRUE(target.is_object()) << going["status"];
  EXPECT_EQ(target["status"], "True");
  EXPECT_EQ(target["reason"], "EvictionByEvictionAPI");
  EXPECT_EQ(target["message"], "Eviction API: evicting");
  EXPECT_EQ(budget()["disruptionsAllowed"], 0);
  EXPECT_TRUE(budget()["disruptedPods"].contains("web-0"));
  EXPECT_EQ(budget()["conditions"][0]["reason"], "InsufficientPods");
}

TEST_F(EvictionApi, OfManyAtOnceOnlyAsManyAsTheBudgetAllows) {
  run_pods(4);
  allow(2);
  std::vector<std::shared_ptr<FakeSink>> asked;
  for (int i = 0; i < 4; ++i) asked.push_back(start_eviction("web-" + std::to_string(i)));
  ASSERT_TRUE(world->run_until(
      [&] { return std::all_of(asked.begin(), asked.end(), [](const auto& one) { return one->ended; }); }, 1min));
  std::multiset<int> answers;
  for (const auto& one : asked) answers.insert(one->status);
  EXPECT_EQ(answers, (std::multiset<int>{201, 201, 429, 429}));
  int going = 0;
  for (int i = 0; i < 4; ++i) going += pod("web-" + std::to_string(i))["metadata"].contains("deletionTimestamp");
  EXPECT_EQ(going, 2);
  EXPECT_EQ(budget()["disruptionsAllowed"], 0);
  EXPECT_EQ(budget()["disruptedPods"].size(), 2u);
}

TEST_F(EvictionApi, APodThatDoesNotServeGoesWithoutSpending) {
  run_pods(1);
  set_phase("web-0", "Pending", "False");
  allow(1);
  auto evicted = start_eviction("web-0");
  ASSERT_TRUE(world->run_until([&] { return evicted->ended; }, 1min));
  EXPECT_EQ(evicted->status, 201) << evicted->body;
  EXPECT_TRUE(pod("web-0")["metadata"].contains("deletionTimestamp"));
  EXPECT_EQ(budget()["disruptionsAllowed"], 1);
}

TEST_F(EvictionApi, IsHeardInTheVersionOfOldClientsToo) {
  run_pods(1);
  auto evicted = start_eviction("web-0", "v1beta1");
  ASSERT_TRUE(world->run_until([&] { return evicted->ended; }, 1min));
  EXPECT_EQ(evicted->status, 201) << evicted->body;
  auto refused = start_eviction("web-0", "v2");
  ASSERT_TRUE(world->run_until([&] { return refused->ended; }, 1min));
  EXPECT_EQ(refused->status, 400);
}

}  // namespace
}  // namespace kabuki::api_server
