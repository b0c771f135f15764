#include "actors/api_server/pretty.hpp"
#include "actors/api_server/static_documents.hpp"
#include "tests/actors/api_server/api_sim.hpp"

// The protocol's width: pages, versions, forms, collections. Whole answers: observed_exchanges_test.cpp.
namespace kabuki::api_server {
namespace {

using Json = nlohmann::json;

constexpr const char* kMaps = "/api/v1/namespaces/default/configmaps";
const http::Headers kPartial = {{"accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}};
const http::Headers kMerge = {{"content-type", "application/merge-patch+json"}};

struct Protocol : ApiSim {
  void SetUp() override {
    documents = make_documents();
    ApiSim::SetUp();
  }
  void maps(int count) {
    for (int i = 0; i < count; ++i) config_map("m-" + std::to_string(i));
  }
  static std::vector<std::string> names(const Json& list) {
    std::vector<std::string> out;
    for (const Json& item : list["items"]) out.push_back(item["metadata"]["name"]);
    return out;
  }
  using Names = std::vector<std::string>;
};

TEST_F(Protocol, PagesAreOfOneRevision) {
  maps(5);
  const Json first = http("GET", std::string(kMaps) + "?limit=2")->json();
  EXPECT_EQ(names(first), (Names{"m-0", "m-1"}));
  EXPECT_EQ(first["metadata"]["remainingItemCount"], 3);
  config_map("m-1a");
  http("DELETE", std::string(kMaps) + "/m-3");
  const std::string token = first["metadata"]["continue"];
  const Json second = http("GET", std::string(kMaps) + "?limit=2&continue=" + token)->json();
  EXPECT_EQ(names(second), (Names{"m-2", "m-3"})) << "as it was when the first page was read";
  EXPECT_EQ(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
  EXPECT_EQ(second["metadata"]["remainingItemCount"], 1);
  const std::string rest = second["metadata"]["continue"];
  const Json third = http("GET", std::string(kMaps) + "?limit=2&continue=" + rest)->json();
  EXPECT_EQ(names(third), Names{"m-4"});
  EXPECT_EQ(third["metadata"], Json({{"resourceVersion", first["metadata"]["resourceVersion"]}}));
  // With a selector nobody counts what is left.
  const Json selected = http("GET", std::string(kMaps) + "?limit=1&labelSelector=!x")->json();
  EXPECT_TRUE(selected["metadata"].contains("continue"));
  EXPECT_FALSE(selected["metadata"].contains("remainingItemCount"));
  EXPECT_EQ(http("GET", std::string(kMaps) + "?limit=2&resourceVersion=3&continue=" + token)->json()["message"],
            "specifying resource version is not allowed when using continue");
}

TEST_F(Protocol, AForgottenPageGoesOnAtTheLatestRevision) {
  maps(4);
  const std::string token = http("GET", std::string(kMaps) + "?limit=2")->json()["metadata"]["continue"];
  config_map("m-2a");
  kill("host-1/objects");  // a shard that starts again remembers nothing from before
  auto gone = http("GET", std::string(kMaps) + "?limit=2&continue=" + token);
  EXPECT_EQ(gone->status, 410) << gone->body;
  const Json status = gone->json();
  EXPECT_EQ(status["reason"], "Expired");
  EXPECT_TRUE(status["message"].get<std::string>().starts_with("The provided continue parameter is too old"));
  const std::string fresh = status["metadata"]["continue"];
  const Json rest = http("GET", std::string(kMaps) + "?continue=" + fresh)->json();
  EXPECT_EQ(names(rest), (Names{"m-2", "m-2a", "m-3"}));
}

TEST_F(Protocol, WhatIsAskedForTooEarlyIsATimeout) {
  maps(1);
  for (const char* path : {"", "/m-0"}) {
    auto early = http("GET", std::string(kMaps) + path + "?resourceVersion=99999999");
    EXPECT_EQ(early->status, 504) << path;
    EXPECT_EQ(early->json()["details"]["causes"][0]["reason"], "ResourceVersionTooLarge");
  }
  const std::string version = http("GET", std::string(kMaps) + "/m-0")->json()["metadata"]["resourceVersion"];
  EXPECT_EQ(http("GET", std::string(kMaps) + "/m-0?resourceVersion=" + version)->status, 200);
  EXPECT_EQ(http("GET", std::string(kMaps) + "/m-0?resourceVersion=0")->status, 200);
  EXPECT_EQ(http("GET", std::string(kMaps) + "/none?resourceVersion=" + version)->status, 404);
  EXPECT_EQ(http("GET", std::string(kMaps) + "/m-0?resourceVersion=x")->status, 400);
}

TEST_F(Protocol, AnExactListIsWhatWasThen) {
  maps(2);
  const std::string then = http("GET", kMaps)->json()["metadata"]["resourceVersion"];
  http("DELETE", std::string(kMaps) + "/m-0");
  const std::string exact = "?resourceVersionMatch=Exact&resourceVersion=" + then;
  EXPECT_EQ(names(http("GET", kMaps + exact)->json()), (Names{"m-0", "m-1"}));
  const std::string newer = "?resourceVersionMatch=NotOlderThan&resourceVersion=" + then;
  EXPECT_EQ(names(http("GET", kMaps + newer)->json()), Names{"m-1"});
}

TEST_F(Protocol, MetadataAloneIsGotListedAndWatched) {
  ASSERT_EQ(
      http("POST", kMaps,
           R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","labels":{"l":"m"}},"data":{"k":"v"}})")
          ->status,
      201);
  const Json whole = http("GET", std::string(kMaps) + "/a")->json();
  const Json one = {
      {"kind", "PartialObjectMetadata"}, {"apiVersion", "meta.k8s.io/v1"}, {"metadata", whole["metadata"]}};
  EXPECT_EQ(http("GET", std::string(kMaps) + "/a", "", kPartial)->json(), one);
  const http::Headers list_form = {{"accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}};
  const Json list = http("GET", kMaps, "", list_form)->json();
  EXPECT_EQ(list["kind"], "PartialObjectMetadataList");
  EXPECT_EQ(list["items"], Json::array({one}));

  auto watch = send("GET",
                    std::string(kMaps) +
                        "?watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
                    "", kPartial);
  world->run_for(1s);
  const size_t line = watch->body.find('\n');
  EXPECT_EQ(Json::parse(watch->body.substr(0, line)), Json({{"type", "ADDED"}, {"object", one}}));
  const Json bookmark = Json::parse(watch->body.substr(line + 1));
  EXPECT_EQ(bookmark["type"], "BOOKMARK");
  EXPECT_EQ(bookmark["object"]["kind"], "PartialObjectMetadata");
  EXPECT_EQ(bookmark["object"]["metadata"]["annotations"], Json({{"k8s.io/initial-events-end", "true"}}));

  const http::Headers binary = {
      {"accept", "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}};
  auto encoded = http("GET", std::string(kMaps) + "/a", "", binary);
  EXPECT_TRUE(encoded->body.starts_with(std::string("k8s\0", 4)));
  EXPECT_NE(encoded->body.find("PartialObjectMetadata"), std::string::npos);
  EXPECT_EQ(encoded->body.find("ConfigMap"), std::string::npos);
  auto frames = send("GET", std::string(kMaps) + "?watch=1", "", binary);
  world->run_for(1s);
  EXPECT_NE(frames->body.find("PartialObjectMetadata"), std::string::npos);
}

TEST_F(Protocol, PeopleReadIndentedJson) {
  config_map("a");
  const std::string path = std::string(kMaps) + "/a";
  const http::Headers curl = {{"user-agent", "curl/8.0"}}, client = {{"user-agent", "kubectl/v1.32"}};
  const auto pretty = nlohmann::ordered_json::parse(http("GET", path)->body).dump(2);
  EXPECT_EQ(http("GET", path, "", curl)->body, pretty);
  EXPECT_EQ(http("GET", path + "?pretty=true", "", client)->body, pretty);
  EXPECT_NE(http("GET", path + "?pretty=false", "", curl)->body, pretty);
  EXPECT_NE(http("GET", path, "", client)->body, pretty);
  EXPECT_EQ(http("GET", path + "?pretty=1", "", {{"accept", "application/yaml"}})->body.find("{\n"),
            std::string::npos);
  EXPECT_EQ(indented(R"({"a":[],"b":{},"c":["x\"{,",1,null],"d":{"e":true}})"),
            "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    \"x\\\"{,\",\n    1,\n    null\n  ],\n"
            "  \"d\": {\n    \"e\": true\n  }\n}");
}

TEST_F(Protocol, ACollectionIsDeletedBySelectorsAndPages) {
  maps(4);
  http("PATCH", std::string(kMaps) + "/m-3", R"({"metadata":{"labels":{"keep":"yes"}}})", kMerge);
  const Json tried = http("DELETE", std::string(kMaps) + "?dryRun=All")->json();
  EXPECT_EQ(tried["items"].size(), 4u);
  EXPECT_EQ(names(http("GET", kMaps)->json()).size(), 4u) << "a dry run deletes nothing";

  const Json page = http("DELETE", std::string(kMaps) + "?limit=1")->json();
  EXPECT_EQ(names(page), Names{"m-0"});
  EXPECT_TRUE(page["metadata"].contains("continue"));
  EXPECT_EQ(names(http("GET", kMaps)->json()), (Names{"m-1", "m-2", "m-3"})) << "no more than a page";

  EXPECT_EQ(names(http("DELETE", std::string(kMaps) + "?fieldSelector=metadata.name=m-1")->json()), Names{"m-1"});
  EXPECT_EQ(names(http("DELETE", std::string(kMaps) + "?labelSelector=!keep")->json()), Names{"m-2"});
  EXPECT_EQ(names(http("GET", kMaps)->json()), Names{"m-3"});
  EXPECT_EQ(http("DELETE", std::string(kMaps) + "?labelSelector=a in (")->status, 400);
}

TEST_F(Protocol, ALongCollectionIsDeletedWhole) {
  maps(600);
  EXPECT_EQ(http("DELETE", kMaps)->json()["items"].size(), 600u);
  EXPECT_EQ(names(http("GET", kMaps)->json()), Names{});
}

TEST_F(Protocol, PathsMayEndInSlashes) {
  config_map("a");
  for (const char* path : {"/api/v1/namespaces/default/configmaps/a/", "/api/v1/namespaces/default/configmaps/",
                           "/apis/", "/api/", "/version/", "/apis/apps/v1/", "/openapi/v3/"}) {
    EXPECT_EQ(http("GET", path)->status, 200) << path;
  }
}

TEST_F(Protocol, RowsCarryWhatIsKnownOrNothingIsAnswered) {
  config_map("a");
  const http::Headers table = {{"accept", "application/json;as=Table;g=meta.k8s.io;v=v1"}};
  const std::string path = std::string(kMaps) + "/a?includeObject=";
  for (const char* known : {"", "None", "Metadata", "Object"}) {
    EXPECT_EQ(http("GET", path + known, "", table)->status, 200) << known;
  }
  const auto refused = http("GET", path + "Bogus", "", table);
  EXPECT_EQ(refused->status, 400);
  EXPECT_EQ(refused->json()["message"], "unrecognized includeObject value: \"Bogus\"");
  EXPECT_EQ(http("GET", path + "Bogus")->status, 200) << "no Table, no rows";
}

TEST_F(Protocol, TheRootNamesThePaths) {
  const auto paths = http("GET", "/")->json()["paths"];
  for (const char* path : {"/api", "/api/v1", "/apis/apps/v1", "/livez", "/openapi/v3", "/version"}) {
    EXPECT_NE(std::find(paths.begin(), paths.end(), path), paths.end()) << path;
    EXPECT_EQ(http("GET", path)->status, 200) << path;
  }
  EXPECT_EQ(http("GET", "/readyz/nobody")->status, 404);
  EXPECT_EQ(http("GET", "/livezone")->status, 404);
}

TEST_F(Protocol, WhatHasNoRouteIsRefusedByItsMethod) {
  config_map("a");
  const std::string one = std::string(kMaps) + "/a";
  EXPECT_EQ(http("HEAD", one)->status, 405);
  EXPECT_EQ(http("OPTIONS", one)->status, 405);
  EXPECT_EQ(http("POST", one)->status, 405);
  EXPECT_EQ(http("PUT", kMaps)->status, 405);
  EXPECT_EQ(http("DELETE", "/api/v1/configmaps")->status, 405);
  EXPECT_EQ(http("PATCH", "/version")->status, 405);
  EXPECT_EQ(http("GET", one, "", {{"accept", "application/yaml;stream=watch"}})->status, 200);
  EXPECT_EQ(http("GET", std::string(kMaps) + "?watch=1", "", {{"accept", "application/yaml"}})->status, 406);
  EXPECT_EQ(
      http("PATCH", one, "{}", {{"content-type", "application/strategic-merge-patch+json; charset=utf-8"}})->status,
      200);
}

TEST_F(Protocol, OpenApiPathsNameTheirHash) {
  const Json paths = http("GET", "/openapi/v3")->json()["paths"];
  ASSERT_TRUE(paths.contains("apis/apps/v1"));
  const std::string address = paths["apis/apps/v1"]["serverRelativeURL"];
  ASSERT_TRUE(address.starts_with("/openapi/v3/apis/apps/v1?hash=")) << address;
  auto header = [](const FakeSink& answer, const std::string& name) {
    for (const auto& [key, value] : answer.headers) {
      if (key == name) return value;
    }
    return std::string();
  };
  auto current = http("GET", address);
  EXPECT_EQ(current->status, 200);
  EXPECT_EQ(header(*current, "cache-control"), "public, immutable");
  EXPECT_EQ(http("GET", address, "", {{"if-none-match", header(*current, "etag")}})->status, 304);
  auto old = http("GET", "/openapi/v3/apis/apps/v1?hash=0123");
  EXPECT_EQ(old->status, 301);
  EXPECT_EQ(header(*old, "location"), address);
  EXPECT_EQ(header(*http("GET", "/openapi/v3/apis/apps/v1"), "cache-control"), "");
  // What a client finds the schema of a kind by.
  const Json schema = current->json()["components"]["schemas"]["io.k8s.api.apps.v1.Deployment"];
  EXPECT_EQ(schema["x-kubernetes-group-version-kind"],
            Json::parse(R"([{"group":"apps","kind":"Deployment","version":"v1"}])"));
}

TEST_F(Protocol, EveryScalableKindHasAScale) {
  for (const char* resource : {"deployments", "replicasets", "statefulsets"}) {
    const Kind& kind = *find_resource("apps", "v1", resource);
    const std::string all = std::string("/apis/apps/v1/namespaces/default/") + resource;
    Json object = Json::parse(R"({"apiVersion":"apps/v1","metadata":{"name":"web"},"spec":{"replicas":2,"selector":)"
                              R"({"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":)"
                              R"({"containers":[{"name":"c","image":"i"}]}}}})");
    object["kind"] = kind.kind;
    if (kind.kind == "StatefulSet") object["spec"]["serviceName"] = "web";
    ASSERT_EQ(http("POST", all, object.dump())->status, 201) << resource;
    const Json scaled = http("PATCH", all + "/web/scale", R"({"spec":{"replicas":5}})", kMerge)->json();
    EXPECT_EQ(scaled["kind"], "Scale");
    EXPECT_EQ(scaled["spec"], Json({{"replicas", 5}}));
    EXPECT_EQ(scaled["status"]["selector"], "a=b");
    const Json changed = http("GET", all + "/web")->json();
    EXPECT_EQ(changed["kind"], kind.kind);
    EXPECT_EQ(changed["spec"]["replicas"], 5);
    EXPECT_EQ(changed["metadata"]["generation"], 2);
  }
  ASSERT_EQ(
      http("POST", "/api/v1/namespaces/default/replicationcontrollers",
           R"({"apiVersion":"v1","kind":"ReplicationController","metadata":{"name":"web"},"spec":{"replicas":1,)"
           R"("selector":{"a":"b"},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":)"
           R"([{"name":"c","image":"i"}]}}}})")
          ->status,
      201);
  EXPECT_EQ(http("GET", "/api/v1/namespaces/default/replicationcontrollers/web/scale")->json()["status"]["selector"],
            "a=b");
}

}  // namespace
}  // namespace kabuki::api_server
