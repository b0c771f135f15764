#include "actors/controllers/topology_hints.hpp"

#include <gtest/gtest.h>

#include "tests/actors/controllers/service_world.hpp"

namespace kabuki::controllers::testing {
namespace {

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
  ServiceWorld world;
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
  ServiceWorld world;
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

}  // namespace
}  // namespace kabuki::controllers::testing
