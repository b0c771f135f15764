#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/api_server/http/exchange.hpp"
#include "actors/api_server/http/limits.hpp"
#include "actors/api_server/http/tls_context.hpp"
#include "messages/result.hpp"

namespace kabuki::api_server::http {

struct ServerOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 0;                // 0: any free one
  std::shared_ptr<TlsContext> tls;  // null: plain HTTP
  Identity plain_identity;          // whom plain connections belong to
  int io_threads = 1;               // measured on two cores: a second one gave nothing
  Limits limits;
};

/// The HTTPS front: takes connections on its own threads and calls the handler for every request. Handler calls
/// come on those threads. Ignores SIGPIPE in the process.
class Server {
 public:
  Server(ServerOptions options, Handler handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Listens and serves. Error: the address and port cannot be had; the message says what to do.
  Result<> start();
  /// The port listened on; 0 before start.
  uint16_t port() const;
  /// Connections open now.
  size_t connections() const;
  /// Closes the port and every connection; returns when no handler call can come any more. Sinks stay valid.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kabuki::api_server::http
