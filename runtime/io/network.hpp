#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "messages/result.hpp"

namespace kabuki::io {

/// Frames between hosts, at most once, in order per pair while a connection lasts. A host is named by its
/// HostId ("host-3"); the implementation knows how to reach it and proves who it is.
class Network {
 public:
  using Receive = std::function<void(const std::string& from_host, std::string frame)>;
  /// `up` false: the peer has been silent for longer than the heartbeat limit or its connection is gone.
  using PeerChanged = std::function<void(const std::string& host, bool up)>;

  virtual ~Network() = default;
  /// Sets who is called for every arriving frame and every change of a peer. Called once, before start.
  virtual void listen(Receive receive, PeerChanged changed) = 0;
  /// Makes `host` reachable at `endpoint` with `public_key` (empty where keys are not used). Idempotent.
  virtual void connect(const std::string& host, const std::string& endpoint, const std::string& public_key) = 0;
  virtual void disconnect(const std::string& host) = 0;
  /// Queues a frame. Fails with Unavailable when the peer is unknown or its bounded queue is full; a frame that
  /// was taken can still be lost with its connection. Thread-safe.
  virtual Result<> send(const std::string& host, std::string frame) = 0;
  virtual void start() = 0;
  virtual void stop() = 0;
};

}  // namespace kabuki::io
