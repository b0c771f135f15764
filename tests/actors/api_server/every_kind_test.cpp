#include <fstream>
#include <gtest/gtest.h>

#include "tests/actors/api_server/api_sim.hpp"

namespace kabuki::api_server {
namespace {

using Json = nlohmann::json;

const Kind* kind_named(const std::string& name) {
  for (const Kind& kind : all_kinds()) {
    if (kind.kind == name) return &kind;
  }
  return nullptr;
}

using EveryKind = ApiSim;

TEST_F(EveryKind, IsMadeReadListedChangedAndDeleted) {
  // The same objects that the rules of validation are tried on.
  std::ifstream file(KABUKI_TEST_DATA "/../../messages/data/rule_objects.tsv");
  std::string line;
  std::getline(file, line);
  size_t tried = 0;
  while (std::getline(file, line)) {
    const size_t tab = line.find('\t');
    const Kind* kind = kind_named(line.substr(0, tab));
    ASSERT_TRUE(kind) << line;
    SCOPED_TRACE(kind->plural);
    ++tried;
    Json object = Json::parse(line.substr(tab + 1));
    object["apiVersion"] = kind->api_version();
    object["kind"] = kind->kind;
    object["metadata"].erase("uid");
    const std::string name = object["metadata"]["name"];
    const std::string all = (kind->group.empty() ? "/api/" : "/apis/") + kind->api_version() +
                            (kind->namespaced ? "/namespaces/default/" : "/") + kind->plural;
    const std::string one = all + "/" + name;

    auto made = http("POST", all, object.dump());
    ASSERT_EQ(made->status, 201) << made->body;
    EXPECT_EQ(made->json()["kind"], kind->kind);
    EXPECT_EQ(made->json()["metadata"].contains("generation"), kind->has_generation);
    EXPECT_EQ(http("POST", all, object.dump())->status, 409);

    auto read = http("GET", one);
    ASSERT_EQ(read->status, 200);
    EXPECT_EQ(read->json(), made->json());
    auto list = http("GET", all)->json();
    EXPECT_EQ(list["kind"], kind->kind + "List");
    ASSERT_EQ(list["items"].size(), 1u);
    auto table = http("GET", all, "", {{"accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}})->json();
    EXPECT_EQ(table["rows"][0]["cells"].size(), table["columnDefinitions"].size());
    EXPECT_TRUE(http("GET", all, "", {{"accept", "application/vnd.kubernetes.protobuf"}})->body.starts_with("k8s"));

    // What was read may be written back, and changes nothing.
    auto same = http("PUT", one, read->body);
    ASSERT_EQ(same->status, 200) << same->body;
    EXPECT_EQ(same->json(), made->json());
    auto labelled = http("PATCH", one, R"({"metadata":{"labels":{"k":"v"}}})",
                         {{"content-type", "application/merge-patch+json"}});
    ASSERT_EQ(labelled->status, 200) << labelled->body;
    EXPECT_EQ(labelled->json()["metadata"]["labels"]["k"], "v");
    EXPECT_EQ(labelled->json()["metadata"].value("generation", 0), made->json()["metadata"].value("generation", 0));
    EXPECT_EQ(http("PUT", one + "/status", labelled->body)->status, kind->has_status ? 200 : 404);
    EXPECT_EQ(http("GET", one + "/scale")->status, kind->has_scale ? 200 : 404);

    EXPECT_EQ(http("DELETE", one)->status, 200);
    if (made->json()["metadata"].contains("finalizers")) {
      EXPECT_TRUE(http("GET", one)->json()["metadata"].contains("deletionTimestamp"));
      http("PATCH", one, R"({"metadata":{"finalizers":null}})", {{"content-type", "application/merge-patch+json"}});
    }
    EXPECT_EQ(http("GET", one)->status, 404);
  }
  EXPECT_GT(tried, 40u);
}

TEST_F(EveryKind, SigningRequestsAreApprovedBesideTheirStatus) {
  const std::string all = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
  auto made = http(
      "POST", all,
      R"({"kind":"CertificateSigningRequest","apiVersion":"certificates.k8s.io/v1","metadata":{"name":"a"},)"
      R"("spec":{"request":"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUFBPQotLS0tLUVORCBDRVJUSUZJQ0FURSBS)"
      R"(RVFVRVNULS0tLS0K","signerName":"example.com/s","usages":["client auth"],"username":"kubelet","uid":"7",)"
      R"("groups":["system:nodes"],"extra":{"a":["b"]}},"status":{"certificate":"YQ=="}})");
  ASSERT_EQ(made->status, 201) << made->body;
  Json request = made->json();
  EXPECT_EQ(request["spec"]["username"], "admin") << "who asks is who sends it";
  EXPECT_EQ(request["spec"]["groups"], Json::array({"system:masters"}));
  EXPECT_FALSE(request["spec"].contains("uid") || request["spec"].contains("extra"));
  EXPECT_FALSE(request["status"].contains("certificate"));
  Json other = request;
  other["spec"]["username"] = "x";
  other["spec"]["request"] = "YQ==";
  auto kept = http("PUT", all + "/a", other.dump());
  ASSERT_EQ(kept->status, 200) << kept->body;
  EXPECT_EQ(kept->json()["spec"], request["spec"]) << "what is asked for stays as it was";
  request["status"] = {{"conditions", Json::array({{{"type", "Approved"}, {"status", "True"}}})},
                       {"certificate", "YQ=="}};
  EXPECT_EQ(http("PUT", all + "/a/status", request.dump())->status, 422) << "to approve is not /status's";
  auto approved = http("PUT", all + "/a/approval", request.dump());
  ASSERT_EQ(approved->status, 200) << approved->body;
  const Json condition = approved->json()["status"]["conditions"][0];
  EXPECT_EQ(condition["type"], "Approved");
  EXPECT_TRUE(condition.contains("lastUpdateTime") && condition.contains("lastTransitionTime")) << condition;
  EXPECT_FALSE(approved->json()["status"].contains("certificate")) << "approving is not signing";
}

TEST_F(EveryKind, PodsAreEvictedWithinTheirBudget) {
  const std::string pods = "/api/v1/namespaces/default/pods";
  const std::string budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
  for (const char* name : {"a", "b"}) {
    ASSERT_EQ(http("POST", pods,
                   R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":")" + std::string(name) +
                       R"(","labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"i"}]}})")
                  ->status,
              201);
    Json pod = http("GET", pods + "/" + name)->json();
    pod["status"]["phase"] = "Running";
    pod["status"]["conditions"] = Json::array({{{"type", "Ready"}, {"status", "True"}}});
    ASSERT_EQ(http("PUT", pods + "/" + name + "/status", pod.dump())->status, 200);
  }
  auto budget = http("POST", budgets,
                     R"({"kind":"PodDisruptionBudget","apiVersion":"policy/v1","metadata":{"name":"web"},"spec":)"
                     R"({"minAvailable":1,"selector":{"matchLabels":{"app":"web"}}}})");
  ASSERT_EQ(budget->status, 201) << budget->body;
  const auto evict = [&](const std::string& name) {
    return http("POST", pods + "/" + name + "/eviction",
                R"({"kind":"Eviction","apiVersion":"policy/v1","metadata":{"name":")" + name + "\"}}");
  };
  auto refused = evict("a");
  EXPECT_EQ(refused->status, 429) << "the budget has not been counted yet";
  EXPECT_EQ(refused->json()["details"]["causes"][0]["reason"], "DisruptionBudget");

  Json counted = budget->json();
  counted["status"] = {{"observedGeneration", 1},
                       {"disruptionsAllowed", 1},
                       {"desiredHealthy", 1},
                       {"currentHealthy", 2},
                       {"expectedPods", 2}};
  ASSERT_EQ(http("PUT", budgets + "/web/status", counted.dump())->status, 200);
  EXPECT_EQ(evict("a")->status, 201);
  EXPECT_EQ(http("GET", pods + "/a")->status, 404) << "an unscheduled pod is gone at once";
  EXPECT_EQ(http("GET", budgets + "/web")->json()["status"]["disruptionsAllowed"], 0);
  EXPECT_EQ(evict("b")->status, 429);
  EXPECT_EQ(http("GET", pods + "/b")->status, 200);
  EXPECT_EQ(evict("nobody")->status, 404);
}

}  // namespace
}  // namespace kabuki::api_server
