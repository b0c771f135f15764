#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actors/api_server/http/exchange.hpp"
#include "actors/api_server/http/gzip.hpp"
#include "actors/api_server/http/limits.hpp"
#include "actors/api_server/http/outbox.hpp"
#include "actors/api_server/http/web_socket.hpp"

namespace kabuki::api_server::http {

void append_status_line(int status, std::string* out);

/// No header value may end a line: whoever put a client's text into one must not have split the response.
void append_header(std::string_view name, std::string_view value, std::string* out);

/// The bytes of one response, made of what a handler puts into its outbox, piece by piece as the connection takes
/// them: a head, and a body whole, compressed, in chunks, up to the end of the connection, or as messages of a
/// WebSocket, which also takes what the client sends. On its I/O thread.
class H1Response {
 public:
  /// What the client can read.
  struct Form {
    bool is_head = false;
    bool is_1_0 = false;
    bool accepts_gzip = false;
    std::string web_socket_key;  // "": it asks for none
  };

  H1Response(const Limits& limits, std::shared_ptr<Outbox> outbox, Form form);

  /// Looks whether the handler has begun; once it has, `append_head` is due.
  bool begin();
  bool begun() const { return begun_; }
  /// Begun, and the body comes as the handler sends it.
  bool streaming() const { return streaming_; }
  /// Only the end of the connection tells the client where the body ends.
  bool ends_with_connection() const { return streaming_ && (form_.is_1_0 || web_socket_); }
  /// What the client sends from its begin on is the response's.
  bool is_web_socket() const { return web_socket_ != nullptr; }

  /// The body is compressed (known once there is a head): a piece takes its time.
  bool compressed() const { return gzip_ != nullptr; }

  void append_head(bool last_of_connection, std::string* out);
  /// Appends the next piece to `out`; false: there is none now.
  bool append_piece(std::string* out);
  /// Everything has been appended.
  bool complete() const {
    if (web_socket_) return web_socket_->closed();
    return streaming_ ? last_chunk_appended_ : body_taken_ == body_.size();
  }
  /// The handler gave the stream up: the connection is to be closed without its end, so that the client sees that.
  bool cut() const { return cut_; }
  /// Calls a handler that was refused more, once all that it had sent has been taken.
  void tell_writable();
  /// Nothing more is taken from the handler, who is told.
  void close() { outbox_->close(); }

  /// Of a WebSocket: takes bytes of the client; what answers them is in the next piece.
  void take(std::string_view bytes);
  /// Of a WebSocket: the handler and the connection keep up with the client. Otherwise a later `consumed` wakes the
  /// session, or the next piece makes room.
  bool wants_input();
  /// Of a WebSocket: the server stops; a Close is the last piece.
  void go_away() { web_socket_->close(CloseCode::going_away); }

 private:
  struct Batch {
    std::vector<Chunk> chunks;
    size_t bytes = 0;
    bool last = false;       // the handler has ended the stream, and nothing is left
    bool abandoned = false;  // it never will, and nothing is left
  };
  Batch take_batch(size_t chunks_max);
  void begin_web_socket();
  void append_web_socket_head(std::string* out);
  void append_compressed(std::string* out);
  bool append_chunks(std::string* out);
  bool append_messages(std::string* out);

  const Limits& limits_;
  const std::shared_ptr<Outbox> outbox_;
  const Form form_;
  bool begun_ = false;
  bool streaming_ = false;
  bool chunked_ = false;
  bool cut_ = false;
  bool last_chunk_appended_ = false;
  int status_ = 0;
  Headers headers_;
  std::string body_;  // of a response that is whole
  size_t body_taken_ = 0;
  std::unique_ptr<GzipStream> gzip_;  // of one that is compressed
  std::unique_ptr<WebSocket> web_socket_;
  std::string protocol_;  // of the WebSocket
};

}  // namespace kabuki::api_server::http
