#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "runtime/io/clock.hpp"
#include "runtime/io/network.hpp"
#include "runtime/transport/batch.hpp"
#include "runtime/transport/inbox.hpp"
#include "runtime/transport/link.hpp"
#include "runtime/transport/zmq_network.hpp"

namespace kabuki::runtime {

/// The network's thread: polls the sockets, moves frames from the list that senders fill to the links, and watches
/// the peers. Other threads may only stop() it and use its inbox().
class ZmqLoop {
 public:
  ZmqLoop(const ZmqOptions& options, io::Clock& clock, KeyRing& keys);
  ~ZmqLoop();

  /// Binds; called before run. Error as make_zmq_network.
  Result<std::string> bind();
  void run();

  void stop();
  /// How other threads reach this one.
  Inbox& inbox() { return *inbox_; }

  void connect(PeerPtr peer, const std::string& endpoint, const std::string& public_key);
  void disconnect(const std::string& host);
  void answer(const std::string& routing_id, std::string reply);

  io::Network::Receive receive;
  io::Network::PeerChanged changed;
  ZmqNetwork::Requested requested;

 private:
  std::string who() const { return options_.host + "/transport"; }
  void poll();
  void take_commands();
  void receive_batches();
  void take_batch(const std::string& routing_id, const zmq::message_t& message);
  /// Who sent it: by its key, or where there are no keys, by what it says.
  std::string sender_of(const zmq::message_t& message, const Batch& batch) const;
  void take_request(const std::string& from, const std::string& routing_id, std::string request);
  void heard(const std::string& host);
  void watch_peers();
  Link* find(const PeerPtr& peer);

  const ZmqOptions& options_;
  io::Clock& clock_;
  KeyRing& keys_;
  zmq::context_t context_;
  zmq::socket_t zap_;
  zmq::socket_t router_;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  std::map<std::string, std::unique_ptr<Link>> links_;
  std::vector<Link*> touched_;
  io::MonoTime now_;
  io::MonoTime watched_;
  bool stopping_ = false;
};

}  // namespace kabuki::runtime
