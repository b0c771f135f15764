#include "actors/api_server/discovery.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "actors/api_server/static_documents.hpp"

namespace kabuki::api_server {
namespace {

using Json = nlohmann::json;

Json observed(const std::string& file) {
  return Json::parse(std::ifstream(std::string(KABUKI_TEST_DATA) + "/" + file));
}

http::Request asking(std::string accept, std::string known = {}) {
  http::Request out;
  out.headers = {{"accept", std::move(accept)}};
  if (!known.empty()) out.headers.emplace_back("if-none-match", std::move(known));
  return out;
}

TEST(Discovery, EveryKindIsDescribedAsAKubeApiserverDescribesIt) {
  std::map<std::pair<std::string, std::string>, Json> served;
  for (bool core : {true, false}) {
    const Json document = Json::parse(aggregated_discovery(all_kinds(), core));
    for (const Json& group : document["items"]) {
      for (const Json& version : group["versions"]) {
        EXPECT_EQ(version["freshness"], "Current");
        for (const Json& resource : version["resources"]) {
          served[{group["metadata"].value("name", ""), resource["resource"]}] = resource;
        }
      }
    }
  }
  EXPECT_EQ(served.size(), all_kinds().size());
  for (const Json& expected : observed("observed_discovery.json")) {
    auto found = served.find({expected["group"], expected["resource"]["resource"]});
    if (found == served.end()) continue;  // a kind the table does not have
    EXPECT_EQ(found->second, expected["resource"]) << found->second.dump(1);
  }
}

TEST(Discovery, TheObservationsCoverTheWholeTable) {
  std::set<std::string> known;
  for (const Json& expected : observed("observed_discovery.json")) {
    known.insert(expected["resource"]["resource"].get<std::string>());
  }
  for (const Kind& kind : all_kinds()) EXPECT_TRUE(known.contains(kind.plural)) << kind.plural;
}

TEST(Discovery, PlainDocumentsNameGroupsVersionsAndResources) {
  auto documents = discovery_documents(all_kinds(), "10.0.0.1:6443");
  std::vector<std::string> paths;
  for (const auto& [path, body] : documents) paths.push_back(path);
  EXPECT_EQ(paths, (std::vector<std::string>{"/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1",
                                             "/apis/coordination.k8s.io", "/apis/coordination.k8s.io/v1"}));
  EXPECT_EQ(documents["/api"],
            R"({"kind":"APIVersions","versions":["v1"],"serverAddressByClientCIDRs":[{"clientCIDR":"0.0.0.0/0",)"
            R"("serverAddress":"10.0.0.1:6443"}]})");
  EXPECT_EQ(
      documents["/apis"],
      R"({"kind":"APIGroupList","apiVersion":"v1","groups":[{"name":"apps","versions":[{"groupVersion":"apps/v1",)"
      R"("version":"v1"}],"preferredVersion":{"groupVersion":"apps/v1","version":"v1"}},)"
      R"({"name":"coordination.k8s.io","versions":[{"groupVersion":"coordination.k8s.io/v1","version":"v1"}],)"
      R"("preferredVersion":{"groupVersion":"coordination.k8s.io/v1","version":"v1"}}]})");
  Json apps = Json::parse(documents["/apis/apps/v1"]);
  EXPECT_EQ(apps["kind"], "APIResourceList");
  EXPECT_EQ(apps["groupVersion"], "apps/v1");
  EXPECT_EQ(apps["resources"][1],
            Json::parse(R"({"name":"deployments/scale","singularName":"","namespaced":true,"group":"autoscaling",)"
                        R"("version":"v1","kind":"Scale","verbs":["get","patch","update"]})"));
}

TEST(Discovery, VersionHasExactlyTheObservedKeys) {
  Json expected = observed("observed_version.json");
  Json actual = Json::parse(version_document("0.1.0", "abc"));
  std::vector<std::string> expected_keys, actual_keys;
  for (const auto& [key, value] : expected.items()) expected_keys.push_back(key);
  for (const auto& [key, value] : actual.items()) actual_keys.push_back(key);
  EXPECT_EQ(actual_keys, expected_keys);
  EXPECT_EQ(actual["gitVersion"], "v1.36.0+kabuki-0.1.0");
  EXPECT_EQ(actual["minor"], expected["minor"]);
}

TEST(Documents, TheFormFollowsFromAccept) {
  auto documents = make_documents();
  const char* aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  struct Row {
    const char* accept;
    const char* content_type;
  };
  const Row table[] = {
      {"", "application/json"},
      {"*/*", "application/json"},
      {"application/json, */*", "application/json"},
      {"application/json;q=0.9", "application/json"},
      {aggregated, aggregated},
      {"application/json; as=APIGroupDiscoveryList; v=v2; g=apidiscovery.k8s.io,application/json",
       "application/json"},
      {"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList;profile=nopeer,application/json",
       aggregated},
      {"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/"
       "json;g=apidiscovery.k8s.io;v="
       "v2beta1;as=APIGroupDiscoveryList,application/json",
       aggregated},
      {"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json",
       "application/json"},
  };
  for (const Row& row : table) {
    auto found = documents->find(asking(row.accept), "/apis");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->headers[0].second, row.content_type) << row.accept;
  }
  EXPECT_FALSE(documents->find(asking(""), "/apis/none"));
  EXPECT_FALSE(documents->find(asking(""), "/openapi/v3/apis/none"));
}

TEST(Documents, AKnownETagIsNotSentAgain) {
  auto documents = make_documents();
  for (const char* path : {"/api", "/apis", "/version", "/openapi/v2", "/openapi/v3", "/openapi/v3/apis/apps/v1"}) {
    auto first = documents->find(asking("application/json"), path);
    ASSERT_TRUE(first) << path;
    EXPECT_EQ(first->status, 200);
    EXPECT_NE(first->body, "");
    ASSERT_EQ(first->headers[1].first, "etag");
    auto second = documents->find(asking("application/json", first->headers[1].second), path);
    EXPECT_EQ(second->status, 304) << path;
    EXPECT_EQ(second->body, "");
    EXPECT_EQ(documents->find(asking("application/json", "\"other\""), path)->status, 200);
  }
}

TEST(Documents, AreTheSameEveryTime) {
  auto one = make_documents(), other = make_documents();
  for (const char* path : {"/api/v1", "/apis", "/openapi/v2", "/openapi/v3/api/v1"}) {
    EXPECT_EQ(one->find(asking(""), path)->body, other->find(asking(""), path)->body);
  }
}

}  // namespace
}  // namespace kabuki::api_server
