#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "runtime/io/network.hpp"
#include "runtime/io/random.hpp"
#include "runtime/io/time.hpp"
#include "runtime/sim/agenda.hpp"

namespace kabuki::runtime::sim {

/// How one direction of a link behaves. In order and without duplicates, as one ZeroMQ connection is, unless
/// `reorder` or `duplicate` say otherwise.
struct LinkFaults {
  io::Duration delay_min = std::chrono::microseconds(100);
  io::Duration delay_mean = std::chrono::microseconds(200);  // of the exponential part on top
  double loss = 0;                                           // probabilities per frame
  double duplicate = 0;
  double reorder = 0;  // that a frame may overtake those before it
  double corrupt = 0;  // that one byte arrives changed
};

class SimNetwork;

/// The wires between all hosts, and what goes wrong on them. To be changed from outside of actors.
class NetworkFaults {
 public:
  NetworkFaults(Agenda* agenda, const int64_t* now, io::Random random);

  /// Of every link without faults of its own.
  void set_defaults(LinkFaults faults) { defaults_ = faults; }
  void set_link(const std::string& from, const std::string& to, LinkFaults faults);
  void clear_link(const std::string& from, const std::string& to);
  /// Nothing arrives from `from` at `to`, until healed.
  void cut_one_way(const std::string& from, const std::string& to);
  void cut(const std::string& a, const std::string& b);
  /// Cuts every link of the host.
  void isolate(const std::string& host);
  void heal_one_way(const std::string& from, const std::string& to);
  void heal(const std::string& a, const std::string& b);
  void heal_all();
  /// How long a peer is silent before it counts as down.
  void set_heartbeat_limit(io::Duration limit) { heartbeat_limit_ = limit; }

  uint64_t sent() const { return sent_; }
  uint64_t delivered() const { return delivered_; }
  uint64_t lost() const { return lost_; }
  uint64_t duplicated() const { return duplicated_; }

 private:
  friend class SimNetwork;
  friend class World;
  using Link = std::pair<std::string, std::string>;  // from, to

  void attach(SimNetwork* network);
  void detach(SimNetwork* network);
  void transmit(const std::string& from, const std::string& to, std::string frame);
  void deliver(const std::string& from, const std::string& to, const std::string& frame);
  bool hears(const std::string& host, const std::string& peer) const;
  /// Looks again at who hears `peer` at `host`, after something changed.
  void recheck(const std::string& host, const std::string& peer);
  void recheck_all(const std::string& host);
  bool is_cut(const std::string& from, const std::string& to) const;
  const LinkFaults& link(const std::string& from, const std::string& to) const;

  Agenda* agenda_;
  const int64_t* now_;
  io::Random delays_;
  io::Random faults_;
  LinkFaults defaults_;
  std::map<Link, LinkFaults> links_;
  std::set<Link> cut_;
  std::set<std::string> isolated_;
  std::map<Link, int64_t> last_arrival_;
  std::map<std::string, SimNetwork*> hosts_;  // those alive
  io::Duration heartbeat_limit_ = std::chrono::seconds(1);
  uint64_t sent_ = 0;
  uint64_t delivered_ = 0;
  uint64_t lost_ = 0;
  uint64_t duplicated_ = 0;
};

/// One host's end of the wires. Heartbeats are not sent: who hears whom is computed, and told after the time that
/// heartbeats would have needed.
class SimNetwork final : public io::Network {
 public:
  SimNetwork(std::string host, NetworkFaults* wires) : host_(std::move(host)), wires_(wires) {}
  ~SimNetwork() override { stop(); }

  void listen(Receive receive, PeerChanged changed) override;
  void connect(const std::string& host, const std::string& endpoint, const std::string& public_key) override;
  void disconnect(const std::string& host) override;
  Result<> send(const std::string& host, std::string frame) override;
  void start() override;
  void stop() override;

 private:
  friend class NetworkFaults;
  struct Peer {
    bool up = false;
    bool hears = false;    // as of the last look
    uint64_t changes = 0;  // of `hears`
  };

  const std::string host_;
  NetworkFaults* wires_;
  Receive receive_;
  PeerChanged changed_;
  std::map<std::string, Peer> peers_;
  bool running_ = false;
};

}  // namespace kabuki::runtime::sim
