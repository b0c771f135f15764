#include "actors/controllers/disruption.hpp"
#include "messages/api/core/v1/endpoints.pb.h"
#include "messages/api/core/v1/event.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/api/discovery/v1/endpoint_slice.pb.h"
#include "messages/int_or_string.hpp"
#include "tests/actors/controllers/cluster_sim.hpp"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;
namespace discovery = ::k8s::io::api::discovery::v1;
using actors::Write;

/// A deployment behind a service and under a budget, in a whole simulated cluster.
struct ServiceActors : ClusterSim {
  std::set<std::string> ready_addresses() {
    std::set<std::string> addresses;
    for (const ObjectPtr& object : list(kinds::kPod)) {
      if (facts_of_pod(*object).ready) addresses.insert(object->as<core::Pod>().status().podip());
    }
    return addresses;
  }
  std::set<std::string> in_endpoints() {
    std::set<std::string> addresses;
    const ObjectPtr object = find(kinds::kEndpoints, "default", "web");
    if (!object) return addresses;
    const auto endpoints = object->as<core::Endpoints>();
    for (const auto& subset : endpoints.subsets()) {
      for (const auto& address : subset.addresses()) addresses.insert(address.ip());
    }
    return addresses;
  }
  std::set<std::string> in_slices() {
    std::set<std::string> addresses;
    for (const ObjectPtr& object : list(kinds::kEndpointSlice)) {
      const auto slice = object->as<discovery::EndpointSlice>();
      for (const auto& endpoint : slice.endpoints()) {
        if (endpoint.conditions().ready()) addresses.insert(endpoint.addresses(0));
      }
    }
    return addresses;
  }
  std::string events() {
    std::string text;
    for (const ObjectPtr& object : list(kinds::kEvent)) {
      const auto event = object->as<core::Event>();
      if (event.type() == "Warning") text += event.reason() + ": " + event.message() + "; ";
    }
    return text;
  }
  int32_t allowed() {
    return find(kinds::kPodDisruptionBudget, "default", "web")->as<DisruptionBudget>().status().disruptionsallowed();
  }
};

TEST_F(ServiceActors, EndpointsAndBudgetsFollowThePodsWhoeverIsKilled) {
  start(31);
  create(4);
  core::Service service;
  service.mutable_metadata()->set_name("web");
  service.mutable_metadata()->set_namespace_("default");
  (*service.mutable_spec()->mutable_selector())["app"] = "web";
  service.mutable_spec()->add_ports()->set_port(80);
  DisruptionBudget budget;
  budget.mutable_metadata()->set_name("web");
  budget.mutable_metadata()->set_namespace_("default");
  (*budget.mutable_spec()->mutable_selector()->mutable_matchlabels())["app"] = "web";
  *budget.mutable_spec()->mutable_maxunavailable() = string_value("25%");
  for (const auto& outcome :
       write({Write::create(kinds::kService, service), Write::create(kinds::kPodDisruptionBudget, budget)})) {
    ASSERT_FALSE(outcome.error) << outcome.error->message;
  }
  for (const char* controller : {"endpoints", "endpoint-slice", "disruption"}) {
    world->run_for(io::Duration(world->random(controller).between(500'000'000, 2'000'000'000)));
    kill(std::string("host-1/controllers/") + controller);
  }
  auto as_it_is = [&](size_t pods) {
    const auto addresses = ready_addresses();
    return addresses.size() == pods && in_endpoints() == addresses && in_slices() == addresses;
  };
  ASSERT_TRUE(until([&] { return as_it_is(4); }, 300s))
      << testing::PrintToString(ready_addresses()) << testing::PrintToString(in_endpoints())
      << testing::PrintToString(in_slices()) << events();
  EXPECT_TRUE(until([&] { return allowed() == 1; }, 60s));
  const uint64_t at_rest = find(kinds::kEndpoints, "default", "web")->revision();
  world->run_for(60s);
  EXPECT_EQ(find(kinds::kEndpoints, "default", "web")->revision(), at_rest);

  auto wanted = find(kinds::kDeployment, "default", "web");
  auto fewer = wanted->as<::k8s::io::api::apps::v1::Deployment>();
  fewer.mutable_spec()->set_replicas(2);
  write({Write::update(*wanted, fewer)});
  EXPECT_TRUE(until([&] { return as_it_is(2); }, 120s));
  // A quarter of two, rounded up.
  EXPECT_TRUE(until([&] { return allowed() == 1; }, 60s));
  write({Write::remove(*find(kinds::kService, "default", "web"))});
  EXPECT_TRUE(until([&] { return !find(kinds::kEndpoints, "default", "web") && in_slices().empty(); }, 120s));
}

}  // namespace
}  // namespace kabuki::controllers
