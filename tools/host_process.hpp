#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "actors/controllers/node_lifecycle.hpp"
#include "actors/leader_election/election.hpp"
#include "actors/scheduler/profile.hpp"
#include "messages/result.hpp"
#include "runtime/io/time.hpp"
#include "store/shard_state.hpp"
#include "tools/cluster_files.hpp"
#include "tools/engines.hpp"

namespace kabuki::tools {

/// What one host process is to be.
struct HostProcessOptions {
  std::string cluster = "kabuki";
  std::string data;  // its directory
  int nodes = 3;     // simulated nodes on it

  // A control-plane host.
  uint16_t port = 6443;                    // of the API server; 0 picks one
  std::string listen;                      // address for other hosts and clients; "" is loopback alone
  std::string store = "rocksdb";           // memory, or etcd
  bool lazy_leases = false;                // nodes' heartbeats need not be durable
  EngineChoice etcd;                       // of store etcd
  std::string mapping;                     // store::ShardMap as asked for; "": of the data, or the standard one
  std::vector<std::string> label_indexes;  // RESOURCE=LABEL
  store::StateOptions shard_state;         // of every shard; without label_indexes
  /// Not the first life of the process: what it began with is there, and what is broken must not stop the rest.
  bool again = false;
  controllers::NodeLifecycleOptions node_lifecycle;
  leader_election::ElectionOptions election;
  io::Duration autoscaler_period = std::chrono::seconds(15);
  io::Duration metrics_resolution = std::chrono::seconds(15);
  std::vector<scheduler::Profile> profiles;  // of the scheduler; none is the standard one
  std::string scheduler_config;              // what these were read from

  // A host that joins others.
  std::string join_file;       // "" makes it the cluster's first host
  bool control_plane = false;  // or a worker
};

/// What the process says when it serves.
struct HostReady {
  HostState state;
  std::string authority_pem;
  std::string admin_certificate_pem;
  std::string admin_key_pem;
};

/// Runs one host until SIGTERM or SIGINT (returns 0) or until its root supervisor gives up (returns 1). `ready` is
/// called once when it serves; `failed` when it cannot start (returns kCannotStart). Blocks signals for all threads;
/// to be called before any thread is made.
int run_host_process(const HostProcessOptions& options, const std::function<void(const HostReady&)>& ready,
                     const std::function<void(const Error&)>& failed);

}  // namespace kabuki::tools
