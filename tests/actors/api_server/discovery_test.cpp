#include "actors/api_server/discovery.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "actors/api_server/static_documents.hpp"
#include "messages/versions.hpp"

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

constexpr const char* kStream = "a stream to a container or through a proxy";

struct Difference {
  const char* name;
  const char* reason;
};
// Of what a kube-apiserver lists all that is not served here.
const Difference kNotServed[] = {
    {"/v1/nodes/proxy", kStream},    {"/v1/pods/portforward", kStream},
    {"/v1/pods/proxy", kStream},     {"/v1/serviceaccounts/token", "no tokens are issued"},
    {"/v1/services/proxy", kStream}, {"authentication.k8s.io/v1/tokenreviews", "no tokens are issued"},
};

TEST(Discovery, EveryKindIsDescribedAsAKubeApiserverDescribesIt) {
  std::map<std::pair<std::string, std::string>, Json> served;
  for (bool core : {true, false}) {
    const Json document = Json::parse(aggregated_discovery(served_kinds(), core));
    for (const Json& group : document["items"]) {
      for (const Json& version : group["versions"]) {
        EXPECT_EQ(version["freshness"], "Current");
        for (const Json& resource : version["resources"]) {
          served[{group["metadata"].value("name", "") + "/" + version["version"].get<std::string>(),
                  resource["resource"]}] = resource;
        }
      }
    }
  }
  EXPECT_EQ(served.size(), served_kinds().size());
  std::vector<std::string> missing;
  for (Json expected : observed("observed_discovery.json")) {
    const std::string version = expected["group"].get<std::string>() + "/" + expected["version"].get<std::string>();
    Json& resource = expected["resource"];
    const std::string name = version + "/" + resource["resource"].get<std::string>();
    auto found = served.find({version, resource["resource"]});
    if (found == served.end()) {
      missing.push_back(name);
      continue;
    }
    // What is not served is not listed, and all the rest is as it should be.
    Json parts = Json::array();
    for (const Json& part : resource.value("subresources", Json::array())) {
      const Json listed = found->second.value("subresources", Json::array());
      const bool is_listed = std::any_of(listed.begin(), listed.end(), [&](const Json& other) {
        return other["subresource"] == part["subresource"];
      });
      if (is_listed) {
        Json plain = part;
        plain.erase("acceptedTypes");
        parts.push_back(plain);
      } else {
        missing.push_back(name + "/" + part["subresource"].get<std::string>());
      }
    }
    resource.erase("subresources");
    if (!parts.empty()) resource["subresources"] = parts;
    EXPECT_EQ(found->second, resource) << found->second.dump(1);
  }
  std::vector<std::string> named;
  for (const Difference& difference : kNotServed) named.push_back(difference.name);
  EXPECT_EQ(missing, named);
}

TEST(Discovery, TheObservationsCoverTheWholeTable) {
  std::set<std::string> known;
  for (const Json& expected : observed("observed_discovery.json")) {
    known.insert(expected["resource"]["resource"].get<std::string>());
  }
  for (const Kind& kind : all_kinds()) EXPECT_TRUE(known.contains(kind.plural)) << kind.plural;
}

TEST(Discovery, PlainDocumentsNameGroupsVersionsAndResources) {
  auto documents = discovery_documents(served_kinds(), "10.0.0.1:6443");
  std::set<std::string> expected = {"/api", "/api/v1", "/apis"};
  for (const Kind& kind : served_kinds()) {
    if (kind.group.empty()) continue;
    expected.insert("/apis/" + kind.group);
    expected.insert("/apis/" + kind.api_version());
  }
  std::set<std::string> paths;
  for (const auto& [path, body] : documents) paths.insert(path);
  EXPECT_EQ(paths, expected);
  EXPECT_EQ(documents["/api"],
            R"({"kind":"APIVersions","versions":["v1"],"serverAddressByClientCIDRs":[{"clientCIDR":"0.0.0.0/0",)"
            R"("serverAddress":"10.0.0.1:6443"}]})");
  const Json groups = Json::parse(documents["/apis"]);
  EXPECT_EQ(groups["kind"], "APIGroupList");
  EXPECT_EQ(groups["apiVersion"], "v1");
  std::map<std::string, Json> group;
  for (const Json& each : groups["groups"]) group[each["name"]] = each;
  EXPECT_EQ(group["apps"], Json::parse(R"({"name":"apps","versions":[{"groupVersion":"apps/v1","version":"v1"}],)"
                                       R"("preferredVersion":{"groupVersion":"apps/v1","version":"v1"}})"));
  EXPECT_EQ(group["autoscaling"],
            Json::parse(R"({"name":"autoscaling","versions":[{"groupVersion":"autoscaling/v2","version":"v2"},)"
                        R"({"groupVersion":"autoscaling/v1","version":"v1"}],)"
                        R"("preferredVersion":{"groupVersion":"autoscaling/v2","version":"v2"}})"));
  // Computed, not stored: it can only be read.
  const Json metrics = Json::parse(documents["/apis/metrics.k8s.io/v1beta1"]);
  for (const Json& resource : metrics["resources"]) EXPECT_EQ(resource["verbs"], Json({"get", "list"}));
  Json apps = Json::parse(documents["/apis/apps/v1"]);
  EXPECT_EQ(apps["kind"], "APIResourceList");
  EXPECT_EQ(apps["groupVersion"], "apps/v1");
  EXPECT_EQ(apps["resources"][4],
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

TEST(Documents, DescribeEveryVersionThatIsServed) {
  auto documents = make_documents();
  for (const Kind& kind : served_kinds()) {
    const std::string path = (kind.group.empty() ? "api/" : "apis/") + kind.api_version();
    auto found = documents->find(asking(""), "/openapi/v3/" + path);
    ASSERT_TRUE(found) << path;
    const std::string named =
        R"({"group":")" + kind.group + R"(","kind":")" + kind.kind + R"(","version":")" + kind.version + R"("})";
    EXPECT_NE(found->body.find(named), std::string::npos) << path << " " << kind.kind;
    // What is computed can only be read.
    const Version* version = find_version(kind.id);
    const bool writes = found->body.find("\"post\"") != std::string::npos;
    if (kind.group == "metrics.k8s.io") {
      EXPECT_EQ(writes, version->stored != 0);
    }
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
