#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "messages/bus/frame.pb.h"
#include "runtime/caf_envelope.hpp"
#include "runtime/host.hpp"
#include "runtime/metrics.hpp"

namespace kabuki::runtime {

/// Where everything that is said on a host passes: finds local actors by their names, and speaks with the routers of
/// other hosts in frames. At most once: a frame can be lost, an answer never comes twice. Thread-safe; calls back
/// (replies, watches) without holding a lock. Shared, because answers may outlive the host.
class Router : public std::enable_shared_from_this<Router> {
 public:
  Router(const HostOptions& options, const HostServices& services, std::shared_ptr<Metrics> metrics);

  /// Starts listening to the network; `close` ends it. Closed, everything is refused and nothing is called back.
  void open();
  void close();

  // Local names, without the host's part; "" is the root.
  void add_name(std::string_view local, CellPtr cell);
  /// Unless another cell has the name by now.
  void remove_name(std::string_view local, const CellPtr& cell);

  /// Sends a tell, or an ask when the reply is wanted. Returns the id to forget a remote ask by, 0 for a local one.
  uint64_t send(const Address& to, Inbound in);
  /// Nobody waits any more for that remote ask.
  void forget_ask(uint64_t id);
  /// Watches an actor. Returns the id to forget a remote watch by, 0 for a local one.
  uint64_t watch(const Address& who, std::unique_ptr<Watch> watch);
  void forget_watch(const Address& who, uint64_t local_id, uint64_t remote_id);
  uint64_t next_id() { return last_id_.fetch_add(1, std::memory_order_relaxed) + 1; }

  void set_role(const std::string& role, const Address& holder);
  void remove_role(const std::string& role);
  std::map<std::string, Address> roles() const;
  void set_peer(const std::string& host, uint64_t incarnation, const std::string& endpoint, const std::string& key);
  void remove_peer(const std::string& host);
  void on_peer_changed(std::function<void(const std::string&, bool)> call);

 private:
  struct NameHash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };
  using Names = std::unordered_map<std::string, CellPtr, NameHash, std::equal_to<>>;
  struct Peer {
    uint64_t incarnation = 0;  // 0: not known
    bool heard = false;        // a frame of it, or the network
    bool silent = false;       // as the network says
  };
  struct RemoteAsk {
    std::string peer;
    std::unique_ptr<Reply> reply;
  };
  struct RemoteWatch {
    std::string peer;
    std::string to;
    uint64_t instance = 0;  // 0 until the peer said so
    int attempts = 0;
    std::unique_ptr<Watch> watch;
  };
  struct IncomingWatch {
    std::string to;
    uint64_t local_id = 0;
    uint64_t instance = 0;  // 0 until attached
    bool ended = false;     // and the watcher does not know yet, as far as we know
    ExitReason reason;
  };
  struct Lost {  // to be told after the lock is released
    std::vector<std::unique_ptr<Reply>> replies;
    std::vector<std::unique_ptr<Watch>> watches;
    std::vector<IncomingWatch> incoming;
  };

  /// The holder of a role, the address itself otherwise; nothing when nobody holds the role.
  Result<Address> resolve(const Address& to) const;
  bool is_here(const Address& to) const { return to.host() == name_; }
  void deliver(std::string_view local, EnvelopePtr envelope);

  bus::Frame make_frame(bus::Frame::Kind kind, const std::string& peer, uint64_t id) const;
  Result<> send_frame(const bus::Frame& frame);
  void receive(const std::string& from, const std::string& bytes);
  void accept(const std::string& from, bus::Frame& frame);
  void accept_message(const std::string& from, bus::Frame& frame);
  void accept_reply(const std::string& from, bus::Frame& frame);
  void accept_monitor(const std::string& from, const bus::Frame& frame);
  void accept_demonitor(const std::string& from, const bus::Frame& frame);
  void send_reply(const std::string& peer, uint64_t incarnation, uint64_t id, Result<MessagePtr> result);
  void send_down(const std::string& peer, uint64_t id, const ExitReason& reason);
  /// Whether the peer's incarnation is not past; a newer one than known means that it restarted.
  bool learn_incarnation(const std::string& peer, uint64_t incarnation);
  uint64_t incarnation_of(const std::string& peer) const;
  bool is_silent(const std::string& peer) const;
  void peer_changed(const std::string& peer, bool up);
  /// Takes everything that hangs on the peer out of the tables. Under the lock.
  Lost take_lost(const std::string& peer, bool restarted);
  void tell_lost(Lost lost, const std::string& why);
  void repeat_monitors();
  void arm_repeat();

  const std::string name_;
  const uint64_t incarnation_;
  const HostServices services_;
  const std::shared_ptr<Metrics> metrics_;
  Counter& corrupt_;
  Counter& stale_;
  Counter& undeliverable_;
  Counter& sent_;
  Counter& received_;
  std::atomic<uint64_t> last_id_{0};
  std::atomic<bool> closed_{false};

  mutable std::shared_mutex names_mutex_;
  Names names_;  // never iterated, except to clear
  std::map<std::string, Address> roles_;

  mutable std::mutex remote_mutex_;
  std::map<std::string, Peer> peers_;
  std::map<uint64_t, RemoteAsk> asks_;
  std::map<uint64_t, RemoteWatch> watches_;
  std::map<std::pair<std::string, uint64_t>, IncomingWatch> incoming_;
  size_t untold_ends_ = 0;  // of incoming_
  bool repeating_ = false;
  std::vector<std::function<void(const std::string&, bool)>> peer_calls_;
};

}  // namespace kabuki::runtime
