#pragma once

#include <cstddef>

namespace kabuki::api_server::http {

/// What one connection may take. Times are counted in sweeps of the I/O thread, one a second (`sweep_ms`; tests
/// sweep faster), so that no connection needs a timer of its own.
struct Limits {
  size_t header_bytes = 64 * 1024;         // request line and headers; 431 above
  size_t body_bytes = 3 * 1024 * 1024;     // 413 above
  size_t pipelined_bytes = 64 * 1024;      // read ahead while a response is under way
  size_t stream_queue_bytes = 512 * 1024;  // a stream's unsent chunks; `send` refuses above
  size_t write_batch_bytes = 64 * 1024;    // chunks coalesced into one write
  size_t gzip_bytes = 128 * 1024;          // whole bodies from this size on are compressed for who accepts it
  size_t drain_bytes = 16 * 1024 * 1024;   // read and dropped after a refusal, so that the client sees the answer
  size_t web_socket_message_bytes = 1024 * 1024;  // one message of a client; closed with 1009 above
  size_t web_socket_input_bytes = 256 * 1024;     // messages of a client not dealt with; not read on above
  size_t connections_max = 50'000;

  int sweep_ms = 1000;
  int handshake_sweeps = 10;
  int header_sweeps = 10;  // from the first byte of a request to the end of its headers
  int body_sweeps = 10;    // plus one for every `body_bytes_per_sweep` received
  size_t body_bytes_per_sweep = 16 * 1024;
  int idle_sweeps = 180;
  int stalled_write_sweeps = 60;  // without one byte taken by the client
  int drain_sweeps = 5;
};

}  // namespace kabuki::api_server::http
