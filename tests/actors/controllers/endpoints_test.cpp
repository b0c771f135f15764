#include "actors/controllers/endpoints.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "actors/controllers/endpoint_slice.hpp"
#include "actors/controllers/endpoint_slice_mirroring.hpp"
#include "actors/controllers/endpoint_subsets.hpp"
#include "actors/controllers/garbage_collector.hpp"
#include "actors/controllers/replica_set.hpp"
#include "actors/controllers/service_pods.hpp"
#include "actors/controllers/topology_hints.hpp"
#include "messages/api/core/v1/endpoints.pb.h"
#include "messages/int_or_string.hpp"
#include "tests/actors/controllers/workload_sim.hpp"

namespace kabuki::controllers::testing {
namespace {

namespace discovery = ::k8s::io::api::discovery::v1;
using actors::Write;

const Key key{kinds::kService, "default", "web"};

template <class T>
T read(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

core::Service service(const std::string& spec = "") {
  auto service = read<core::Service>(
      R"(metadata { name: "web" namespace: "default" uid: "service-uid" labels { key: "team" value: "a" } }
         spec { selector { key: "app" value: "web" } clusterIP: "10.96.0.7" ipFamilies: "IPv4" })");
  service.MergeFrom(read<core::Service>("spec { " + spec + " }"));
  return service;
}

const std::string kPort = R"(ports { name: "http" protocol: "TCP" port: 80 targetPort { intVal: 8080 } } )";

/// "web-3": ready and on node n1, at 10.0.0.3; `more` adds.
core::Pod pod(int number, const std::string& more = "", bool ready = true) {
  const std::string name = "web-" + std::to_string(number);
  auto pod = read<core::Pod>("metadata { name: '" + name + "' namespace: 'default' uid: 'uid-" + name +
                             "' labels { key: 'app' value: 'web' } labels { key: 'x' value: 'y' } } " +
                             "spec { nodeName: 'n1' } status { phase: 'Running' podIP: '10.0.0." +
                             std::to_string(number) + "' podIPs { ip: '10.0.0." + std::to_string(number) + "' } }");
  auto* condition = pod.mutable_status()->add_conditions();
  condition->set_type("Ready");
  condition->set_status(ready ? "True" : "False");
  pod.MergeFrom(read<core::Pod>(more));
  return pod;
}

struct World {
  View view{View::kControllers | View::kNodes};

  World() {
    put(kinds::kNode,
        read<core::Node>(R"(metadata { name: "n1" labels { key: "topology.kubernetes.io/zone" value: "z1" } })"));
  }
  void put(KindId kind, const google::protobuf::Message& message) { view.put(Object::encode(kind, message, 4)); }

  /// "ips|not ready ips|name:port,..." per subset.
  std::string subsets() {
    const Plan plan = reconcile_endpoints(view, key);
    if (plan.empty()) return "rests";
    return text(plan.steps[0].write.object->as<core::Endpoints>());
  }
  static std::string text(const core::Endpoints& endpoints) {
    std::string out;
    for (const auto& subset : endpoints.subsets()) {
      auto list = [](const auto& items, auto show) {
        std::string text;
        for (const auto& item : items) text += (text.empty() ? "" : ",") + show(item);
        return text;
      };
      auto ip = [](const auto& address) { return address.ip(); };
      out += (out.empty() ? "" : " ") + list(subset.addresses(), ip) + "|" + list(subset.notreadyaddresses(), ip) +
             "|" +
             list(subset.ports(), [](const auto& port) { return port.name() + ":" + std::to_string(port.port()); });
    }
    return out;
  }
  /// Carries a plan out.
  void apply(const Plan& plan) {
    for (const Step& step : plan.steps) {
      if (step.write.verb == bus::WriteObjects::DELETE) {
        view.remove(step.write.key);
        continue;
      }
      auto message = FakeApi::parse(*step.write.object);
      ObjectMeta* meta = mutable_meta(message.get());
      if (meta->name().empty()) meta->set_name(meta->generatename() + std::to_string(++named));
      view.put(Object::encode(step.write.key.kind, *message, 8));
    }
  }
  /// Sizes of the slices by name.
  std::string slices() {
    std::string out;
    for (const ObjectPtr& object : view.all(kinds::kEndpointSlice)) {
      const auto slice = object->as<EndpointSlice>();
      out += (out.empty() ? "" : " ") + slice.metadata().name() + "=" + std::to_string(slice.endpoints_size());
    }
    return out;
  }
  /// What a reconcile of slices wrote: "+" created, "~" updated, "-" deleted.
  std::string reconcile_slices() {
    const Plan plan = reconcile_endpoint_slices(view, key);
    std::string out;
    for (const Step& step : plan.steps) {
      const auto verb = step.write.verb;
      out += verb == bus::WriteObjects::CREATE ? '+' : verb == bus::WriteObjects::DELETE ? '-' : '~';
    }
    apply(plan);
    return out;
  }
  int named = 0;
};

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
    World world;
    world.put(kinds::kService, service(one.spec));
    for (const auto& p : one.pods) world.put(kinds::kPod, p);
    EXPECT_EQ(world.subsets(), one.subsets);
  }
}

TEST(Endpoints, AreWrittenWholeAndOnlyWhenSomethingChanged) {
  World world;
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
  World world;
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
  World world;
  world.put(kinds::kService, service(kPort));
  for (int i = 0; i < 1001; ++i) world.put(kinds::kPod, pod(i));
  const Plan plan = reconcile_endpoints(world.view, key);
  const auto endpoints = plan.steps.at(0).write.object->as<core::Endpoints>();
  EXPECT_EQ(endpoints.subsets(0).addresses_size(), 1000);
  EXPECT_EQ(endpoints.metadata().annotations().at("endpoints.kubernetes.io/over-capacity"), "truncated");
}

TEST(EndpointSlices, AreWrittenWholeAndOnlyWhenSomethingChanged) {
  World world;
  world.put(kinds::kService, service(kPort));
  world.put(kinds::kPod, pod(1, "metadata { deletionTimestamp { seconds: 9 } }"));
  const auto expected = read<EndpointSlice>(R"(
    metadata { generateName: "web-" namespace: "default"
      labels { key: "team" value: "a" } labels { key: "kubernetes.io/service-name" value: "web" }
      labels { key: "endpointslice.kubernetes.io/managed-by" value: "endpointslice-controller.k8s.io" }
      ownerReferences { kind: "Service" name: "web" uid: "service-uid" apiVersion: "v1" controller: true
                        blockOwnerDeletion: true } }
    addressType: "IPv4"
    endpoints { addresses: "10.0.0.1" conditions { ready: false serving: true terminating: true }
                targetRef { kind: "Pod" namespace: "default" name: "web-1" uid: "uid-web-1" }
                nodeName: "n1" zone: "z1" }
    ports { name: "http" protocol: "TCP" port: 8080 })");
  const Plan plan = reconcile_endpoint_slices(world.view, key);
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(plan.steps[0].write, Write::create(kinds::kEndpointSlice, expected));
  world.apply(plan);
  EXPECT_EQ(world.reconcile_slices(), "");
  auto relabelled = service(kPort);
  (*relabelled.mutable_metadata()->mutable_labels())["team"] = "b";
  world.put(kinds::kService, relabelled);
  EXPECT_EQ(world.reconcile_slices(), "~");
}

TEST(EndpointSlices, ChangeAsLittleAsCanBe) {
  World world;
  world.put(kinds::kService, service(kPort));
  EXPECT_EQ(world.reconcile_slices(), "+");  // one that says that there is nothing
  EXPECT_EQ(world.slices(), "web-1=0");
  for (int i = 0; i < 250; ++i) world.put(kinds::kPod, pod(i));
  EXPECT_EQ(world.reconcile_slices(), "~++");
  std::string sizes = world.slices();
  EXPECT_TRUE(sizes == "web-1=50 web-2=100 web-3=100" || sizes == "web-1=100 web-2=100 web-3=50") << sizes;
  EXPECT_EQ(world.reconcile_slices(), "");
  // One more goes where there is room for it.
  world.put(kinds::kPod, pod(250));
  EXPECT_EQ(world.reconcile_slices(), "~");
  // Of one that goes and one that comes only one slice hears.
  world.view.remove({kinds::kPod, "default", "web-3"});
  world.put(kinds::kPod, pod(251));
  EXPECT_EQ(world.reconcile_slices(), "~");
  // Without room in any for all of them there is a new one, although there is room in several for some.
  for (int i = 252; i < 322; ++i) world.put(kinds::kPod, pod(i));
  EXPECT_EQ(world.reconcile_slices(), "+");
  // One pod changes in place.
  world.put(kinds::kPod, pod(7, "", false));
  EXPECT_EQ(world.reconcile_slices(), "~");
  for (int i = 0; i < 322; ++i) world.view.remove({kinds::kPod, "default", "web-" + std::to_string(i)});
  EXPECT_EQ(world.reconcile_slices(), "---~");
  EXPECT_EQ(world.reconcile_slices(), "");
}

TEST(EndpointSlices, OfOtherPortsTakeTheirPlace) {
  World world;
  world.put(kinds::kService, service(kPort));
  for (int i = 0; i < 3; ++i) world.put(kinds::kPod, pod(i));
  EXPECT_EQ(world.reconcile_slices(), "+");
  world.put(kinds::kService, service(R"(ports { name: "http" protocol: "TCP" port: 80 targetPort { intVal: 9 } })"));
  EXPECT_EQ(world.reconcile_slices(), "~");
  EXPECT_EQ(world.slices(), "web-1=3");
}

TEST(EndpointSlices, EachFamilyHasItsOwn) {
  World world;
  world.put(kinds::kService, service(kPort + "ipFamilies: 'IPv6'"));
  world.put(kinds::kPod, pod(1, "status { podIPs { ip: 'fd00::1' } }"));
  world.put(kinds::kPod, pod(2));
  EXPECT_EQ(world.reconcile_slices(), "++");
  std::string all;
  for (const ObjectPtr& object : world.view.all(kinds::kEndpointSlice)) {
    const auto slice = object->as<EndpointSlice>();
    all += slice.addresstype() + ":";
    for (const auto& endpoint : slice.endpoints()) all += " " + endpoint.addresses(0);
    all += "; ";
  }
  EXPECT_EQ(all, "IPv4: 10.0.0.1 10.0.0.2; IPv6: fd00::1; ");
}

TEST(EndpointSlices, PodsOfANodeThatIsGoneAreLeftOut) {
  for (const bool publishes_all : {false, true}) {
    World world;
    world.put(kinds::kService, service(kPort + (publishes_all ? "publishNotReadyAddresses: true" : "")));
    world.put(kinds::kPod, pod(1, "spec { nodeName: 'gone' }"));
    world.reconcile_slices();
    EXPECT_EQ(world.slices(), publishes_all ? "web-1=1" : "web-1=0");
  }
}

/// An endpoint of "10.0.0.<number>" in a zone.
discovery::Endpoint endpoint_in(const std::string& zone, int number, bool ready = true) {
  discovery::Endpoint endpoint;
  endpoint.add_addresses("10.0.0." + std::to_string(number));
  endpoint.mutable_conditions()->set_ready(ready);
  if (!zone.empty()) endpoint.set_zone(zone);
  endpoint.set_nodename("node-" + zone);
  return endpoint;
}

/// "a", "a@node", or "-" for each.
std::string hints(const std::vector<discovery::Endpoint>& endpoints) {
  std::string out;
  for (const auto& one : endpoints) {
    std::string text = one.hints().forzones().empty() ? "" : one.hints().forzones(0).name();
    if (!one.hints().fornodes().empty()) text += "@" + one.hints().fornodes(0).name();
    out += text.empty() ? "-" : text;
  }
  return out;
}

TEST(TopologyHints, GiveEveryZoneEndpointsInProportionToItsProcessors) {
  struct Case {
    const char* what;
    std::map<std::string, int64_t> cpu;
    std::string zones;  // of the endpoints; capitals are not ready
    std::map<std::string, std::string> before;
    std::string hints, why_not;
  };
  const Case cases[] = {
      {"balanced", {{"a", 1000}, {"b", 1000}}, "aabb", {}, "aabb", ""},
      {"one lends", {{"a", 1000}, {"b", 1000}}, "aaab", {}, "baab", ""},
      {"who is lent stays lent", {{"a", 1000}, {"b", 1000}}, "aaab", {{"10.0.0.3", "b"}}, "aabb", ""},
      {"a zone without endpoints", {{"a", 1000}, {"b", 1000}, {"c", 1000}}, "aabbaa", {}, "ccbbaa", ""},
      {"what is not ready has none", {{"a", 1000}, {"b", 1000}}, "aAbba", {}, "a-bba", ""},
      {"unequal zones", {{"a", 3000}, {"b", 1000}}, "abbb", {}, "aaab", ""},
      {"one zone", {{"a", 1000}}, "aa", {}, "--", "Nodes only ready in one zone"},
      {"too few",
       {{"a", 1000}, {"b", 1000}, {"c", 1000}},
       "ab",
       {},
       "--",
       "Insufficient number of endpoints (2 endpoints, 3 zones)"},
      {"no zone can have a part of one",
       {{"a", 2000}, {"b", 2000}, {"c", 100}},
       "aab",
       {},
       "---",
       "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (3 "
       "endpoints, "
       "3 zones)"},
      {"an endpoint without a zone",
       {{"a", 1000}, {"b", 1000}},
       "abb.",
       {},
       "----",
       "One or more endpoints do not have a zone specified"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    std::vector<discovery::Endpoint> endpoints;
    for (const char zone : one.zones) {
      const bool ready = zone == '.' || std::islower(zone);
      const std::string name(1, static_cast<char>(std::tolower(zone)));
      endpoints.push_back(endpoint_in(zone == '.' ? "" : name, static_cast<int>(endpoints.size()) + 1, ready));
    }
    std::vector<discovery::Endpoint*> pointers;
    for (auto& endpoint : endpoints) pointers.push_back(&endpoint);
    EXPECT_EQ(hint_in_proportion({one.cpu, true}, one.before, pointers), one.why_not);
    EXPECT_EQ(hints(endpoints), one.hints);
  }
  EXPECT_EQ(hint_in_proportion({{{"", 1000}}, false}, {}, {}),
            "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes");
}

TEST(TopologyHints, FollowTheTrafficDistribution) {
  struct Case {
    const char* distribution;
    std::string hints;  // of a ready one, one that is not, one without a zone
  };
  for (const Case& one : {Case{"", "---"}, Case{"Other", "---"}, Case{"PreferClose", "a--"},
                          Case{"PreferSameZone", "a--"}, Case{"PreferSameNode", "a@node-a-@node-"}}) {
    SCOPED_TRACE(one.distribution);
    std::vector<discovery::Endpoint> endpoints = {endpoint_in("a", 1), endpoint_in("a", 2, false),
                                                  endpoint_in("", 3)};
    for (auto& endpoint : endpoints) hint_by_distribution(one.distribution, &endpoint);
    EXPECT_EQ(hints(endpoints), one.hints);
  }
}

TEST(TopologyHints, AreWrittenIntoSlicesAndTakenBack) {
  World world;
  for (const std::string& zone : {std::string("a"), std::string("b")}) {
    world.put(kinds::kNode,
              read<core::Node>("metadata { name: 'n" + zone +
                               "' labels { key: 'topology.kubernetes.io/zone' value: '" + zone +
                               "' } } status { allocatable { key: 'cpu' value { string: '4' } } conditions { type: "
                               "'Ready' status: 'True' } }"));
  }
  auto put_service = [&](const std::string& more) {
    auto web = service(kPort);
    web.MergeFrom(read<core::Service>(more));
    world.put(kinds::kService, web);
  };
  const std::string automatic =
      "metadata { annotations { key: 'service.kubernetes.io/topology-mode' value: 'Auto' } }";
  for (int i = 1; i <= 4; ++i) {
    auto one = pod(i);
    one.mutable_spec()->set_nodename(i == 4 ? "nb" : "na");
    world.put(kinds::kPod, one);
  }
  auto told = [&] {
    std::string text;
    for (const auto& event : reconcile_endpoint_slices(world.view, key).events) {
      text += event.type + " " + event.reason + ": " + event.message;
    }
    return text;
  };
  auto hinted = [&] {
    const auto slice = (*world.view.all(kinds::kEndpointSlice).begin())->as<EndpointSlice>();
    return hints({slice.endpoints().begin(), slice.endpoints().end()});
  };
  put_service(automatic);
  EXPECT_EQ(told(), "Normal TopologyAwareHintsEnabled: Topology Aware Hints has been enabled, addressType: IPv4");
  EXPECT_EQ(world.reconcile_slices(), "+");
  EXPECT_EQ(hinted(), "baab");
  EXPECT_EQ(world.reconcile_slices(), "");
  put_service("spec { trafficDistribution: 'PreferClose' }");
  EXPECT_EQ(world.reconcile_slices(), "~");
  EXPECT_EQ(hinted(), "aaab");
  put_service(automatic + " spec { trafficDistribution: 'PreferClose' }");
  world.view.remove({kinds::kNode, "", "nb"});
  EXPECT_EQ(told(), "Warning TopologyAwareHintsDisabled: Nodes only ready in one zone, addressType: IPv4");
  EXPECT_EQ(world.reconcile_slices(), "~");
  EXPECT_EQ(hinted(), "---") << "the annotation outweighs the field, and the pod's node is gone";
  EXPECT_EQ(told(), "") << "what has not changed was told before";
}

TEST(TopologyHints, AreLookedAtAgainWhenTheZonesChange) {
  World world;
  auto web = service(kPort);
  web.MergeFrom(
      read<core::Service>("metadata { annotations { key: 'service.kubernetes.io/topology-mode' value: 'Auto' } }"));
  world.put(kinds::kService, web);
  const auto node = [](const std::string& more) {
    return Object::encode(kinds::kNode, read<core::Node>("metadata { name: 'n9' } " + more), 5);
  };
  const std::string ready =
      "status { conditions { type: 'Ready' status: 'True' } allocatable { key: 'cpu' value { "
      "string: '4' } } }";
  auto concerned = [&](const ObjectPtr& before, const ObjectPtr& after) {
    std::vector<Key> keys;
    endpoint_slice_controller().concerns(world.view, {before, after}, &keys);
    return keys.size();
  };
  EXPECT_EQ(concerned(nullptr, node(ready)), 1u);
  EXPECT_EQ(concerned(node(ready), node(ready + " spec { unschedulable: true }")), 0u);
  EXPECT_EQ(concerned(node(ready), node("")), 1u);
}

TEST(EndpointSlices, ThoseOfAFormerServiceOfTheNameAreNotTouched) {
  World world;
  world.put(kinds::kService, service(kPort));
  world.put(kinds::kPod, pod(1));
  world.reconcile_slices();
  auto again = service(kPort);
  again.mutable_metadata()->set_uid("another-uid");
  world.put(kinds::kService, again);
  EXPECT_EQ(world.reconcile_slices(), "+");
  EXPECT_EQ(world.slices(), "web-1=1 web-2=1");
}

TEST(EndpointSliceMirroring, MirrorsWhatNoSelectorMade) {
  const Key mirrored{kinds::kEndpoints, "default", "web"};
  World world;
  auto endpoints = read<core::Endpoints>(R"(
    metadata { name: "web" namespace: "default" uid: "e" labels { key: "a" value: "b" }
      annotations { key: "kubectl.kubernetes.io/last-applied-configuration" value: "{}" }
      annotations { key: "note" value: "yes" } }
    subsets { addresses { ip: "1.2.3.4" hostname: "h" } notReadyAddresses { ip: "1.2.3.5" nodeName: "n1" }
              ports { name: "x" port: 5 protocol: "TCP" } }
    subsets { addresses { ip: "fd00::1" } ports { name: "x" port: 5 protocol: "TCP" } })");
  auto without = service();
  without.mutable_spec()->clear_selector();
  world.put(kinds::kEndpoints, endpoints);
  EXPECT_EQ(reconcile_endpoint_slice_mirroring(world.view, mirrored), Plan()) << "without a service";
  world.put(kinds::kService, without);
  const std::string metadata = R"(metadata { generateName: "web-" namespace: "default"
      labels { key: "a" value: "b" } labels { key: "kubernetes.io/service-name" value: "web" }
      labels { key: "endpointslice.kubernetes.io/managed-by" value: "endpointslicemirroring-controller.k8s.io" }
      annotations { key: "note" value: "yes" }
      ownerReferences { kind: "Endpoints" name: "web" uid: "e" apiVersion: "v1" controller: true
                        blockOwnerDeletion: true } } )";
  const std::string ports = R"( ports { name: "x" protocol: "TCP" port: 5 })";
  Plan expected;
  expected.add(Write::create(kinds::kEndpointSlice, read<EndpointSlice>(metadata + R"(addressType: "IPv4"
        endpoints { addresses: "1.2.3.4" conditions { ready: true } hostname: "h" }
        endpoints { addresses: "1.2.3.5" conditions { ready: false } nodeName: "n1" })" +
                                                                        ports)));
  expected.add(Write::create(kinds::kEndpointSlice, read<EndpointSlice>(metadata + R"(addressType: "IPv6"
        endpoints { addresses: "fd00::1" conditions { ready: true } })" +
                                                                        ports)));
  const Plan plan = reconcile_endpoint_slice_mirroring(world.view, mirrored);
  EXPECT_EQ(plan, expected);
  world.apply(plan);
  EXPECT_EQ(reconcile_endpoint_slice_mirroring(world.view, mirrored), Plan());
  (*endpoints.mutable_metadata()->mutable_labels())["endpointslice.kubernetes.io/skip-mirror"] = "true";
  world.put(kinds::kEndpoints, endpoints);
  EXPECT_EQ(reconcile_endpoint_slice_mirroring(world.view, mirrored).steps.size(), 2u) << "both go";
  endpoints.mutable_metadata()->clear_labels();
  world.put(kinds::kEndpoints, endpoints);
  world.put(kinds::kService, service());
  EXPECT_EQ(reconcile_endpoint_slice_mirroring(world.view, mirrored).steps.size(), 2u) << "a selector makes others";
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
