#include <gtest/gtest.h>

#include "messages/api/coordination/v1/lease.pb.h"
#include "messages/api/core/v1/config_map.pb.h"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/bus/objects.pb.h"
#include "tests/actors/api_server/api_sim.hpp"

namespace kabuki::api_server {
namespace {

namespace core = ::k8s::io::api::core::v1;
using Events = std::vector<std::string>;
const std::string kMaps = "/api/v1/namespaces/default/configmaps";
const std::string kPods = "/api/v1/namespaces/default/pods";
const std::string kServices = "/api/v1/namespaces/default/services";

using ApiServerWatch = ApiSim;
using ApiServerWrite = ApiSim;
using ApiServerBus = ApiSim;

TEST_F(ApiServerWatch, ListsFirstThenFollows) {
  config_map("a");
  auto sink =
      watch(kMaps + "?watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
  EXPECT_EQ(sink->events(), (Events{"ADDED a", "BOOKMARK initial"}));
  config_map("b");
  EXPECT_EQ(http("DELETE", kMaps + "/a")->status, 200);
  world->run_for(1s);
  EXPECT_EQ(sink->events(), (Events{"ADDED a", "BOOKMARK initial", "ADDED b", "DELETED a"}));
  EXPECT_FALSE(sink->ended);
}

TEST_F(ApiServerWatch, TellsNoBookmarksToWhoCannotHaveThem) {
  config_map("a");
  auto sink = watch(kMaps + "?watch=1");
  world->run_for(5min);
  EXPECT_EQ(sink->events(), (Events{"ADDED a"}));
}

TEST_F(ApiServerWatch, ASlowReaderIsParkedAndMissesNothing) {
  auto sink = watch(kMaps + "?watch=1");
  sink->full = true;
  Events expected;
  for (int i = 100; i < 160; ++i) {
    config_map("m" + std::to_string(i));
    expected.push_back("ADDED m" + std::to_string(i));
  }
  EXPECT_EQ(sink->events(), Events{});
  EXPECT_GT(sink->refused, 0);
  sink->full = false;
  sink->writable();
  world->run_for(1s);
  EXPECT_EQ(sink->events(), expected);
  config_map("last");
  world->run_for(1s);
  EXPECT_EQ(sink->events().back(), "ADDED last");
}

TEST_F(ApiServerWatch, EndsWithItsShard) {
  auto sink = watch(kMaps + "?watch=1");
  kill("host-1/objects");
  EXPECT_TRUE(sink->ended);
  EXPECT_EQ(sink->events(), Events{});
  config_map("again");
}

TEST_F(ApiServerWatch, EndsAfterItsTimeAndOnce) {
  auto sink = watch(kMaps + "?watch=1&timeoutSeconds=3");
  EXPECT_FALSE(sink->ended);
  world->run_for(3s);
  EXPECT_TRUE(sink->ended);
  sink->closed();
  sink->writable();
  world->run_for(1s);
}

TEST_F(ApiServerWatch, SaysThatARevisionIsNotThereYet) {
  auto sink = watch(kMaps + "?watch=1&resourceVersion=99999");
  EXPECT_EQ(sink->status, 200);
  EXPECT_FALSE(sink->ended) << "it might come yet";
  world->run_for(3s);
  EXPECT_EQ(sink->events(), (Events{"ERROR 504"}));
  EXPECT_TRUE(sink->ended);
}

TEST_F(ApiServerWatch, ClosuresOfADeadActorDoNothing) {
  auto sink = watch(kMaps + "?watch=1");
  kill("host-1/api");
  auto next = watch(kMaps + "?watch=1");
  sink->writable();
  sink->closed();
  world->run_for(1s);
  config_map("a");
  world->run_for(1s);
  EXPECT_EQ(next->events(), (Events{"ADDED a"}));
  EXPECT_FALSE(next->ended);
}

TEST_F(ApiServerWatch, OfOneObjectByItsPathIsARead) {
  config_map("a");
  auto sink = http("GET", kMaps + "/a?watch=true");
  EXPECT_EQ(sink->json()["kind"], "ConfigMap");
}

TEST_F(ApiServerWrite, NoMethodOfABindingButCreateReachesThePod) {
  const std::string pod =
      R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}})";
  ASSERT_EQ(http("POST", kPods, pod)->status, 201);
  const std::string binding = R"({"kind":"Binding","apiVersion":"v1","metadata":{"name":"p"},"target":{"name":"n"}})";
  EXPECT_EQ(http("PUT", kPods + "/p/binding", binding)->status, 405);
  EXPECT_EQ(http("PATCH", kPods + "/p/binding", "{}", {{"content-type", "application/merge-patch+json"}})->status,
            405);
  EXPECT_EQ(http("POST", kPods + "/p/binding?dryRun=All", binding)->status, 201);
  EXPECT_FALSE(http("GET", kPods + "/p")->json()["spec"].contains("nodeName"));
  EXPECT_EQ(http("POST", kPods + "/p/binding", binding)->status, 201);
  EXPECT_EQ(http("GET", kPods + "/p")->json()["spec"]["nodeName"], "n");

