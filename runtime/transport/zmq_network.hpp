#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "messages/result.hpp"
#include "runtime/io/clock.hpp"
#include "runtime/io/network.hpp"
#include "runtime/transport/curve_keys.hpp"

namespace kabuki::runtime {

struct ZmqOptions {
  std::string host;    // own name: `host-3`
  std::string listen;  // `tcp://10.0.0.5:7600`; port * picks a free one
  CurveKeys keys;      // empty: no encryption and no proof, so only loopback endpoints are accepted
  io::Duration heartbeat = std::chrono::milliseconds(250);
  io::Duration silent_limit = std::chrono::seconds(1);   // then a peer that was up is down
  io::Duration connect_limit = std::chrono::seconds(5);  // then a peer that never was up is down
  io::Duration revive_limit = std::chrono::seconds(2);   // then a socket that could send nothing is made anew
  size_t batch_bytes = 64 * 1024;                        // frames packed into one ZeroMQ message
  int high_water_mark = 16;                              // batches in ZeroMQ's own buffers, per peer and direction
  size_t queue_bytes = 64 * 1024 * 1024;                 // per peer; more is refused
  size_t queue_frames = 200'000;                         // per peer; more is refused
  size_t frame_bytes = 64 * 1024 * 1024;                 // largest frame
};

/// What has gone over the link to and from one peer. `refused` frames were never taken; `dropped` ones were taken and
/// then thrown away because the peer went down or was disconnected.
struct PeerCounters {
  bool up = false;
  uint64_t frames_sent = 0;
  uint64_t bytes_sent = 0;
  uint64_t batches_sent = 0;
  uint64_t frames_received = 0;
  uint64_t bytes_received = 0;
  uint64_t refused = 0;
  uint64_t dropped = 0;
  uint64_t waits = 0;       // times ZeroMQ's buffer was full
  uint64_t reconnects = 0;  // times the socket was made anew
  uint64_t queued_frames = 0;
  uint64_t queued_bytes = 0;
};

/// io::Network over ZeroMQ: one thread owns every socket, a ROUTER that receives and a DEALER per peer that sends.
/// Frames are batched, queues are bounded and refuse, peers are watched by heartbeats. With keys every link is CURVE:
/// who sent a frame is whom its key stands for in the key ring. While a peer is down, send refuses. Callbacks come on
/// the network's thread.
class ZmqNetwork : public io::Network {
 public:
  /// A request from a client that need not be a peer: how a host joins. `from` is the name its key stands for.
  /// `answer` may be called on any thread, once.
  using Answer = std::function<void(std::string reply)>;
  using Requested = std::function<void(const std::string& from, std::string request, Answer answer)>;

  /// Takes another name, before start: a host that joins must say where it listens before it is told its name.
  virtual void rename(const std::string& host) = 0;
  /// Where it listens, with the port that was picked.
  virtual std::string endpoint() const = 0;
  virtual const CurveKeys& keys() const = 0;
  /// Which client keys are let in. connect() adds its peer's key, disconnect() takes it away.
  virtual KeyRing& key_ring() = 0;
  /// Who is asked; replaces the former one.
  virtual void on_request(Requested requested) = 0;
  virtual std::map<std::string, PeerCounters> counters() const = 0;
};

/// Binds the endpoint; nothing is received before start(). Error: BadRequest when a reachable endpoint is to be used
/// without keys, Unavailable when the address cannot be bound.
Result<std::unique_ptr<ZmqNetwork>> make_zmq_network(ZmqOptions options, io::Clock& clock);

/// Sends one request to a ZmqNetwork and waits for its answer, on this thread, without being a peer. `keys` empty:
/// no CURVE, loopback only. Error: Timeout that says what to check.
struct RequestTarget {
  std::string endpoint;
  std::string server_key;
};
Result<std::string> request_once(const RequestTarget& target, const CurveKeys& keys, const std::string& sender,
                                 const std::string& request, io::Duration timeout);

}  // namespace kabuki::runtime
