#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/api_server/api_server_actor.hpp"
#include "actors/api_server/gateway_actor.hpp"
#include "actors/controllers/horizontal_pod_autoscaler.hpp"
#include "actors/controllers/node_lifecycle.hpp"
#include "actors/controllers/pod_garbage_collector.hpp"
#include "actors/leader_election/election.hpp"
#include "actors/scheduler/profile.hpp"
#include "actors/supervision_tree.hpp"
#include "runtime/host.hpp"
#include "store/engine.hpp"
#include "store/shard_state.hpp"
#include "store/shards.hpp"

namespace kabuki::actors {

/// A control plane as its host is asked to run it; live and simulated ones differ only in what is plugged in here.
struct ControlPlaneOptions {
  std::string host;  // `host-1`
  store::ShardMap shards = store::ShardMap::standard();
  /// How much history each shard has in memory, and what its objects are found by.
  store::StateOptions shard_state;
  /// As ShardOptions has them.
  bool shards_may_be_closed = false;
  std::function<std::string(const std::string& shard)> when_closed;
  /// Opens the engine of a shard; called at each start of its actor.
  std::function<std::unique_ptr<store::Engine>(const std::string& shard)> engine;

  /// HTTP: none where `gateway` is.
  std::optional<api_server::GatewayOptions> gateway;
  std::shared_ptr<const api_server::Documents> documents;
  size_t http_servers = 2;
  /// Where the gateway is reached from elsewhere: an IP address.
  std::string api_address = "127.0.0.1";
  /// Where requests come from by which a simulated client asks as over HTTP; null in a live host.
  std::shared_ptr<api_server::HttpGate> gate;

  /// The cluster's certificate authority, for ConfigMap kube-root-ca.crt.
  std::string authority_pem;
  controllers::NodeLifecycleOptions node_lifecycle;
  controllers::PodGarbageOptions pod_garbage;
  io::Duration event_life = std::chrono::hours(1);
  controllers::AutoscalerOptions autoscaler;
  /// How old what is told of the use of pods and nodes may be.
  io::Duration metrics_resolution = std::chrono::seconds(15);
  /// Of the scheduler; none is the standard one.
  std::vector<scheduler::Profile> profiles;
  leader_election::ElectionOptions election;
};

/// The Leases in kube-system by which one of the control-plane hosts leads each.
inline constexpr const char* kSchedulerLease = "kube-scheduler";
inline constexpr const char* kControllersLease = "kube-controller-manager";
inline constexpr const char* kMembershipLease = "kabuki-membership";

/// The actor below `host-1/scheduler` and `host-1/membership` where this host leads.
inline constexpr const char* kLeaderName = "leader";

/// Adds the store, the API servers, and the electors of membership, scheduler and controllers to a host's tree.
void add_control_plane(const ControlPlaneOptions& options, TreeParts* parts);

/// The roles that this host's actors hold for it whoever leads.
std::vector<std::pair<std::string, runtime::Address>> control_plane_roles(const ControlPlaneOptions& options);

}  // namespace kabuki::actors
