#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/result.hpp"

namespace kabuki::api_server::http {

/// Who is calling, from the client certificate: CN is the user, O the groups. Anonymous without one.
struct Identity {
  std::string user = "system:anonymous";
  std::vector<std::string> groups = {"system:unauthenticated"};
  bool anonymous() const { return user == "system:anonymous"; }
};

using Headers = std::vector<std::pair<std::string, std::string>>;

/// A whole request. Header names are lower case. `path` is percent-decoded, `query` is decoded pairs in order.
struct Request {
  std::string method;
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
  Headers headers;
  std::string body;
  Identity identity;

  /// "" where absent.
  std::string_view header(std::string_view lower_case_name) const;
  /// The first value; "" where absent. `has` tells an empty one from none.
  std::string_view parameter(std::string_view name) const;
  bool has(std::string_view name) const;
};

/// The client asks to go on as a WebSocket (RFC 6455). Who offers none there answers as if it had not asked.
bool asks_for_web_socket(const Request& request);
/// What is wrong with such a request's handshake: 426 for another version than 13, 400 for a key that is none.
Result<> check_web_socket(const Request& request);
/// The subprotocols that the client offers, in its order.
std::vector<std::string> offered_protocols(const Request& request);

/// Immutable bytes shared between all streams that send them.
using Chunk = std::shared_ptr<const std::string>;

/// The response side of one request: all that API server actors see of a connection. Thread-safe; every call posts to
/// the connection's I/O thread. A sink that goes away without a response sends 500.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  /// A whole response. Content-Length is added.
  virtual void respond(int status, Headers headers, std::string body) = 0;
  /// Starts a streamed response (chunked on HTTP/1.1).
  virtual void start_stream(int status, Headers headers) = 0;
  /// Answers a request that asks for a WebSocket, and passes `check_web_socket`, with 101. From then on it is a
  /// stream: each chunk sent is one message, of text or binary as said here, and end_stream closes with 1000.
  /// `protocol` is the subprotocol chosen, "" for none. `on_message` is called on the I/O thread with each whole
  /// message of the client; without one they are dropped. It is called no more after on_closed.
  virtual void start_web_socket(std::string protocol, bool binary,
                                std::function<void(std::string message)> on_message) = 0;
  /// So many bytes of the client's messages have been dealt with: while more than Limits::web_socket_input_bytes of
  /// those passed to `on_message` wait, the connection is not read on.
  virtual void consumed(size_t bytes) = 0;
  /// Queues chunks of the stream, flushed as one write. False when the queue's byte cap is exceeded: nothing was
  /// queued; wait for on_writable and send again from where you were. Gone connections return true and drop.
  virtual bool send(std::vector<Chunk> chunks) = 0;
  virtual void end_stream() = 0;
  /// Called once, on the I/O thread, when the connection closes or the response is complete.
  virtual void on_closed(std::function<void()> call) = 0;
  /// Called on the I/O thread each time the queue drains after a refused send.
  virtual void on_writable(std::function<void()> call) = 0;
};

/// Called on an I/O thread for every request; must not block. Expensive work goes to an actor's mailbox.
using Handler = std::function<void(Request request, std::shared_ptr<ResponseSink> sink)>;

}  // namespace kabuki::api_server::http
