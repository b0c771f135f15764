#include "actors/control_plane.hpp"

#include <utility>

#include "actors/controllers/registry.hpp"
#include "actors/membership/membership_actor.hpp"
#include "actors/node_host.hpp"
#include "actors/scheduler/scheduler_actor.hpp"
#include "actors/store_shard/store_shard_actor.hpp"

namespace kabuki::actors {

void add_control_plane(const ControlPlaneOptions& options, TreeParts* parts) {
  for (const std::string& shard : options.shards.names()) {
    auto engine = [make = options.engine, shard] { return make(shard); };
    parts->shards.emplace_back(shard, store::store_shard({.name = shard, .mapping = options.shards}, engine));
  }

  api_server::ApiServerOptions api;
  api.shard_of = [map = options.shards](KindId kind) { return map.shard_of(kind); };
  api.documents = options.documents;
  api.toleration_seconds = std::chrono::duration_cast<std::chrono::seconds>(options.node_lifecycle.eviction).count();
  api.slots = options.http_servers + 1;
  api.slot = options.http_servers;
  parts->bus_api = [api] { return api_server::make_api_server(api); };
  if (options.gateway) {
    api_server::GatewayOptions gateway = *options.gateway;
    if (!gateway.gate) gateway.gate = std::make_shared<api_server::HttpGate>();
    api.gate = gateway.gate;
    for (size_t slot = 0; slot < options.http_servers; ++slot) {
      api.slot = slot;
      parts->http_api.push_back([api] { return api_server::make_api_server(api); });
    }
    parts->gateway = api_server::gateway(std::move(gateway));
  }

  parts->membership = [period = lease_period(options.node_lifecycle.grace)] {
    return membership::make_membership({.lease_period = period});
  };
  runtime::Address views{options.host + "/views"};
  controllers::RegistryOptions registry;
  registry.common.source = views;
  registry.authority_pem = options.authority_pem;
  if (options.gateway) registry.kubernetes_service.port = options.gateway->port;
  registry.node_lifecycle = options.node_lifecycle;
  registry.event_life = options.event_life;
  parts->controllers = controllers::all_controllers(registry);
  parts->scheduler = [views] { return scheduler::make_scheduler({.source = views}); };
}

std::vector<std::pair<std::string, runtime::Address>> control_plane_roles(const ControlPlaneOptions& options) {
  std::vector<std::pair<std::string, runtime::Address>> roles;
  for (const std::string& shard : options.shards.names()) {
    roles.emplace_back(std::string(runtime::roles::kShardPrefix) + shard,
                       runtime::Address{options.host + "/store/" + shard});
  }
  roles.emplace_back(runtime::roles::kApiServer, runtime::Address{options.host + "/api-server/bus"});
  roles.emplace_back(runtime::roles::kMembership, runtime::Address{options.host + "/membership"});
  roles.emplace_back("scheduler", runtime::Address{options.host + "/scheduler"});
  return roles;
}

}  // namespace kabuki::actors
