#include "actors/control_plane.hpp"

#include <atomic>
#include <memory>
#include <utility>

#include "actors/controllers/registry.hpp"
#include "actors/leader_election/elector_actor.hpp"
#include "actors/membership/membership_actor.hpp"
#include "actors/node_host.hpp"
#include "actors/scheduler/scheduler_actor.hpp"
#include "actors/store_shard/store_shard_actor.hpp"

namespace kabuki::actors {
namespace {

using leader_election::ElectorOptions;
using leader_election::make_elector;

/// The one child of an elector that leads a single actor.
std::vector<runtime::ChildSpec> one_leader(ActorFactory make) {
  return {{.name = kLeaderName, .make = std::move(make)}};
}

}  // namespace

void add_control_plane(const ControlPlaneOptions& options, TreeParts* parts) {
  for (const std::string& shard : options.shards.names()) {
    auto engine = [make = options.engine, shard] { return make(shard); };
    parts->shards.emplace_back(
        shard, store::store_shard({.name = shard,
                                   .mapping = options.shards,
                                   .state = options.shard_state,
                                   .local_writers = true,
                                   .may_be_closed = options.shards_may_be_closed,
                                   .when_closed = options.when_closed ? options.when_closed(shard) : ""},
                                  engine));
  }

  api_server::ApiServerOptions api;
  api.shard_of = [map = options.shards](KindId kind) { return map.shard_of(kind); };
  api.documents = options.documents;
  api.toleration_seconds = std::chrono::duration_cast<std::chrono::seconds>(options.node_lifecycle.eviction).count();
  api.metrics_resolution = options.metrics_resolution;
  api.slots = options.http_servers + 1;
  api.slot = options.http_servers;
  api.gate = options.gate;
  parts->bus_api = [api] { return api_server::make_api_server(api); };
  // Known once the gateway listens: it may have been left to chance.
  const auto port = std::make_shared<std::atomic<int>>(0);
  if (options.gateway) {
    api_server::GatewayOptions gateway = *options.gateway;
    if (!gateway.gate) gateway.gate = std::make_shared<api_server::HttpGate>();
    gateway.listening = [port, told = std::move(gateway.listening)](uint16_t taken) {
      *port = taken;
      if (told) told(taken);
    };
    gateway.advertised = options.api_address;
    api.gate = gateway.gate;
    for (size_t slot = 0; slot < options.http_servers; ++slot) {
      api.slot = slot;
      parts->http_api.push_back([api] { return api_server::make_api_server(api); });
    }
    parts->gateway = api_server::gateway(std::move(gateway));
  }

  ElectorOptions elector{.election = options.election};
  elector.lease = kMembershipLease;
  elector.role = runtime::roles::kMembership;
  elector.role_child = kLeaderName;
  elector.led = [period = lease_period(options.node_lifecycle.grace)](const Fence& fence) {
    return one_leader(
        [period, fence] { return membership::make_membership({.lease_period = period, .fence = fence}); });
  };
  parts->membership = [elector] { return make_elector(elector); };

  runtime::Address views{options.host + "/views"};
  controllers::RegistryOptions registry;
  registry.common.source = views;
  registry.authority_pem = options.authority_pem;
  if (options.gateway) registry.kubernetes_service.port = [port] { return port->load(); };
  registry.node_lifecycle = options.node_lifecycle;
  registry.pod_garbage = options.pod_garbage;
  registry.event_life = options.event_life;
  registry.autoscaler = options.autoscaler;
  elector.lease = kControllersLease;
  elector.role.clear();
  elector.led = [registry](const Fence& fence) {
    controllers::RegistryOptions term = registry;
    term.common.fence = fence;
    return controllers::all_controllers(term);
  };
  parts->controllers = [elector] { return make_elector(elector); };

  elector.lease = kSchedulerLease;
  elector.role = "scheduler";
  elector.led = [views, profiles = options.profiles](const Fence& fence) {
    return one_leader([views, profiles, fence] {
      return scheduler::make_scheduler({.source = views, .profiles = profiles, .fence = fence});
    });
  };
  parts->scheduler = [elector] { return make_elector(elector); };
}

std::vector<std::pair<std::string, runtime::Address>> control_plane_roles(const ControlPlaneOptions& options) {
  std::vector<std::pair<std::string, runtime::Address>> roles;
  for (const std::string& shard : options.shards.names()) {
    roles.emplace_back(std::string(runtime::roles::kShardPrefix) + shard,
                       runtime::Address{options.host + "/store/" + shard});
  }
  roles.emplace_back(runtime::roles::kApiServer, runtime::Address{options.host + "/api-server/bus"});
  return roles;
}

}  // namespace kabuki::actors
