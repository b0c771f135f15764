#include "actors/controllers/endpoints.hpp"

#include <gtest/gtest.h>

#include "actors/controllers/endpoint_slice.hpp"
#include "actors/controllers/endpoint_slice_mirroring.hpp"
#include "actors/controllers/endpoint_subsets.hpp"
#include "actors/controllers/garbage_collector.hpp"
#include "actors/controllers/replica_set.hpp"
#include "actors/controllers/service_pods.hpp"
#include "tests/actors/controllers/service_world.hpp"

namespace kabuki::controllers::testing {
namespace {

TEST(Endpoints, SayWhichPodsStandBehindWhichPorts) {
  struct Case {
    const char* what;
    std::string spec;
    std::vector<core::Pod> pods;
    const char* subsets;
  };
  const std::string named =
      R"(ports { name: "http" protocol: "TCP" port: 80 targetPort { type: 1 strVal: "web" } } )";
  const std::string second = R"(ports { name: "admin" protocol: "TCP" port: 81 targetPort { intVal: 9090 } } )";
  const std::string container = "spec { containers { ports { name: 'web' containerPort: %d protocol: 'TCP' } } }";
  auto with_port = [&](int number, int port) {
    std::string text = container;
    return pod(number, text.replace(text.find("%d"), 2, std::to_string(port)));
  };
  const Case cases[] = {
      {"none", kPort, {}, ""},
      {"ready and not", kPort, {pod(2), pod(1), pod(3, "", false)}, "10.0.0.1,10.0.0.2|10.0.0.3|http:8080"},
      {"several ports in one subset", kPort + second, {pod(1)}, "10.0.0.1||admin:9090,http:8080"},
      {"a pod that is over", kPort, {pod(1, "status { phase: 'Succeeded' }")}, ""},
      {"a pod that goes", kPort, {pod(1, "metadata { deletionTimestamp { seconds: 9 } }")}, ""},
      {"a pod of other labels", kPort, {pod(1, "metadata { labels { key: 'app' value: 'db' } }")}, ""},
      {"a named port, of the pods that have it",
       named,
       {with_port(1, 80), with_port(2, 8000), pod(3)},
       "10.0.0.1||http:80 10.0.0.2||http:8000"},
      {"a sidecar's port",
       named,
       {pod(1,
            "spec { initContainers { restartPolicy: 'Always' ports { name: 'web' containerPort: 7 protocol: 'TCP' "
            "} } }")},
       "10.0.0.1||http:7"},
      {"one named for another protocol",
       named,
       {pod(1, "spec { containers { ports { name: 'web' containerPort: 80 protocol: 'UDP' } } }")},
       ""},
      {"publishNotReadyAddresses",
       kPort + "publishNotReadyAddresses: true",
       {pod(1, "", false), pod(2, "metadata { deletionTimestamp { seconds: 9 } }")},
       "10.0.0.1,10.0.0.2||http:8080"},
      {"headless without ports", "clusterIP: 'None'", {pod(1), pod(2, "", false)}, "10.0.0.1|10.0.0.2|"},
      {"no ports but an address", "", {pod(1)}, ""},
      {"addresses of another family", kPort + "ipFamilies: 'IPv6'", {pod(1)}, "10.0.0.1||http:8080"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    ServiceWorld world;
    world.put(kinds::kService, service(one.spec));
    for (const auto& p : one.pods) world.put(kinds::kPod, p);
    EXPECT_EQ(world.subsets(), one.subsets);
  }
}

TEST(Endpoints, AreWrittenWholeAndOnlyWhenSomethingChanged) {
  ServiceWorld world;
  auto what = service("clusterIP: 'None' " + kPort);
  world.put(kinds::kService, what);
  world.put(kinds::kPod, pod(1, "spec { hostname: 'one' subdomain: 'web' }"));
  const auto expected = read<core::Endpoints>(R"(
    metadata { name: "web" namespace: "default"
      labels { key: "team" value: "a" } labels { key: "service.kubernetes.io/headless" value: "" }
      labels { key: "endpoints.kubernetes.io/managed-by" value: "endpoint-controller" } }
    subsets { addresses { ip: "10.0.0.1" hostname: "one" nodeName: "n1"
                          targetRef { kind: "Pod" namespace: "default" name: "web-1" uid: "uid-web-1" } }
              ports { name: "http" port: 8080 protocol: "TCP" } })");
  const Plan plan = reconcile_endpoints(world.view, key);
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(plan.steps[0].write, Write::create(kinds::kEndpoints, expected));
  world.apply(plan);
  EXPECT_EQ(world.subsets(), "rests");
  world.put(kinds::kPod, pod(1, "spec { hostname: 'one' subdomain: 'web' } status { startTime { seconds: 1 } }"));
  EXPECT_EQ(world.subsets(), "rests");
  what.mutable_spec()->set_clusterip("10.96.0.9");
  world.put(kinds::kService, what);
  EXPECT_EQ(world.subsets(), "10.0.0.1||http:8080");
}

TEST(Endpoints, OfOthersAreLeftAlone) {
  ServiceWorld world;
  core::Endpoints mine;
  mine.mutable_metadata()->set_name("web");
  mine.mutable_metadata()->set_namespace_("default");
  world.put(kinds::kEndpoints, mine);
  EXPECT_EQ(reconcile_endpoints(world.view, key), Plan());
  (*mine.mutable_metadata()->mutable_labels())["endpoints.kubernetes.io/managed-by"] = "endpoint-controller";
  world.put(kinds::kEndpoints, mine);
  const Plan plan = reconcile_endpoints(world.view, key);
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(plan.steps[0].write.verb, bus::WriteObjects::DELETE);
  EXPECT_EQ(plan.only_if_gone, (std::vector<Gone>{{key, ""}}));
  auto external = service();
  external.mutable_spec()->set_type("ExternalName");
  world.put(kinds::kService, external);
  EXPECT_EQ(world.subsets(), "rests");
}

TEST(Endpoints, ATooLongListIsCutInProportionReadyOnesFirst) {
  auto subset = [](int ready, int unready) {
    core::EndpointSubset subset;
    for (int i = 0; i < ready; ++i) subset.add_addresses();
    for (int i = 0; i < unready; ++i) subset.add_notreadyaddresses();
    return subset;
  };
  struct Case {
    Subsets subsets;
    const char* after;
    bool cut;
  };
  Case cases[] = {
      {{subset(5, 5)}, "5/5 ", false},
      {{subset(6, 6)}, "6/4 ", true},
      {{subset(9, 3), subset(3, 3)}, "8/0 2/0 ", true},
      {{subset(4, 8), subset(0, 4)}, "4/4 0/2 ", true},
  };
  for (Case& one : cases) {
    EXPECT_EQ(truncate(10, &one.subsets), one.cut);
    std::string after;
    for (const auto& s : one.subsets) {
      after += std::to_string(s.addresses_size()) + "/" + std::to_string(s.notreadyaddresses_size()) + " ";
    }
    EXPECT_EQ(after, one.after);
  }
  ServiceWorld world;
  world.put(kinds::kService, service(kPort));
  for (int i = 0; i < 1001; ++i) world.put(kinds::kPod, pod(i));
  const Plan plan = reconcile_endpoints(world.view, key);
  const auto endpoints = plan.steps.at(0).write.object->as<core::Endpoints>();
  EXPECT_EQ(endpoints.subsets(0).addresses_size(), 1000);
  EXPECT_EQ(endpoints.metadata().annotations().at("endpoints.kubernetes.io/over-capacity"), "truncated");
}

/// Gives every running pod an address, as its kubelet would.
void give_addresses(WorkloadSim* sim) {
  for (const ObjectPtr& object : sim->api.all(kinds::kPod)) {
    auto p = object->as<core::Pod>();
    if (p.status().phase() != "Running" || !p.status().podip().empty()) continue;
    const std::string uid = p.metadata().uid().substr(4);
    p.mutable_status()->set_podip("10.1." + std::to_string(std::stoi(uid) / 200) + "." +
                                  std::to_string(std::stoi(uid) % 200 + 1));
    sim->api.set(kinds::kPod, &p);
  }
}

TEST(EndpointsConvergence, EndWithExactlyThePodsWhateverHappensOnTheWay) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    WorkloadSim sim(seed, {replica_set_controller(), endpoints_controller(), endpoint_slice_controller(),
                           endpoint_slice_mirroring_controller(), garbage_collector()});
    sim.views_lag = 8;
    for (int i = 0; i < 3; ++i) {
      core::Node node;
      node.mutable_metadata()->set_name("node-" + std::to_string(i));
      sim.api.create(Write::create(kinds::kNode, node));
    }
    ::k8s::io::api::apps::v1::ReplicaSet set;
    set.mutable_metadata()->set_name("web");
    set.mutable_metadata()->set_namespace_("default");
    (*set.mutable_spec()->mutable_selector()->mutable_matchlabels())["app"] = "web";
    (*set.mutable_spec()->mutable_template_()->mutable_metadata()->mutable_labels())["app"] = "web";
    set.mutable_spec()->set_replicas(12);
    sim.api.create(Write::create(kinds::kReplicaSet, set));
    auto made = service(kPort);
    made.mutable_metadata()->clear_uid();
    sim.api.create(Write::create(kinds::kService, made));
    sim.each_step = [&] { give_addresses(&sim); };
    io::Random user = sim.random.split("user");
    for (int round = 0; round < 4; ++round) {
      if (round > 0 && user.chance(0.3)) {
        sim.api.vanish(key);
        sim.run(10, {.host = {.deliver = 0.4, .refuse = 0.1, .lose = 0.1}, .crash = 0.02});
        sim.api.create(Write::create(kinds::kService, made));
      }
      auto now = sim.api.find({kinds::kReplicaSet, "default", "web"})->as<::k8s::io::api::apps::v1::ReplicaSet>();
      now.mutable_spec()->set_replicas(static_cast<int>(user.below(25)));
      sim.api.set(kinds::kReplicaSet, &now);
      sim.run(40,
              {.host = {.deliver = 0.4, .refuse = 0.15, .lose = 0.1, .answer = 0.5}, .crash = 0.02, .fail = 0.01});
    }
    ASSERT_TRUE(sim.settle(4000));
    std::set<std::string> running, in_endpoints, in_slices;
    for (const ObjectPtr& object : sim.api.all(kinds::kPod)) {
      if (facts_of_pod(*object).active()) running.insert(object->as<core::Pod>().status().podip());
    }
    const auto endpoints = sim.api.find({kinds::kEndpoints, "default", "web"})->as<core::Endpoints>();
    for (const auto& subset : endpoints.subsets()) {
      for (const auto& address : subset.addresses()) in_endpoints.insert(address.ip());
    }
    int listed = 0;
    for (const ObjectPtr& object : sim.api.all(kinds::kEndpointSlice)) {
      const auto slice = object->as<EndpointSlice>();
      EXPECT_LE(slice.endpoints_size(), kMostEndpointsPerSlice);
      for (const auto& endpoint : slice.endpoints()) in_slices.insert(endpoint.addresses(0));
      listed += slice.endpoints_size();
    }
    EXPECT_EQ(in_endpoints, running);
    EXPECT_EQ(in_slices, running);
    EXPECT_EQ(listed, static_cast<int>(running.size()));
    EXPECT_EQ(sim.writes_at_rest(50), 0u);
  }
}

}  // namespace
}  // namespace kabuki::controllers::testing