  // A deletion that nonsense would make a force deletion.
  EXPECT_EQ(http("DELETE", kPods + "/p?gracePeriodSeconds=abc")->status, 400);
  EXPECT_EQ(http("DELETE", kPods + "/p", R"({"preconditions":{"resourceVersion":"abc"}})")->status, 409);
  EXPECT_FALSE(http("GET", kPods + "/p")->json()["metadata"].contains("deletionTimestamp"));
  EXPECT_EQ(http("DELETE", kPods + "/p?gracePeriodSeconds=60")->json()["metadata"]["deletionGracePeriodSeconds"], 60);
  EXPECT_EQ(http("DELETE", kPods + "/p")->json()["metadata"]["deletionGracePeriodSeconds"], 60)
      << "nothing was asked for";
  auto shorter = http("DELETE", kPods + "/p?gracePeriodSeconds=10")->json();
  EXPECT_EQ(shorter["metadata"]["deletionGracePeriodSeconds"], 10);
  EXPECT_EQ(http("DELETE", kPods + "/p?gracePeriodSeconds=0")->status, 200);
  EXPECT_EQ(http("GET", kPods + "/p")->status, 404);
}

TEST_F(ApiServerWrite, ConflictsOfWritesWithoutPreconditionAreRetried) {
  config_map("a");
  std::vector<std::shared_ptr<FakeSink>> patches;
  for (int i = 0; i < 10; ++i) {
    patches.push_back(send("PATCH", kMaps + "/a", "{\"data\":{\"k" + std::to_string(i) + "\":\"v\"}}",
                           {{"content-type", "application/merge-patch+json"}}));
  }
  world->run_for(5s);
  for (auto& patch : patches) EXPECT_EQ(patch->status, 200);
  EXPECT_EQ(http("GET", kMaps + "/a")->json()["data"].size(), 10u);
}

TEST_F(ApiServerWrite, GeneratedNamesNeverFailForACollision) {
  for (int i = 0; i < 20; ++i) {
    auto made = http("POST", kMaps, R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"generateName":"g-"}})");
    EXPECT_EQ(made->status, 201);
  }
  EXPECT_EQ(http("GET", kMaps)->json()["items"].size(), 20u);
}

TEST_F(ApiServerWrite, ACollectionGoesInOneRequestAndOnlyInANamespace) {
  for (int i = 0; i < 30; ++i) config_map("m" + std::to_string(i));
  EXPECT_EQ(http("DELETE", "/api/v1/configmaps")->status, 405);
  EXPECT_EQ(http("DELETE", kMaps + "?dryRun=All")->json()["items"].size(), 30u);
  EXPECT_EQ(http("GET", kMaps)->json()["items"].size(), 30u);
  EXPECT_EQ(http("DELETE", kMaps)->json()["items"].size(), 30u);
  EXPECT_EQ(http("GET", kMaps)->json()["items"].size(), 0u);
}

