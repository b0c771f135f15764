#include <gtest/gtest.h>

#include "actors/api_server/host_permission.hpp"
#include "actors/api_server/service_addresses.hpp"
#include "actors/api_server/write/service_address.hpp"
#include "messages/api/coordination/v1/lease.pb.h"
#include "messages/api/core/v1/event.pb.h"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/meta.hpp"

namespace kabuki::api_server {
namespace {

namespace core = ::k8s::io::api::core::v1;

ObjectPtr service(const std::string& name, const std::string& address) {
  core::Service message;
  message.mutable_metadata()->set_name(name);
  message.mutable_metadata()->set_namespace_("default");
  message.mutable_spec()->set_clusterip(address);
  return Object::encode(kinds::kService, message, 1);
}
Key service_key(const std::string& name) { return {kinds::kService, "default", name}; }

TEST(ServiceAddresses, NeverGivesWhatIsHeld) {
  ServiceAddresses addresses("10.96", 0, 1);
  addresses.put(*service("a", "10.96.0.11"));
  EXPECT_EQ(*addresses.allocate(), "10.96.0.12");
  EXPECT_EQ(*addresses.allocate(), "10.96.0.13");
}

TEST(ServiceAddresses, SeveralGiversNeverGiveTheSame) {
  std::set<std::string> given;
  for (size_t slot = 0; slot < 3; ++slot) {
    ServiceAddresses addresses("10.96", slot, 3);
    for (int i = 0; i < 500; ++i) EXPECT_TRUE(given.insert(*addresses.allocate()).second);
  }
}

TEST(ServiceAddresses, AreFreeAgainAfterTheLastHolder) {
  ServiceAddresses addresses("10.96", 0, 1);
  addresses.put(*service("a", "10.96.0.99"));
  addresses.put(*service("b", "10.96.0.99"));
  addresses.remove(*service("a", "10.96.0.99"));
  EXPECT_EQ(addresses.claim(service_key("c"), "10.96.0.99").error().code, 422);
  addresses.remove(*service("b", "10.96.0.99"));
  EXPECT_TRUE(addresses.claim(service_key("c"), "10.96.0.99").ok());
}

TEST(ServiceAddresses, FollowAServiceThatChangesItsAddress) {
  ServiceAddresses addresses("10.96", 0, 1);
  addresses.put(*service("a", "10.96.0.50"));
  addresses.put(*service("a", ""));
  EXPECT_TRUE(addresses.claim(service_key("b"), "10.96.0.50").ok());
  addresses.put(*service("a", "10.96.0.51"));
  EXPECT_FALSE(addresses.claim(service_key("b"), "10.96.0.51").ok());
}

TEST(ServiceAddresses, RefusesWhatIsTakenOrOutsideTheRange) {
  ServiceAddresses addresses("10.96", 0, 1);
  addresses.put(*service("a", "10.96.0.50"));
  EXPECT_EQ(addresses.claim(service_key("b"), "10.96.0.50").error().message,
            "Service \"b\" is invalid: spec.clusterIPs: Invalid value: [\"10.96.0.50\"]: failed to allocate IP "
            "10.96.0.50: provided IP is already allocated");
  // Who has it already is told by the store that it exists.
  EXPECT_TRUE(addresses.claim(service_key("a"), "10.96.0.50").ok());
  for (const char* bad :
       {"10.97.0.1", "10.96.0.0", "10.96.255.255", "10.96.0", "10.96.0.1x", "fd00::1", "nonsense"}) {
    EXPECT_EQ(addresses.claim(service_key("b"), bad).error().code, 422) << bad;
  }
  ASSERT_TRUE(addresses.claim(service_key("b"), "10.96.0.11").ok());
  EXPECT_EQ(*addresses.allocate(), "10.96.0.12") << "what was claimed is not given";
  addresses.give_back("10.96.0.11");
  EXPECT_TRUE(addresses.claim(service_key("c"), "10.96.0.11").ok());
}

TEST(ServiceAddresses, SaysWhenNoneIsFree) {
  ServiceAddresses addresses("10.96", 0, 8000);
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(addresses.allocate().ok());
  EXPECT_EQ(addresses.allocate().error().code, 500);
}

TEST(ServiceAddress, OfAnUpdateIsKeptLostOrGiven) {
  struct Row {
    const char *old_type, *old_address, *type, *address, *expected;
  };
  const Row rows[] = {
      {"ClusterIP", "10.96.0.5", "ClusterIP", "", "10.96.0.5"},
      {"ClusterIP", "10.96.0.5", "NodePort", "", "10.96.0.5"},
      {"ClusterIP", "10.96.0.5", "ClusterIP", "10.96.0.6", "10.96.0.6"},  // validation refuses it
      {"ClusterIP", "None", "ClusterIP", "", "None"},
      {"ClusterIP", "10.96.0.5", "ExternalName", "10.96.0.5", ""},
      {"ClusterIP", "10.96.0.5", "ExternalName", "", ""},
      {"ExternalName", "", "ClusterIP", "", "10.96.9.9"},
      {"ExternalName", "", "ExternalName", "", ""},
  };
  for (const Row& row : rows) {
    core::Service old, now;
    old.mutable_spec()->set_type(row.old_type);
    old.mutable_spec()->set_clusterip(row.old_address);
    if (*row.old_address) old.mutable_spec()->add_clusterips(row.old_address);
    now.mutable_spec()->set_type(row.type);
    now.mutable_spec()->set_clusterip(row.address);
    settle_service_address(old, "10.96.9.9", &now);
    EXPECT_EQ(now.spec().clusterip(), row.expected) << row.old_type << " to " << row.type;
    EXPECT_EQ(now.spec().clusterips_size(), *row.expected ? 1 : 0);
  }
}

ObjectPtr node(const std::string& name, const std::string& host) {
  core::Node message;
  message.mutable_metadata()->set_name(name);
  if (!host.empty()) (*message.mutable_metadata()->mutable_annotations())["kabuki.io/host"] = host;
  return Object::encode(kinds::kNode, message, 1);
}
ObjectPtr pod_on(const std::string& node_name) {
  core::Pod message;
  message.mutable_metadata()->set_name("p");
  message.mutable_metadata()->set_namespace_("default");
  message.mutable_spec()->set_nodename(node_name);
  return Object::encode(kinds::kPod, message, 1);
}
Write of_host(Write::Verb verb, KindId kind, std::string ns, std::string name, std::string subresource = "") {
  return {.verb = verb,
          .kind = &kind_of(kind),
          .key = {kind, std::move(ns), std::move(name)},
          .subresource = std::move(subresource),
          .host = "host-2"};
}

TEST(HostPermission, AHostKeepsItsOwnNodesAlone) {
  using Verb = Write::Verb;
  auto may = [](Verb verb, const ObjectPtr& current, const ObjectPtr& next) {
    return host_may(of_host(verb, kinds::kNode, "", "n"), current, next, "").ok();
  };
  EXPECT_TRUE(may(Verb::create, nullptr, node("n", "host-2")));
  EXPECT_FALSE(may(Verb::create, nullptr, node("n", "host-3")));
  EXPECT_FALSE(may(Verb::create, nullptr, node("n", "")));
  EXPECT_TRUE(may(Verb::update, node("n", "host-2"), node("n", "host-2")));
  EXPECT_TRUE(may(Verb::patch, node("n", ""), node("n", "host-2"))) << "a node that an administrator made";
  EXPECT_FALSE(may(Verb::patch, node("n", "host-1"), node("n", "host-2"))) << "no taking away";
  EXPECT_FALSE(may(Verb::patch, node("n", "host-2"), node("n", "host-1"))) << "no giving away";
  EXPECT_FALSE(may(Verb::update, node("n", "host-1"), node("n", "host-1")));
  EXPECT_TRUE(may(Verb::remove, node("n", "host-2"), nullptr));
  EXPECT_FALSE(may(Verb::remove, node("n", ""), nullptr));
  EXPECT_FALSE(may(Verb::remove, node("n", "host-1"), nullptr));
}

TEST(HostPermission, AHostWritesStatusAndEndOfItsPodsAlone) {
  using Verb = Write::Verb;
  ObjectPtr pod = pod_on("n");
  auto may = [&](Verb verb, std::string subresource, const std::string& node_host) {
    return host_may(of_host(verb, kinds::kPod, "default", "p", std::move(subresource)), pod, pod, node_host).ok();
  };
  EXPECT_EQ(node_of_write(of_host(Verb::remove, kinds::kPod, "default", "p"), pod), "n");
  EXPECT_TRUE(may(Verb::update, "status", "host-2"));
  EXPECT_TRUE(may(Verb::patch, "status", "host-2"));
  EXPECT_TRUE(may(Verb::remove, "", "host-2"));
  EXPECT_FALSE(may(Verb::update, "status", "host-1"));
  EXPECT_FALSE(may(Verb::remove, "", "host-1"));
  EXPECT_FALSE(may(Verb::remove, "", "")) << "a pod without a node is nobody's";
  EXPECT_FALSE(may(Verb::update, "", "host-2")) << "not the spec";
  EXPECT_FALSE(may(Verb::bind, "", "host-2"));
  EXPECT_FALSE(may(Verb::create, "", "host-2"));
}

TEST(HostPermission, AHostRenewsTheLeasesOfItsNodesAndRecordsEvents) {
  using Verb = Write::Verb;
  Write lease = of_host(Verb::update, kinds::kLease, "kube-node-lease", "n");
  EXPECT_EQ(node_of_write(lease, nullptr), "n");
  EXPECT_TRUE(host_may(lease, nullptr, nullptr, "host-2").ok());
  EXPECT_FALSE(host_may(lease, nullptr, nullptr, "host-1").ok());
  EXPECT_FALSE(host_may(of_host(Verb::update, kinds::kLease, "kube-system", "scheduler"), nullptr, nullptr, "").ok());
  EXPECT_TRUE(host_may(of_host(Verb::create, kinds::kEvent, "default", "e"), nullptr, nullptr, "").ok());
  EXPECT_FALSE(host_may(of_host(Verb::remove, kinds::kEvent, "default", "e"), nullptr, nullptr, "").ok());
  auto refused = host_may(of_host(Verb::create, kinds::kSecret, "default", "s"), nullptr, nullptr, "");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 403);
  EXPECT_EQ(refused.error().message,
            "secrets \"s\" is forbidden: host \"host-2\" may not write this: a host acts only for its own nodes");
}

}  // namespace
}  // namespace kabuki::api_server
