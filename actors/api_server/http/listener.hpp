#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "actors/api_server/http/io_thread.hpp"
#include "messages/result.hpp"

namespace kabuki::api_server::http {

/// A listening TCP socket. `address` is a numeric IPv4 or IPv6 address or "localhost"; port 0 takes a free one.
/// Error: names address and port, why, and what to do.
struct ListeningSocket {
  int fd = -1;
  uint16_t port = 0;
};
Result<ListeningSocket> listen_on(const std::string& address, uint16_t port);

/// Accepts connections on an I/O thread and hands their non-blocking sockets to `accepted`. Out of descriptors, it
/// rests until the next sweep.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(IoThread& thread, int fd, std::function<void(int fd)> accepted);
  /// On the I/O thread.
  void start();
  void stop();
  void sweep();

 private:
  void accept_some();

  Readiness socket_;
  std::function<void(int fd)> accepted_;
  bool waiting_ = false;
  bool stopped_ = false;
};

}  // namespace kabuki::api_server::http
