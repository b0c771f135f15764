#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace kabuki::api_server::http {

/// Why a WebSocket is closed (RFC 6455, 7.4.1).
enum class CloseCode : uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  message_too_big = 1009,
  internal_error = 1011,
};

/// The Sec-WebSocket-Accept that answers a client's Sec-WebSocket-Key.
std::string web_socket_accept(std::string_view key);

/// The frames of one WebSocket, the server's side: the client's bytes become messages, messages become bytes. Pings
/// are answered, a Close too, and what breaks the protocol is closed. Knows no socket; used by one thread at a time.
class WebSocket {
 public:
  struct Options {
    bool binary = false;                          // what is sent
    size_t message_bytes_max = 0;                 // of one message of the client
    std::function<void(std::string)> on_message;  // called inside `take`; without one, messages are dropped
  };
  explicit WebSocket(Options options);
  ~WebSocket();

  /// Takes bytes of the client, as they come.
  void take(std::string_view bytes);
  /// Nothing more is taken: the client has closed, or broken the protocol.
  bool deaf() const;
  /// Pongs and the like that wait to be appended.
  size_t waiting() const;

  /// Appends `message` as one frame. Only before `closing`.
  void append_message(std::string_view message, std::string* out);
  /// Appends the pongs and the Close that are due.
  void append_control(std::string* out);
  /// A Close becomes due, unless one is already.
  void close(CloseCode code);
  /// A Close is due, or has been appended.
  bool closing() const;
  bool closed() const;

 private:
  struct Frames;
  const std::unique_ptr<Frames> frames_;
};

}  // namespace kabuki::api_server::http
