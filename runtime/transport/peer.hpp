#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "runtime/transport/zmq_network.hpp"

namespace kabuki::runtime {

/// What senders' threads and the network's thread share of one peer: its bounds and its counters.
struct Peer {
  explicit Peer(std::string name) : host(std::move(name)) {}

  const std::string host;
  std::atomic<bool> up{false};
  std::atomic<bool> refusing{false};
  std::atomic<uint64_t> queued_frames{0};
  std::atomic<uint64_t> queued_bytes{0};
  std::atomic<uint64_t> frames_sent{0};
  std::atomic<uint64_t> bytes_sent{0};
  std::atomic<uint64_t> batches_sent{0};
  std::atomic<uint64_t> frames_received{0};
  std::atomic<uint64_t> bytes_received{0};
  std::atomic<uint64_t> refused{0};
  std::atomic<uint64_t> dropped{0};
  std::atomic<uint64_t> waits{0};
  std::atomic<uint64_t> reconnects{0};

  PeerCounters counters() const {
    return {.up = up,
            .frames_sent = frames_sent,
            .bytes_sent = bytes_sent,
            .batches_sent = batches_sent,
            .frames_received = frames_received,
            .bytes_received = bytes_received,
            .refused = refused,
            .dropped = dropped,
            .waits = waits,
            .reconnects = reconnects,
            .queued_frames = queued_frames,
            .queued_bytes = queued_bytes};
  }
};
using PeerPtr = std::shared_ptr<Peer>;

}  // namespace kabuki::runtime