TEST_F(ApiServerWrite, PagesAreOfOneRevision) {
  for (const char* name : {"a", "b", "c"}) config_map(name);
  auto first = http("GET", kMaps + "?limit=2")->json();
  EXPECT_EQ(first["items"].size(), 2u);
  EXPECT_EQ(first["metadata"]["remainingItemCount"], 1);
  config_map("d");
  auto second = http("GET", kMaps + "?limit=2&continue=" + first["metadata"]["continue"].get<std::string>())->json();
  EXPECT_EQ(second["items"].size(), 1u) << "d came later";
  EXPECT_EQ(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
  EXPECT_FALSE(second["metadata"].contains("continue"));
}

TEST_F(ApiServerWrite, ServicesKeepTheirAddressesApart) {
  auto make = [&](const std::string& name, const std::string& spec) {
    return http("POST", kServices,
                R"({"kind":"Service","apiVersion":"v1","metadata":{"name":")" + name +
                    R"("},"spec":{"ports":[{"port":80}])" + spec + "}}");
  };
  std::string first = make("a", "")->json()["spec"]["clusterIP"];
  EXPECT_EQ(make("b", ",\"clusterIP\":\"" + first + "\"")->status, 422);
  EXPECT_EQ(make("b", R"(,"clusterIP":"1.2.3.4")")->status, 422);
  EXPECT_EQ(make("b", R"(,"clusterIP":"None")")->status, 201);
  world->run_for(1s);
  kill("host-1/api");
  std::string second = make("c", "")->json()["spec"]["clusterIP"];
  EXPECT_NE(second, first) << "a restarted API server gives what is held";

  const std::string bare =
      R"({"kind":"Service","apiVersion":"v1","metadata":{"name":"c"},"spec":{"ports":[{"port":81}]}})";
  auto replaced = http("PUT", kServices + "/c", bare);
  EXPECT_EQ(replaced->status, 200) << replaced->body;
  EXPECT_EQ(replaced->json()["spec"]["clusterIP"], second);
  http::Headers merge{{"content-type", "application/merge-patch+json"}};
  auto outside = http("PATCH", kServices + "/c", R"({"spec":{"type":"ExternalName","externalName":"x.org"}})", merge);
  EXPECT_EQ(outside->status, 200) << outside->body;
  EXPECT_FALSE(outside->json()["spec"].contains("clusterIP"));
  auto inside = http("PATCH", kServices + "/c", R"({"spec":{"type":"ClusterIP","externalName":null}})", merge);
  EXPECT_EQ(inside->status, 200) << inside->body;
  EXPECT_TRUE(inside->json()["spec"].contains("clusterIP"));
}

TEST_F(ApiServerWrite, TheNamespacesOfEveryClusterStay) {
  auto refused = http("DELETE", "/api/v1/namespaces/default");
  EXPECT_EQ(refused->status, 403);
  EXPECT_EQ(refused->json()["message"], "namespaces \"default\" is forbidden: this namespace may not be deleted");
  EXPECT_EQ(http("POST", "/api/v1/namespaces/nope/configmaps",
                 R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x"}})")
                ->json()["message"],
            "namespaces \"nope\" not found");
}

TEST_F(ApiServerBus, SurvivesRequestsThatMakeNoSense) {
  bus::GetObjects get;
  get.add_keys()->set_kind(9999);
  EXPECT_EQ(ask("host-1", "@api-server", runtime::make_message(get)).error().code, 400);
  actors::Write scale{.verb = bus::WriteObjects::PATCH_MERGE,
                      .key = {kinds::kConfigMap, "default", "a"},
                      .patch = "{}",
                      .subresource = "scale"};
  config_map("a");
  EXPECT_EQ(code_of(scale, "host-1"), 400);
  EXPECT_EQ(code_of(actors::Write::bind({kinds::kConfigMap, "default", "a"}, "", "n"), "host-1"), 400);
  core::ConfigMap map;
  map.mutable_metadata()->set_name("a");
  map.mutable_metadata()->set_namespace_("default");
  actors::Write status = actors::Write::create(kinds::kConfigMap, map);
  status.verb = bus::WriteObjects::UPDATE_STATUS;
  EXPECT_EQ(code_of(status, "host-1"), 400);
  config_map("b");
}

