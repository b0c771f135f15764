#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/actor.hpp"
#include "runtime/io/clock.hpp"
#include "runtime/io/disk.hpp"
#include "runtime/io/network.hpp"
#include "runtime/io/random.hpp"
#include "runtime/supervisor.hpp"

namespace kabuki::runtime {

/// What a host stands on. Live: the system's clock, threads and ZeroMQ. Simulated: the world's.
struct HostServices {
  io::Clock* clock = nullptr;
  io::Timers* timers = nullptr;
  io::Network* network = nullptr;  // null: a cluster of this host alone
  io::Disk* disk = nullptr;        // null: this host keeps nothing
};

struct HostOptions {
  std::string name;          // `host-3`; unique in the cluster
  uint64_t incarnation = 1;  // grows with every start of this host, so that messages to its past are dropped
  uint64_t seed = 0;         // of every actor's random stream
  size_t threads = 2;        // that run actors; ignored in simulation
};

/// One host of the cluster: its actors, their names, and the router through which everything they say goes.
/// Created and destroyed outside of any actor.
class Host {
 public:
  virtual ~Host() = default;

  virtual const HostOptions& options() const = 0;
  virtual const HostServices& services() const = 0;

  /// Starts the tree; `root` is a supervisor's spec. Returns when every child has started, or the first failure.
  virtual Result<> start(SupervisorSpec root) = 0;
  /// Stops the tree in order (right to left, each within its shutdown time), then the router.
  virtual void stop() = 0;
  /// Called when the root supervisor gave up: the process should exit and be restarted by its guardian.
  virtual void on_root_ended(std::function<void(const ExitReason&)> call) = 0;

  /// For threads that are not actors: the command line, the HTTP gateway. `answer` is called on any thread, once.
  virtual void ask(const Address& to, MessagePtr message, io::Duration timeout, Reply::Answer answer) = 0;
  virtual void tell(const Address& to, MessagePtr message) = 0;

  /// Says which actor holds a role. Replaces the role's former holder. Thread-safe.
  virtual void set_role(const std::string& role, const Address& holder) = 0;
  virtual void remove_role(const std::string& role) = 0;
  virtual std::map<std::string, Address> roles() const = 0;

  /// Learns of another host: messages to it carry this incarnation and are dropped by any other.
  virtual void set_peer(const std::string& host, uint64_t incarnation, const std::string& endpoint,
                        const std::string& public_key) = 0;
  virtual void remove_peer(const std::string& host) = 0;
  /// Called (on any thread) when a peer goes silent or comes back.
  virtual void on_peer_changed(std::function<void(const std::string& host, bool up)> call) = 0;

  /// A counter or gauge by name, created on first use; thread-safe, wait-free to change. See runtime/metrics.hpp.
  virtual class Metrics& metrics() = 0;
};

/// A host that runs on threads of its own in this process.
std::unique_ptr<Host> make_live_host(HostOptions options, HostServices services);

}  // namespace kabuki::runtime
