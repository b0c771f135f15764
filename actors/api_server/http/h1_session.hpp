#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "actors/api_server/http/exchange.hpp"
#include "actors/api_server/http/h1_parser.hpp"
#include "actors/api_server/http/h1_response.hpp"
#include "actors/api_server/http/io_thread.hpp"
#include "actors/api_server/http/limits.hpp"
#include "actors/api_server/http/transport.hpp"

namespace kabuki::api_server::http {

/// What all sessions of a server share. Outlives them.
struct ServerContext {
  Limits limits;
  Handler handler;
  std::shared_ptr<TlsContext> tls;  // null: plain
  Identity plain_identity;
  std::atomic<size_t> connections{0};
};

/// One HTTP/1 connection: reads a request, hands it out, writes its response, and only then looks at the next.
/// Lives on its I/O thread.
class H1Session final : public Session, public std::enable_shared_from_this<H1Session> {
 public:
  /// On the I/O thread. Takes the non-blocking socket `fd`.
  static void start(std::shared_ptr<IoThread> thread, std::shared_ptr<ServerContext> server, int fd);

  H1Session(std::shared_ptr<IoThread> thread, std::shared_ptr<ServerContext> server, int fd);
  ~H1Session() override;

  void pump() override;
  void sweep() override;
  void close() override;
  void shut_down() override;

 private:
  enum class State {
    handshaking,
    reading,     // a request's bytes, or idle between requests
    responding,  // a request is with the handler; at most `pipelined_bytes` are read ahead
    refusing,    // the last words are being written
    draining,    // they are; what the client still sends is dropped, so that it gets to read them
    closed,
  };

  void on_readable();
  void on_writable();
  bool take_input(size_t got);
  void on_end();
  void process();
  void dispatch();
  void refuse(const Error& error);
  bool begin_response();
  void flush();
  bool refill();
  void finish_response();
  void begin_drain();
  void arm_read();
  void arm_write();
  bool may_read() const;
  void resume_reading();

  const std::shared_ptr<IoThread> thread_;
  const std::shared_ptr<ServerContext> server_;
  const Limits& limits_;
  std::unique_ptr<Readiness> socket_;
  std::unique_ptr<Transport> transport_;
  uint64_t id_ = 0;
  State state_ = State::handshaking;
  bool read_armed_ = false;
  bool write_armed_ = false;
  bool read_held_ = false;         // reading ended because of may_read
  bool read_wants_write_ = false;  // TLS: reading goes on when the socket is writable, or the other way round
  bool write_wants_read_ = false;
  bool input_ended_ = false;

  H1Parser parser_;
  std::string in_;
  Identity identity_;

  std::unique_ptr<H1Response> response_;  // while responding
  bool close_after_ = false;
  std::string out_;  // being written; until that is done only appended to, as OpenSSL demands
  size_t out_written_ = 0;

  int64_t phase_began_;     // sweeps: of the handshake, the request's head or body, the drain, the idle time
  int64_t write_progress_;  // sweeps: when the client last took bytes
  size_t phase_bytes_ = 0;  // received in the phase
  bool in_body_ = false;
  bool in_head_ = false;
};

}  // namespace kabuki::api_server::http