TEST_F(ApiServerBus, AHostWritesForItsOwnNodesAlone) {
  auto node = [](const std::string& name, const std::string& host) {
    core::Node message;
    message.mutable_metadata()->set_name(name);
    (*message.mutable_metadata()->mutable_annotations())["kabuki.io/host"] = host;
    return message;
  };
  auto lease = [](const std::string& name) {
    ::k8s::io::api::coordination::v1::Lease message;
    message.mutable_metadata()->set_name(name);
    message.mutable_metadata()->set_namespace_("kube-node-lease");
    return message;
  };
  core::Namespace space;
  space.mutable_metadata()->set_name("kube-node-lease");
  ASSERT_EQ(code_of(actors::Write::create(kinds::kNamespace, space), "host-1"), 0);
  ASSERT_EQ(code_of(actors::Write::create(kinds::kNode, node("n1", "host-1")), "host-1"), 0);
  EXPECT_EQ(code_of(actors::Write::create(kinds::kNode, node("n2", "host-2")), "host-2"), 0);
  EXPECT_EQ(code_of(actors::Write::create(kinds::kNode, node("n3", "host-3")), "host-2"), 403);
  EXPECT_EQ(code_of(actors::Write::create(kinds::kLease, lease("n2")), "host-2"), 0);
  EXPECT_EQ(code_of(actors::Write::create(kinds::kLease, lease("n1")), "host-2"), 403);

  for (const char* name : {"p1", "p2"}) {
    core::Pod pod;
    pod.mutable_metadata()->set_name(name);
    pod.mutable_metadata()->set_namespace_("default");
    auto* container = pod.mutable_spec()->add_containers();
    container->set_name("c");
    container->set_image("i");
    EXPECT_EQ(code_of(actors::Write::create(kinds::kPod, pod), "host-2"), 403);
    ASSERT_EQ(code_of(actors::Write::create(kinds::kPod, pod), "host-1"), 0);
    Key key{kinds::kPod, "default", name};
    EXPECT_EQ(code_of(actors::Write::bind(key, "", "n2"), "host-2"), 403);
    ASSERT_EQ(code_of(actors::Write::bind(key, "", std::string("n") + name[1]), "host-1"), 0);
  }
  auto run = [](const std::string& name) {
    return actors::Write::merge_patch({kinds::kPod, "default", name}, "", R"({"status":{"phase":"Running"}})",
                                      "status");
  };
  auto end = [](const std::string& name) {
    return actors::Write{
        .verb = bus::WriteObjects::DELETE, .key = {kinds::kPod, "default", name}, .grace_seconds = 0};
  };
  EXPECT_EQ(code_of(run("p2"), "host-2"), 0);
  EXPECT_EQ(code_of(run("p1"), "host-2"), 403);
  EXPECT_EQ(code_of(end("p1"), "host-2"), 403);
  EXPECT_EQ(code_of(end("p2"), "host-2"), 0);
  auto untouched = http("GET", kPods + "/p1")->json();
  EXPECT_EQ(untouched["status"]["phase"], "Pending");
  EXPECT_FALSE(untouched["metadata"].contains("deletionTimestamp"));
}

TEST_F(ApiServerBus, ForgetsTheStreamsOfWatchersThatAreGone) {
  // Any actor that can be killed serves as the watcher.
  auto open = [&](const std::string& from, const std::string& watcher, uint64_t stream) {
    bus::OpenWatch verb;
    verb.mutable_selection()->set_kind(kinds::kPod);
    verb.set_stream(stream);
    verb.set_initial_events(true);
    verb.set_watcher(watcher);
    return ask(from, "@api-server", runtime::make_message(std::move(verb)));
  };
  auto health = [&] { return inspect("host-1", "host-1/api").health(); };
  EXPECT_TRUE(open("host-1", "host-1/leases", 1).ok());
  EXPECT_TRUE(open("host-1", "host-1/leases", 2).ok());
  EXPECT_NE(health().find("2 relayed"), std::string::npos) << health();
  kill("host-1/leases");
  EXPECT_NE(health().find("0 relayed"), std::string::npos) << health();
  EXPECT_EQ(open("host-2", "host-1/leases", 3).error().code, 403) << "nobody watches in another's name";
}

}  // namespace
}  // namespace kabuki::api_server
