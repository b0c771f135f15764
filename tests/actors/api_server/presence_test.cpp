// Which API servers the Endpoints of Service default/kubernetes name.
#include <atomic>
#include <gtest/gtest.h>

#include "actors/api_server/gateway_actor.hpp"
#include "actors/api_server/http/certificates.hpp"
#include "actors/api_server/presence/presence_actor.hpp"
#include "messages/bus/control.pb.h"
#include "tests/actors/api_server/api_sim.hpp"

namespace kabuki::api_server {
namespace {

TEST(Presence, ALeaseCountsAsLongAsItIsSeenToChange) {
  Presence presence;
  const auto at = [](int64_t seconds) { return io::MonoTime{seconds * 1'000'000'000}; };
  const auto lease = [](const std::string& host, int port, uint64_t revision) {
    // Its own times are of long ago: only what is seen counts.
    return Object::at_revision(*Object::encode(kinds::kLease, presence_of({}, host, {"10.0.0.1", port}, {1}, 15s)),
                               revision);
  };
  const auto look = [&](const std::vector<ObjectPtr>& leases, int64_t seconds) {
    const auto seen = presence.look(leases, at(seconds));
    std::string out;
    for (const Server& server : seen.alive) out += std::to_string(server.port) + " ";
    for (const ObjectPtr& gone : seen.expired) out += "-" + std::string(gone->name()) + " ";
    return out;
  };
  EXPECT_EQ(look({lease("a", 1, 5), lease("b", 2, 6)}, 100), "1 2 ");
  EXPECT_EQ(look({lease("a", 1, 7), lease("b", 2, 6)}, 115), "1 2 ");
  EXPECT_EQ(look({lease("a", 1, 7), lease("b", 2, 6)}, 116), "1 -apiserver-b ");
  EXPECT_EQ(look({lease("a", 1, 7), lease("b", 2, 8)}, 117), "1 2 ") << "it is back";
  EXPECT_EQ(look({lease("a", 1, 7)}, 131), "-apiserver-a ");
}

TEST(Presence, EndpointsNameServersByTheirPorts) {
  const Servers servers{{"10.0.0.1", 6443}, {"10.0.0.2", 6443}, {"10.0.0.1", 7443}};
  const auto endpoints = endpoints_of({}, servers);
  EXPECT_EQ(endpoints.subsets_size(), 2);
  EXPECT_EQ(endpoints.subsets(0).addresses_size(), 2);
  EXPECT_EQ(servers_of(endpoints), servers);
  EXPECT_EQ(servers_of({}), Servers{});
}

/// Three masters beside the store of ApiSim.
struct Masters : ApiSim {
  void SetUp() override {
    ApiSim::SetUp();
    ::k8s::io::api::core::v1::Namespace space;
    space.mutable_metadata()->set_name(kPresenceNamespace);
    ASSERT_FALSE(write({actors::Write::create(kinds::kNamespace, space)})[0].error);
  }
  void start(const std::string& host, uint64_t incarnation = 1) {
    runtime::Host& added =
        incarnation == 1 ? world->add_host(named(host)) : world->restart_host(host, named(host, incarnation));
    // Who holds a role is a control-plane host, and may write what is not its own nodes'.
    world->host("host-1")->set_role("of-" + host, {host + "/presence"});
    added.set_role(std::string(runtime::roles::kApiServer), {"host-1/api"});
    const Server server{"10.0.0." + host.substr(7), 6443};
    ASSERT_TRUE(added
                    .start(runtime::tree({{.name = "presence", .make = [server] { return make_presence({server}); }}},
                                         runtime::Strategy::one_for_one, 1000))
                    .ok());
    world->connect_all();
  }
  std::string serving() {
    std::string out;
    auto got = http("GET", "/api/v1/namespaces/default/endpoints/kubernetes");
    if (got->status != 200) return out;
    const auto json = got->json();
    for (const auto& subset : json["subsets"]) {
      for (const auto& address : subset["addresses"]) out += address["ip"].get<std::string>() + " ";
    }
    return out;
  }
  size_t leases() {
    const auto list = http("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases")->json();
    return list["items"].size();
  }
};

TEST_F(Masters, EachAddsItselfAndTheOthersTakeAwayWhoIsSilent) {
  for (const char* host : {"master-1", "master-2", "master-3"}) start(host);
  world->run_for(5s);
  EXPECT_EQ(serving(), "10.0.0.1 10.0.0.2 10.0.0.3 ");
  world->run_for(60s);
  EXPECT_EQ(serving(), "10.0.0.1 10.0.0.2 10.0.0.3 ");

  world->crash_host("master-2");
  world->run_for(40s);
  EXPECT_EQ(serving(), "10.0.0.1 10.0.0.3 ");
  EXPECT_EQ(leases(), 2U);
  start("master-2", 2);
  world->run_for(5s);
  EXPECT_EQ(serving(), "10.0.0.1 10.0.0.2 10.0.0.3 ");
}

TEST_F(Masters, WhoIsCutOffComesBackByItself) {
  for (const char* host : {"master-1", "master-2", "master-3"}) start(host);
  world->run_for(15s);
  world->network().isolate("master-3");
  world->run_for(40s);
  EXPECT_EQ(serving(), "10.0.0.1 10.0.0.2 ");
  world->network().heal_all();
  world->run_for(20s);
  EXPECT_EQ(serving(), "10.0.0.1 10.0.0.2 10.0.0.3 ");
}

TEST_F(Masters, WhatNobodySaysOfItselfIsNotKept) {
  const std::string stale = R"({"metadata":{"name":"kubernetes"},"subsets":[
      {"addresses":[{"ip":"10.0.0.9"}],"ports":[{"name":"https","port":6443}]}]})";
  ASSERT_EQ(http("POST", "/api/v1/namespaces/default/endpoints", stale)->status, 201);
  start("master-1");
  world->run_for(5s);
  EXPECT_EQ(serving(), "10.0.0.1 ");
  ASSERT_EQ(http("DELETE", "/api/v1/namespaces/default/endpoints/kubernetes")->status, 200);
  world->run_for(15s);
  EXPECT_EQ(serving(), "10.0.0.1 ");
}

TEST_F(Masters, TheListenerOutlivesItsPresence) {
  const http::Validity always{{0}, {int64_t{4'000'000'000} * 1'000'000'000}};
  const http::KeyPair authority = *http::make_authority("test", http::Serial{1}, always);
  const http::KeyPair pair = *http::make_server_certificate(authority, {}, http::Serial{2}, always);
  auto listened = std::make_shared<std::atomic<int>>(0);
  GatewayOptions options{.certificate_pem = pair.certificate_pem,
                         .key_pem = pair.key_pem,
                         .client_authority_pem = authority.certificate_pem,
                         .gate = gate,
                         .listening = [listened](uint16_t) { ++*listened; },
                         .advertised = "10.0.0.7"};
  runtime::Host& added = world->add_host(named("master-7"));
  world->host("host-1")->set_role("of-master-7", {"master-7/gateway/presence"});
  added.set_role(std::string(runtime::roles::kApiServer), {"host-1/api"});
  ASSERT_TRUE(
      added
          .start(runtime::tree({{.name = "gateway", .make = gateway(options)}}, runtime::Strategy::one_for_one, 1000))
          .ok());
  world->connect_all();
  world->run_for(5s);
  EXPECT_EQ(serving(), "10.0.0.7 ");
  for (int i = 0; i < 3; ++i) {
    auto killed = ask("master-7", "master-7/gateway/presence", runtime::make_message(bus::KillActor()));
    ASSERT_TRUE(killed.ok()) << killed.error().message << ": it has not begun anew";
    world->run_for(3s);
  }
  EXPECT_EQ(*listened, 1);
  EXPECT_EQ(serving(), "10.0.0.7 ");
}

}  // namespace
}  // namespace kabuki::api_server
