// The table of node ports as clients see it.
#include <gtest/gtest.h>

#include "tests/actors/api_server/api_sim.hpp"

namespace kabuki::api_server {
namespace {

using Json = nlohmann::json;

const std::string kServices = "/api/v1/namespaces/default/services";
const std::string kTable = "/api/v1/namespaces/kube-system/configmaps/kabuki-node-ports";

struct PortTableSim : ApiSim {
  std::shared_ptr<FakeSink> create(const std::string& name, int node_port) {
    const Json spec{{"type", "NodePort"}, {"ports", {{{"port", 80}, {"nodePort", node_port}}}}};
    return http("POST", kServices, Json{{"metadata", {{"name", name}}}, {"spec", spec}}.dump());
  }
  std::shared_ptr<FakeSink> patch(const std::string& path, const std::string& body) {
    return http("PATCH", path, body, {{"content-type", "application/merge-patch+json"}});
  }
};

TEST_F(PortTableSim, WhatIsTakenStandsInOneTable) {
  const auto table = [&] {
    std::map<std::string, std::string> out;
    const Json found = http("GET", kTable)->json();
    if (!found.contains("data")) return out;
    for (const auto& [port, holder] : found["data"].items()) {
      const std::string text = holder.get<std::string>();
      out[port] = text.substr(0, text.find('/', text.find('/') + 1));
    }
    return out;
  };
  using Table = std::map<std::string, std::string>;
  ASSERT_EQ(create("a", 30080)->status, 201);
  ASSERT_EQ(create("b", 30081)->status, 201);
  EXPECT_EQ(table(), (Table{{"30080", "default/a"}, {"30081", "default/b"}}));
  EXPECT_EQ(create("c", 30080)->status, 422);
  EXPECT_EQ(table(), (Table{{"30080", "default/a"}, {"30081", "default/b"}})) << "who is refused leaves nothing";
  ASSERT_EQ(patch(kServices + "/b", R"({"spec":{"type":"ClusterIP"}})")->status, 200);
  EXPECT_EQ(table(), (Table{{"30080", "default/a"}}));
  EXPECT_EQ(http("DELETE", kTable)->status, 409) << "while it names a port";
  EXPECT_EQ(create("d", 30080)->status, 422);
  ASSERT_EQ(create("d", 30082)->status, 201);
  EXPECT_EQ(table(), (Table{{"30080", "default/a"}, {"30082", "default/d"}}));
  ASSERT_EQ(http("DELETE", kServices + "/a")->status, 200);
  ASSERT_EQ(http("DELETE", kServices + "/d")->status, 200);
  EXPECT_EQ(table(), Table{});
}

TEST_F(PortTableSim, WhatACrashHasLeftIsFreedAndWhatIsMissingIsTaken) {
  ASSERT_EQ(create("a", 30080)->status, 201);
  ASSERT_EQ(patch(kTable, R"({"data":{"30080":null,"30099":"default/gone/10.96.9.9/x"}})")->status, 200);
  EXPECT_EQ(create("b", 30099)->status, 422);
  world->run_for(150s);
  EXPECT_EQ(create("b", 30099)->status, 201);
  const Json found = http("GET", kTable)->json();
  EXPECT_EQ(found["data"].size(), 2U) << found.dump();
  EXPECT_TRUE(found["data"].contains("30080"));
}

}  // namespace
}  // namespace kabuki::api_server
