// What deletions and patches of clients answer, and how they are refused.
#include <gtest/gtest.h>

#include "tests/actors/api_server/api_sim.hpp"

namespace kabuki::api_server {
namespace {

class Deletes : public ApiSim {
 protected:
  std::string refusal(const std::string& query, const std::string& body = "") {
    const auto answer = http("DELETE", "/api/v1/namespaces/default/configmaps/nope?" + query, body);
    return std::to_string(answer->status) + " " + answer->json().value("message", "");
  }
};

TEST_F(Deletes, AnswerTheObjectOfSomeKindsAndAStatusOfOthers) {
  const auto deleted = [&](const std::string& path, const std::string& body) {
    EXPECT_EQ(http("POST", path, body)->status, 201) << path;
    const auto answer = http("DELETE", path + "/x");
    EXPECT_EQ(answer->status, 200);
    const auto json = answer->json();
    return json.value("kind", "") + (json.contains("details") ? " of " + json["details"].value("kind", "") : "");
  };
  const std::string in = "/api/v1/namespaces/default/", plain = R"({"metadata":{"name":"x"}})";
  EXPECT_EQ(deleted(in + "configmaps", plain), "Status of configmaps");
  EXPECT_EQ(deleted(in + "secrets", plain), "Status of secrets");
  EXPECT_EQ(deleted(in + "serviceaccounts", plain), "ServiceAccount");
  EXPECT_EQ(deleted(in + "resourcequotas", plain), "ResourceQuota");
  EXPECT_EQ(deleted(in + "services", R"({"metadata":{"name":"x"},"spec":{"ports":[{"port":80}]}})"), "Service");
  EXPECT_EQ(deleted("/apis/storage.k8s.io/v1/storageclasses", R"({"metadata":{"name":"x"},"provisioner":"a.b/c"})"),
            "StorageClass");
  EXPECT_EQ(deleted("/apis/scheduling.k8s.io/v1/priorityclasses", R"({"metadata":{"name":"x"},"value":1})"),
            "Status of priorityclasses");
}

TEST_F(Deletes, OptionsAreRefusedBeforeTheObjectIsLookedFor) {
  EXPECT_EQ(
      refusal("propagationPolicy=Never"),
      "422 DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"Never\": supported "
      "values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"");
  EXPECT_EQ(refusal("", R"({"propagationPolicy":""})").substr(0, 3), "422");
  EXPECT_EQ(refusal("gracePeriodSeconds=soon"), "400 strconv.ParseInt: parsing \"soon\": invalid syntax");
  EXPECT_EQ(refusal("gracePeriodSeconds=99999999999999999999"),
            "400 strconv.ParseInt: parsing \"99999999999999999999\": value out of range");
  EXPECT_EQ(refusal("propagationPolicy=Orphan").substr(0, 3), "404");
}

class Patches : public ApiSim {
 protected:
  std::string patched(const std::string& type, const std::string& body, const std::string& query = "") {
    const auto answer = http("PATCH", "/api/v1/namespaces/default/configmaps/m" + query, body,
                             {{"content-type", "application/" + type + "+json"}});
    return std::to_string(answer->status) + " " + answer->json().value("message", "");
  }
};

TEST_F(Patches, AreRefusedAsAKubeApiserverRefusesThem) {
  ASSERT_EQ(http("POST", "/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"m"}})")->status, 201);
  EXPECT_EQ(patched("strategic-merge-patch", R"({"data":{"a":1}})"),
            "422  \"\" is invalid: patch: Invalid value: \"map[data:map[a:1]]\": cannot convert int64 to string");
  const std::string merged = patched("merge-patch", R"({"data":{"a":true}})");
  EXPECT_TRUE(merged.starts_with("422  \"\" is invalid: patch: Invalid value: \"{\\\"apiVersion\\\":\\\"v1\\\""))
      << merged;
  EXPECT_TRUE(merged.ends_with("json: cannot unmarshal bool into Go struct field ConfigMap.data of type string"))
      << merged;
  EXPECT_EQ(patched("json-patch", R"([{"op":"test","path":"/data/a","value":"b"}])"),
            "422 the server rejected our request due to an error in our request");
  EXPECT_EQ(patched("json-patch", R"([{"op":"remove","path":"/data"}])"),
            "422 the server rejected our request due to an error in our request");
  EXPECT_EQ(patched("merge-patch", "{"), "400 error decoding patch: unexpected end of JSON input");
  const std::string unknown = R"({"foo":{"a":"b"}})";
  EXPECT_EQ(patched("strategic-merge-patch", unknown, "?fieldValidation=Strict"),
            "422  \"\" is invalid: patch: Invalid value: \"map[foo:map[a:b]]\": strict decoding error: unknown field "
            "\"foo\"");
  EXPECT_EQ(patched("strategic-merge-patch", unknown, "?fieldValidation=Warn"), "200 ");
  EXPECT_EQ(patched("strategic-merge-patch", unknown, "?fieldValidation=Ignore"), "200 ");
}

TEST_F(Patches, BodiesOfOtherTypesAreRefusedInGosWords) {
  const auto refused = http("POST", "/api/v1/namespaces/default/configmaps",
                            R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"n"},"data":{"a":1}})");
  EXPECT_EQ(refused->status, 400);
  EXPECT_EQ(
      refused->json()["message"],
      "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct "
      "field ConfigMap.data of type string");
}

TEST_F(Patches, ACronJobsZoneIsKnown) {
  const auto cron = [&](const std::string& zone) {
    return http(
        "POST", "/apis/batch/v1/namespaces/default/cronjobs",
        R"({"metadata":{"name":"c"},"spec":{"schedule":"* * * * *","timeZone":")" + zone +
            R"(","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c",)"
            R"("image":"i"}]}}}}}})");
  };
  const auto refused = cron("x");
  EXPECT_EQ(refused->status, 422);
  EXPECT_EQ(refused->json()["message"],
            "CronJob.batch \"c\" is invalid: spec.timeZone: Invalid value: \"x\": unknown time zone x");
  EXPECT_EQ(cron("Europe/Berlin")->status, 201);
}

}  // namespace
}  // namespace kabuki::api_server
