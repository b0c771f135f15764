#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/control_plane.hpp"
#include "messages/bus/control.pb.h"
#include "runtime/sim/world.hpp"
#include "store/engines/memory.hpp"
#include "store/engines/memory_shared.hpp"

namespace kabuki::tools {

struct SimClusterOptions {
  uint64_t seed = 1;
  int hosts = 3;
  /// Hosts with a control plane: the first ones. More than one share a store as over etcd.
  int masters = 1;
  leader_election::ElectionOptions election;
  int nodes = 2;  // of each host
  io::Duration store_latency_min = std::chrono::microseconds(200);
  io::Duration store_latency_max = std::chrono::milliseconds(2);
  io::Duration step_cost{0};
  controllers::NodeLifecycleOptions node_lifecycle;
  /// Hears of every step.
  std::function<void(io::MonoTime, std::string_view host, std::string_view actor, std::string_view what)> on_step;
};

/// The product's hosts in a world: host-1 with the control plane over memory engines, the others with nodes only; or
/// several control-plane hosts over a store that they share.
/// They are assembled by the very functions that assemble live hosts, join as those do, and are started again by a
/// stand-in for the guardian. What is scheduled with at() runs between steps and may do anything to the cluster.
class SimCluster {
 public:
  /// Wraps the engine of a shard: for watching what it does.
  using WrapEngine =
      std::function<std::unique_ptr<store::Engine>(const std::string& shard, std::unique_ptr<store::Engine> engine)>;

  /// Of a shared store, one more engine of each shard is wrapped, which sees every change as it becomes durable;
  /// those of the hosts are not.
  explicit SimCluster(SimClusterOptions options, WrapEngine wrap = {});

  /// Ends all hosts; nobody is answered any more. To be called before what answers go to is gone.
  void close();
  /// Starts every host; false when they are not all up after `limit`.
  bool start(io::Duration limit);
  runtime::sim::World& world() { return world_; }
  const SimClusterOptions& options() const { return options_; }
  const store::ShardMap& shards() const { return shards_; }
  /// Null where there is one master.
  store::SharedMedium* shared() { return shared_.get(); }
  bool is_master(const std::string& host) const;
  /// A control-plane host that is up, to ask; the first when none is.
  std::string serving() const;
  store::MemoryMedium& medium(const std::string& shard) { return *media_.at(shard); }

  void at(io::Duration delay, std::function<void()> run);
  /// Runs the world and what was scheduled; the latter may run it, too.
  void run_for(io::Duration duration);
  /// Looks at `done` every `step` of virtual time.
  bool run_until(const std::function<bool()>& done, io::Duration limit,
                 io::Duration step = std::chrono::milliseconds(100));
  io::MonoTime now() { return world_.clock().mono(); }

  /// Ends a host as a loss of power does. It stays down until restart_host.
  void crash_host(const std::string& name);
  /// Starts a host that is down, as its guardian would; a worker first knocks until it is let in.
  void restart_host(const std::string& name);
  /// Gives host-1, which is down, other media: one for each shard.
  void replace_store(std::map<std::string, std::shared_ptr<store::MemoryMedium>> media);
  bool is_up(const std::string& name) const { return states_.at(name) == State::up; }
  bool all_up() const;
  std::vector<std::string> hosts() const;
  std::vector<std::string> node_names() const;
  /// The tree that a host is started with.
  runtime::SupervisorSpec specification(const std::string& host);
  /// How often a root supervisor gave up, and its host was started anew.
  int root_ends() const { return root_ends_; }

  /// Asks from outside, through that host. `answer` is called once, maybe at once; Unavailable when the host is down
  /// or goes down.
  void ask(const std::string& host, const runtime::Address& to, runtime::MessagePtr message, io::Duration timeout,
           runtime::Reply::Answer answer);
  /// Asks that host's API server as a client asks over HTTP, as an administrator. `answer` is called once; status 0:
  /// no answer came, whatever became of the request.
  void call(const std::string& host, api_server::http::Request request, io::Duration timeout,
            std::function<void(int status, const std::string& body)> answer);

 private:
  enum class State { down, joining, up };

  void start_master(const std::string& name);
  void knock(const std::string& name, uint64_t attempt);
  void knocked(const std::string& name, uint64_t attempt, const Result<runtime::MessagePtr>& answer);
  void start_worker(const std::string& name, const bus::JoinReply& reply);
  runtime::Host& boot(const std::string& name, uint64_t incarnation);
  void run_tree(const std::string& name, runtime::Host& host);
  void root_ended(const std::string& name, uint64_t life);
  actors::ControlPlaneOptions control_plane(const std::string& host);
  std::unique_ptr<store::Engine> open_engine(const std::string& host, const std::string& shard);

  const SimClusterOptions options_;
  const WrapEngine wrap_;
  const store::ShardMap shards_ = store::ShardMap::standard();
  std::map<std::string, std::shared_ptr<store::MemoryMedium>> media_;
  std::map<std::string, State> states_;
  std::map<std::string, uint64_t> lives_;         // of each host: starts tried
  std::map<std::string, uint64_t> incarnations_;  // of masters that have been let in, as their programs keep them
  std::map<std::string, bus::Members> members_;   // whom these knew last, likewise
  std::map<std::string, std::shared_ptr<api_server::HttpGate>> gates_;  // of each control-plane host
  std::shared_ptr<store::SharedMedium> shared_;
  std::vector<std::unique_ptr<store::Engine>> observers_;
  uint64_t engines_opened_ = 0;
  int root_ends_ = 0;
  bool closed_ = false;
  std::deque<std::function<void()>> due_;
  runtime::sim::World world_;  // last: its actors use the rest
};

}  // namespace kabuki::tools
