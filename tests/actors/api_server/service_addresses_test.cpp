#include "messages/api/core/v1/service.pb.h"
#include "messages/api/networking/v1/ip_address.pb.h"
#include "tests/actors/api_server/api_sim.hpp"

namespace kabuki::api_server {
namespace {

using actors::Write;
using Service = ::k8s::io::api::core::v1::Service;
using IPAddress = ::k8s::io::api::networking::v1::IPAddress;

const std::string kAddresses = "/apis/networking.k8s.io/v1/ipaddresses/";
const std::string kServices = "/api/v1/namespaces/default/services";

struct ServiceAddressesSim : ApiSim {
  int create(const std::string& name, const std::string& address = "") {
    nlohmann::json body{{"metadata", {{"name", name}}}, {"spec", {{"ports", {{{"port", 80}}}}}}};
    if (!address.empty()) body["spec"]["clusterIP"] = address;
    return http("POST", kServices, body.dump())->status;
  }
  std::string address(const std::string& name) {
    return http("GET", kServices + "/" + name)->json()["spec"].value("clusterIP", "");
  }
  /// "default/a", or "" where there is none.
  std::string owner(const std::string& address) {
    auto answer = http("GET", kAddresses + address);
    if (answer->status != 200) return "";
    auto parent = answer->json()["spec"]["parentRef"];
    return parent["namespace"].get<std::string>() + "/" + parent["name"].get<std::string>();
  }
  /// As a crash or another program leaves the store: past the API server.
  template <class T>
  void put(KindId kind, const T& message) {
    const std::string shard = "objects";
    bus::Commit commit;
    auto object = Object::encode(kind, message);
    auto* mutation = commit.add_mutations();
    mutation->mutable_key()->set_kind(kind);
    mutation->mutable_key()->set_namespace_(std::string(object->ns()));
    mutation->mutable_key()->set_name(std::string(object->name()));
    mutation->set_put(true);
    auto answer = ask("host-1", "host-1/" + shard, runtime::make_message(commit, {object}));
    ASSERT_TRUE(answer.ok()) << answer.error().message;
  }
};

TEST_F(ServiceAddressesSim, AnAddressIsReservedForItsServiceAlone) {
  ASSERT_EQ(create("a"), 201);
  EXPECT_EQ(owner(address("a")), "default/a");
  EXPECT_EQ(create("b", address("a")), 422);
  ASSERT_EQ(create("c", "10.96.9.9"), 201);
  EXPECT_EQ(owner("10.96.9.9"), "default/c");
  EXPECT_EQ(create("d", "None"), 201);
}

TEST_F(ServiceAddressesSim, WhatIsNotMadeLeavesNoReservation) {
  ASSERT_EQ(create("a"), 201);
  EXPECT_EQ(create("a"), 409);
  EXPECT_EQ(create("a", "10.96.9.9"), 409);
  EXPECT_EQ(owner("10.96.9.9"), "");
  EXPECT_EQ(http("GET", "/apis/networking.k8s.io/v1/ipaddresses")->json()["items"].size(), 1u);
}

TEST_F(ServiceAddressesSim, AnAddressIsFreeAsSoonAsItsServiceIsGone) {
  ASSERT_EQ(create("a", "10.96.9.9"), 201);
  EXPECT_EQ(http("DELETE", kServices + "/a")->status, 200);
  EXPECT_EQ(owner("10.96.9.9"), "");
  EXPECT_EQ(create("b", "10.96.9.9"), 201);
  EXPECT_EQ(owner("10.96.9.9"), "default/b");
  // So it is of one that needs it no more.
  auto body = http("GET", kServices + "/b")->json();
  body["spec"]["type"] = "ExternalName";
  body["spec"]["externalName"] = "elsewhere.example";
  body["spec"].erase("clusterIP");
  body["spec"].erase("clusterIPs");
  EXPECT_EQ(http("PUT", kServices + "/b", body.dump())->status, 200);
  EXPECT_EQ(owner("10.96.9.9"), "");
}

TEST_F(ServiceAddressesSim, AReservationThatIsInUseStays) {
  ASSERT_EQ(create("a", "10.96.9.9"), 201);
  auto refused = http("DELETE", kAddresses + "10.96.9.9");
  EXPECT_EQ(refused->status, 409);
  EXPECT_NE(refused->body.find("belongs to service default/a"), std::string::npos) << refused->body;
  EXPECT_EQ(owner("10.96.9.9"), "default/a");
}

TEST_F(ServiceAddressesSim, WhatIsReservedElsewhereIsNotGiven) {
  IPAddress address;
  address.mutable_metadata()->set_name("10.96.0.11");
  address.mutable_spec()->mutable_parentref()->set_resource("services");
  address.mutable_spec()->mutable_parentref()->set_namespace_("other");
  address.mutable_spec()->mutable_parentref()->set_name("service");
  put(kinds::kIPAddress, address);
  // Also by who has not heard of it yet.
  ASSERT_EQ(create("a"), 201);
  EXPECT_NE(this->address("a"), "10.96.0.11");
  EXPECT_EQ(owner("10.96.0.11"), "other/service");
}

TEST_F(ServiceAddressesSim, WhatAnAttemptOfTheSameServiceLeftDoesNotStandInItsWay) {
  IPAddress address;
  address.mutable_metadata()->set_name("10.96.7.7");
  (*address.mutable_metadata()->mutable_labels())["ipaddress.kubernetes.io/managed-by"] = "ipallocator.k8s.io";
  address.mutable_spec()->mutable_parentref()->set_resource("services");
  address.mutable_spec()->mutable_parentref()->set_namespace_("default");
  address.mutable_spec()->mutable_parentref()->set_name("a");
  put(kinds::kIPAddress, address);
  EXPECT_EQ(create("b", "10.96.7.7"), 422) << "another's";
  ASSERT_EQ(create("a", "10.96.7.7"), 201);
  EXPECT_EQ(owner("10.96.7.7"), "default/a");
  EXPECT_EQ(create("a", "10.96.7.7"), 422) << "as Kubernetes has it";
  EXPECT_EQ(owner("10.96.7.7"), "default/a");
  EXPECT_EQ(this->address("a"), "10.96.7.7");
}

TEST_F(ServiceAddressesSim, WhatACrashLeftIsMended) {
  Service service;
  service.mutable_metadata()->set_namespace_("default");
  service.mutable_metadata()->set_name("without-reservation");
  service.mutable_spec()->set_clusterip("10.96.8.8");
  put(kinds::kService, service);
  IPAddress address;
  address.mutable_metadata()->set_name("10.96.7.7");
  (*address.mutable_metadata()->mutable_labels())["ipaddress.kubernetes.io/managed-by"] = "ipallocator.k8s.io";
  address.mutable_spec()->mutable_parentref()->set_resource("services");
  address.mutable_spec()->mutable_parentref()->set_namespace_("default");
  address.mutable_spec()->mutable_parentref()->set_name("never-made");
  put(kinds::kIPAddress, address);
  address.mutable_metadata()->set_name("10.96.7.8");
  address.mutable_metadata()->clear_labels();
  put(kinds::kIPAddress, address);
  world->run_for(200s);
  EXPECT_EQ(owner("10.96.8.8"), "default/without-reservation");
  EXPECT_EQ(owner("10.96.7.7"), "") << "of a service that was never made";
  EXPECT_EQ(owner("10.96.7.8"), "default/never-made") << "somebody else's";
}

TEST_F(ServiceAddressesSim, ReadyMeansThatEveryShardAnswers) {
  auto ready = http("GET", "/readyz?verbose");
  EXPECT_EQ(ready->status, 200);
  EXPECT_EQ(ready->body,
            "[+]ping ok\n[+]services ok\n[+]store/events ok\n[+]store/leases ok\n[+]store/objects ok\n"
            "[+]store/pods ok\nreadyz check passed\n");
  EXPECT_EQ(http("GET", "/readyz")->body, "ok");
  world->host("host-1")->remove_role("shard/leases");
  auto unready = http("GET", "/readyz");
  EXPECT_EQ(unready->status, 500);
  EXPECT_NE(unready->body.find("[-]store/leases failed: "), std::string::npos) << unready->body;
  EXPECT_NE(unready->body.find("[+]store/pods ok"), std::string::npos);
  EXPECT_EQ(http("GET", "/livez")->status, 200);
}

}  // namespace
}  // namespace kabuki::api_server
