#include "actors/leader_election/election.hpp"
#include "messages/api/core/v1/config_map.pb.h"
#include "tests/actors/api_server/api_sim.hpp"

namespace kabuki::api_server {
namespace {

using ConfigMap = ::k8s::io::api::core::v1::ConfigMap;

struct FenceSim : ApiSim {
  void put_lease(const std::string& holder, uint32_t term) {
    ::k8s::io::api::core::v1::Namespace space;
    space.mutable_metadata()->set_name("kube-system");
    write({actors::Write::create(kinds::kNamespace, space)});
    ::k8s::io::api::coordination::v1::Lease lease;
    lease.mutable_metadata()->set_namespace_("kube-system");
    lease.mutable_metadata()->set_name("kube-scheduler");
    leader_election::put_record({.holder = holder, .term = term}, &lease);
    auto one = actors::Write::create(kinds::kLease, lease);
    if (exists) one.verb = bus::WriteObjects::UPDATE;
    exists = true;
    auto outcome = write({one})[0];
    ASSERT_FALSE(outcome.error) << outcome.error->message;
  }
  int code_under(const actors::Fence& fence, const std::string& name) {
    ConfigMap config;
    config.mutable_metadata()->set_namespace_("default");
    config.mutable_metadata()->set_name(name);
    const std::vector writes = {actors::Write::create(kinds::kConfigMap, config)};
    auto outcome =
        actors::read_outcomes(ask("host-1", "@api-server", actors::write_message(writes, "test", fence), 30s), 1)[0];
    EXPECT_FALSE(outcome.unknown);
    return outcome.error ? outcome.error->code : 0;
  }
  bool exists = false;
};

TEST_F(FenceSim, WritesOfAPastTermAreRefused) {
  const actors::Fence first{.lease = "kube-scheduler", .holder = "host-1", .term = 3};
  EXPECT_EQ(code_under(first, "before"), 409) << "nobody leads yet";
  put_lease("host-1", 3);
  EXPECT_EQ(code_under(first, "a"), 0);
  put_lease("host-2", 4);
  EXPECT_EQ(code_under(first, "b"), 409);
  EXPECT_EQ(code_under({.lease = "kube-scheduler", .holder = "host-2", .term = 4}, "c"), 0);
  put_lease("host-1", 5);
  EXPECT_EQ(code_under(first, "d"), 409) << "its own next term is another one, too";
  for (const char* name : {"before", "b", "d"}) {
    EXPECT_EQ(http("GET", std::string("/api/v1/namespaces/default/configmaps/") + name)->status, 404) << name;
  }
}

TEST_F(FenceSim, ARefusedRequestHoldsNoBarrier) {
  EXPECT_EQ(code_under({.lease = "kube-scheduler", .holder = "host-1", .term = 3}, "a"), 409);
  EXPECT_TRUE(ask("host-1", "@api-server", actors::write_message({}, "test"), 30s).ok());
}

}  // namespace
}  // namespace kabuki::api_server
