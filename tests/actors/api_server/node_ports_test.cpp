#include "actors/api_server/node_ports.hpp"

#include "actors/api_server/write/service_ports.hpp"
#include "messages/api/core/v1/service.pb.h"
#include "messages/json.hpp"
#include "tests/actors/api_server/api_sim.hpp"

namespace kabuki::api_server {
namespace {

using Service = ::k8s::io::api::core::v1::Service;
using Json = nlohmann::json;

Service service(const std::string& spec) {
  Service out;
  EXPECT_TRUE(decode_json(R"({"metadata":{"name":"s"},"spec":)" + spec + "}", &out).ok()) << spec;
  return out;
}

/// "80/TCP:30000 ..." and the port of the health check, if it has one.
std::string ports_of(const Service& of) {
  std::string out;
  for (const auto& port : of.spec().ports()) {
    out += (out.empty() ? "" : " ") + std::to_string(port.port()) + "/" + port.protocol() + ":" +
           std::to_string(port.nodeport());
  }
  if (of.spec().healthchecknodeport() != 0) out += " health:" + std::to_string(of.spec().healthchecknodeport());
  return out;
}

std::string settled(const std::string& old, const std::string& now) {
  Service next = service(now);
  settle_node_ports(service(old), {31000, 31001, 31002}, &next);
  return ports_of(next);
}

constexpr const char* kTwo = R"("ports":[{"port":80,"protocol":"TCP"},{"port":443,"protocol":"TCP"}])";
constexpr const char* kHad = R"({"type":"NodePort","ports":[{"port":80,"protocol":"TCP","nodePort":30080}]})";

TEST(ServiceNodePorts, AreGivenToTypesThatHaveThem) {
  const std::string two = kTwo;
  EXPECT_EQ(settled("{}", R"({"type":"NodePort",)" + two + "}"), "80/TCP:31000 443/TCP:31001");
  EXPECT_EQ(settled("{}", R"({"type":"LoadBalancer",)" + two + "}"), "80/TCP:31000 443/TCP:31001");
  EXPECT_EQ(settled("{}", R"({"type":"ClusterIP",)" + two + "}"), "80/TCP:0 443/TCP:0");
  EXPECT_EQ(settled("{}", R"({"type":"LoadBalancer","allocateLoadBalancerNodePorts":false,)" + two + "}"),
            "80/TCP:0 443/TCP:0");
  EXPECT_EQ(settled("{}", R"({"type":"LoadBalancer","externalTrafficPolicy":"Local",)" + two + "}"),
            "80/TCP:31000 443/TCP:31001 health:31002");
  EXPECT_EQ(
      settled("{}", R"({"type":"NodePort","ports":[{"port":53,"protocol":"UDP"},{"port":53,"protocol":"TCP"}]})"),
      "53/UDP:31000 53/TCP:31000");
}

TEST(ServiceNodePorts, StayWithTheirPortAndGoWithTheirType) {
  EXPECT_EQ(settled(kHad, R"({"type":"NodePort",)" + std::string(kTwo) + "}"), "80/TCP:30080 443/TCP:31000");
  EXPECT_EQ(settled(kHad, R"({"type":"NodePort","ports":[{"port":81,"protocol":"TCP"}]})"), "81/TCP:31000");
  EXPECT_EQ(settled(kHad, R"({"type":"NodePort","ports":[{"port":80,"protocol":"TCP","nodePort":30081}]})"),
            "80/TCP:30081");
  EXPECT_EQ(settled(kHad, R"({"type":"ClusterIP","ports":[{"port":80,"protocol":"TCP","nodePort":30080}]})"),
            "80/TCP:0");
  // Validation refuses one that is newly named.
  EXPECT_EQ(settled(kHad, R"({"type":"ClusterIP","ports":[{"port":80,"protocol":"TCP","nodePort":30081}]})"),
            "80/TCP:30081");
}

TEST(ServiceNodePorts, WhatBelongsToATypeGoesWithIt) {
  const std::string outside =
      R"("externalTrafficPolicy":"Local","allocateLoadBalancerNodePorts":true,"loadBalancerClass":"a/b","healthCheckNodePort":30001,)"
      R"("ports":[{"port":80,"protocol":"TCP","nodePort":30080}]})";
  Service inside = service(R"({"type":"ClusterIP",)" + outside);
  settle_node_ports(service(R"({"type":"LoadBalancer",)" + outside), {}, &inside);
  EXPECT_EQ(inside.spec().DebugString(),
            service(R"({"type":"ClusterIP","ports":[{"port":80,"protocol":"TCP"}]})").spec().DebugString());
  Service same = service(R"({"type":"LoadBalancer",)" + outside);
  settle_node_ports(service(R"({"type":"LoadBalancer",)" + outside), {}, &same);
  EXPECT_EQ(same.spec().DebugString(), service(R"({"type":"LoadBalancer",)" + outside).spec().DebugString());
}

TEST(ServiceNodePorts, WhatIsMissingIsCounted) {
  EXPECT_EQ(node_ports_wanted(service(R"({"type":"NodePort",)" + std::string(kTwo) + "}")), 2u);
  EXPECT_EQ(node_ports_wanted(service(kHad)), 0u);
  EXPECT_EQ(node_ports_wanted(service(R"({"type":"ClusterIP",)" + std::string(kTwo) + "}")), 0u);
}

const std::string kServices = "/api/v1/namespaces/default/services";

struct ServiceNodePortsSim : ApiSim {
  auto create(const std::string& name, int node_port = 0, const std::string& type = "NodePort") {
    Json port{{"port", 80}};
    if (node_port != 0) port["nodePort"] = node_port;
    return http("POST", kServices,
                Json{{"metadata", {{"name", name}}}, {"spec", {{"type", type}, {"ports", {port}}}}}.dump());
  }
  int node_port(const std::string& name) {
    return http("GET", kServices + "/" + name)->json()["spec"]["ports"][0].value("nodePort", 0);
  }
  auto patch(const std::string& name, const std::string& body) {
    return http("PATCH", kServices + "/" + name, body, {{"content-type", "application/merge-patch+json"}});
  }
};

TEST_F(ServiceNodePortsSim, EachServiceHasOneOfItsOwn) {
  std::set<int> ports;
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(create("s" + std::to_string(i))->status, 201);
    ports.insert(node_port("s" + std::to_string(i)));
  }
  EXPECT_EQ(ports.size(), 20u);
  EXPECT_GE(*ports.begin(), 30000);
  EXPECT_LE(*ports.rbegin(), 32767);
}

TEST_F(ServiceNodePortsSim, OnesThatAreTakenOrOutOfRangeAreRefused) {
  ASSERT_EQ(create("a", 30080)->status, 201);
  const auto cause = [](const auto& answer) {
    return std::to_string(answer->status) + " " + answer->json()["details"]["causes"][0].value("field", "") + ": " +
           answer->json()["details"]["causes"][0].value("message", "");
  };
  const std::string taken = "422 spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated";
  EXPECT_EQ(cause(create("b", 30080)), taken);
  EXPECT_EQ(
      cause(create("b", 80)),
      "422 spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid "
      "ports is 30000-32767");
  ASSERT_EQ(create("b")->status, 201);
  EXPECT_EQ(cause(patch("b", R"({"spec":{"ports":[{"port":80,"nodePort":30080}]}})")), taken);
  EXPECT_EQ(patch("b", R"({"spec":{"ports":[{"port":80,"nodePort":30081}]}})")->status, 200);
  EXPECT_EQ(node_port("b"), 30081);
}

TEST_F(ServiceNodePortsSim, ADryRunRefusesWhatAWriteWouldAndHoldsNothing) {
  ASSERT_EQ(create("a", 30080)->status, 201);
  ASSERT_EQ(create("b")->status, 201);
  const auto tried = [&](int port) {
    return http("POST", kServices + "?dryRun=All",
                Json{{"metadata", {{"name", "c"}}},
                     {"spec", {{"type", "NodePort"}, {"ports", {{{"port", 80}, {"nodePort", port}}}}}}}
                    .dump());
  };
  EXPECT_EQ(tried(30080)->status, 422);
  EXPECT_EQ(tried(80)->status, 422);
  EXPECT_EQ(http("PATCH", kServices + "/b?dryRun=All", R"({"spec":{"ports":[{"port":80,"nodePort":30080}]}})",
                 {{"content-type", "application/merge-patch+json"}})
                ->status,
            422);
  EXPECT_EQ(http("PATCH", kServices + "/a?dryRun=All", R"({"metadata":{"labels":{"a":"b"}}})",
                 {{"content-type", "application/merge-patch+json"}})
                ->status,
            200)
      << "its own is its own";
  ASSERT_EQ(tried(30081)->status, 201);
  EXPECT_EQ(create("d", 30081)->status, 201);
}

TEST_F(ServiceNodePortsSim, ComeWithTheTypeAndAreFreeOnceTheServiceIsGone) {
  ASSERT_EQ(create("a", 0, "ClusterIP")->status, 201);
  EXPECT_EQ(node_port("a"), 0);
  ASSERT_EQ(patch("a", R"({"spec":{"type":"NodePort"}})")->status, 200);
  const int given = node_port("a");
  EXPECT_NE(given, 0);
  ASSERT_EQ(patch("a", R"({"metadata":{"labels":{"a":"b"}}})")->status, 200);
  EXPECT_EQ(node_port("a"), given);
  ASSERT_EQ(patch("a", R"({"spec":{"type":"ClusterIP"}})")->status, 200);
  EXPECT_EQ(node_port("a"), 0);
  ASSERT_EQ(create("b", given)->status, 201);
  ASSERT_EQ(http("DELETE", kServices + "/b")->status, 200);
  EXPECT_EQ(create("c", given)->status, 201);
}

TEST_F(ServiceNodePortsSim, TheTableStaysWhileItNamesAPort) {
  ::k8s::io::api::core::v1::Namespace space;
  space.mutable_metadata()->set_name("kube-system");
  ASSERT_FALSE(write({actors::Write::create(kinds::kNamespace, space)})[0].error);
  ASSERT_EQ(create("a", 30080)->status, 201);
  const std::string maps = "/api/v1/namespaces/kube-system/configmaps";
  EXPECT_EQ(http("DELETE", maps + "/kabuki-node-ports")->status, 409);
  EXPECT_EQ(http("DELETE", maps)->status, 409);
  ASSERT_EQ(http("DELETE", kServices + "/a")->status, 200);
  EXPECT_EQ(http("DELETE", maps + "/kabuki-node-ports")->status, 200);
  EXPECT_EQ(create("b", 30080)->status, 201);
}

TEST_F(ServiceNodePortsSim, AreRefusedOnceNoneIsLeft) {
  const auto of_many = [&](const std::string& name, int count) {
    Json ports = Json::array();
    for (int i = 1; i <= count; ++i) ports.push_back({{"name", "p" + std::to_string(i)}, {"port", i}});
    return http("POST", kServices,
                Json{{"metadata", {{"name", name}}}, {"spec", {{"type", "NodePort"}, {"ports", ports}}}}.dump());
  };
  constexpr int kAll = kLastNodePort - kFirstNodePort + 1;
  for (int i = 0; i < kAll / 346; ++i) ASSERT_EQ(of_many("s" + std::to_string(i), 346)->status, 201);
  ASSERT_EQ(create("inside", 0, "ClusterIP")->status, 201);
  const auto refused = create("one-more");
  EXPECT_EQ(refused->status, 500);
  EXPECT_EQ(refused->json()["message"], "Internal error occurred: failed to allocate a nodePort: range is full");
  EXPECT_EQ(patch("inside", R"({"spec":{"type":"NodePort"}})")->status, 500);
  EXPECT_EQ(patch("inside", R"({"metadata":{"labels":{"a":"b"}}})")->status, 200);
  ASSERT_EQ(http("DELETE", kServices + "/s3")->status, 200);
  EXPECT_EQ(create("one-more")->status, 201);
  EXPECT_EQ(patch("inside", R"({"spec":{"type":"NodePort"}})")->status, 200);
}

}  // namespace
}  // namespace kabuki::api_server
