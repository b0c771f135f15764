#pragma once

#include <deque>
#include <string>
#include <zmq.hpp>

#include "runtime/io/time.hpp"
#include "runtime/transport/peer.hpp"

namespace kabuki::runtime {

/// The sending side towards one peer, on the network's thread: a DEALER, the frames that wait for it, and when the
/// peer was last heard.
class Link {
 public:
  Link(zmq::context_t& context, const ZmqOptions& options, PeerPtr peer, std::string endpoint, std::string public_key,
       io::MonoTime now);

  Peer& peer() { return *peer_; }
  const PeerPtr& shared_peer() const { return peer_; }
  const std::string& endpoint() const { return endpoint_; }
  const std::string& public_key() const { return public_key_; }
  zmq::socket_t& socket() { return socket_; }
  /// Frames wait although ZeroMQ took all it could: poll for room.
  bool waiting() const { return !head_.empty(); }

  void push(std::string frame) { backlog_.push_back(std::move(frame)); }
  /// Packs and sends as much as ZeroMQ takes without waiting.
  void flush(io::MonoTime now);
  /// A heartbeat if nothing else has been sent for an interval.
  void beat(io::MonoTime now);
  /// Throws away what waits.
  void drop_backlog();
  /// Makes the socket anew when nothing, not even a heartbeat, could be sent for `revive_limit`: ZeroMQ gives a link
  /// up for good once a handshake was refused, and does not notice a machine that vanished. What the old one held is
  /// lost.
  void revive(io::MonoTime now);

  enum class State { connecting, up, down };
  State state = State::connecting;
  io::MonoTime heard;

 private:
  void open();
  /// False when ZeroMQ is full.
  bool send(const std::string& batch);

  zmq::context_t& context_;
  const ZmqOptions& options_;
  PeerPtr peer_;
  std::string endpoint_;
  std::string public_key_;
  zmq::socket_t socket_;
  std::deque<std::string> backlog_;
  std::string head_;  // packed and refused by ZeroMQ; goes first
  uint64_t head_frames_ = 0;
  uint64_t head_bytes_ = 0;
  io::MonoTime sent_;
};

}  // namespace kabuki::runtime
