#include "actors/api_server/http/h1_response.hpp"

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <functional>
#include <limits>
#include <mutex>
#include <utility>
#include <vector>

#include "actors/api_server/http/error_response.hpp"

namespace kabuki::api_server::http {
namespace {

// Pongs that a client may leave unread before it is not read on.
constexpr size_t kPongs = 64;

void append_chunk_size(size_t bytes, std::string* out) {
  char size[24];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes);
  out->append(size);
}

}  // namespace

void append_status_line(int status, std::string* out) {
  out->append("HTTP/1.1 ").append(std::to_string(status)).append(" ").append(reason_phrase(status)).append("\r\n");
}

void append_header(std::string_view name, std::string_view value, std::string* out) {
  out->append(name).append(": ");
  for (char c : value) *out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  out->append("\r\n");
}

H1Response::H1Response(const Limits& limits, std::shared_ptr<Outbox> outbox, Form form)
    : limits_(limits), outbox_(std::move(outbox)), form_(std::move(form)) {}

bool H1Response::begin() {
  std::lock_guard lock(outbox_->mutex);
  if (!outbox_->begun) return false;
  begun_ = true;
  status_ = outbox_->status;
  headers_ = std::move(outbox_->headers);
  body_ = std::move(outbox_->body);
  streaming_ = outbox_->streaming;
  if (outbox_->web_socket) begin_web_socket();
  return true;
}

// Under the outbox's lock.
void H1Response::begin_web_socket() {
  assert(!form_.web_socket_key.empty() && "whoever starts a WebSocket has checked the handshake");
  protocol_ = std::move(outbox_->protocol);
  WebSocket::Options options{.binary = outbox_->binary, .message_bytes_max = limits_.web_socket_message_bytes};
  if (outbox_->on_message) {
    options.on_message = [this, call = std::exchange(outbox_->on_message, nullptr)](std::string message) {
      // Any number of them would count for nothing.
      if (message.empty()) return;
      {
        std::lock_guard lock(outbox_->mutex);
        outbox_->input_bytes += message.size();
      }
      call(std::move(message));
    };
  }
  web_socket_ = std::make_unique<WebSocket>(std::move(options));
}

void H1Response::append_web_socket_head(std::string* out) {
  append_status_line(status_, out);
  append_header("Upgrade", "websocket", out);
  append_header("Connection", "Upgrade", out);
  append_header("Sec-WebSocket-Accept", web_socket_accept(form_.web_socket_key), out);
  if (!protocol_.empty()) append_header("Sec-WebSocket-Protocol", protocol_, out);
  out->append("\r\n");
}

void H1Response::append_head(bool last_of_connection, std::string* out) {
  if (web_socket_) return append_web_socket_head(out);
  const bool may_have_body = status_ != 204 && status_ != 304 && status_ >= 200;
  const bool with_body = may_have_body && !form_.is_head;
  if (!streaming_ && form_.accepts_gzip && status_ == 200 && !form_.is_1_0 && with_body &&
      body_.size() >= limits_.gzip_bytes) {
    gzip_ = std::make_unique<GzipStream>();
  }
  chunked_ = (streaming_ || gzip_) && !form_.is_1_0 && with_body;

  append_status_line(status_, out);
  for (const auto& [name, value] : headers_) append_header(name, value, out);
  headers_ = {};
  if (status_ == 426) {  // of a WebSocket's handshake
    append_header("Upgrade", "websocket", out);
    append_header("Connection", "Upgrade", out);
    append_header("Sec-WebSocket-Version", "13", out);
  }
  if (gzip_) {
    append_header("Content-Encoding", "gzip", out);
    append_header("Vary", "Accept-Encoding", out);
  }
  if (chunked_) {
    append_header("Transfer-Encoding", "chunked", out);
  } else if (!streaming_ && may_have_body) {
    append_header("Content-Length", std::to_string(body_.size()), out);
  }
  if (last_of_connection) {
    append_header("Connection", "close", out);
  } else if (form_.is_1_0) {
    append_header("Connection", "keep-alive", out);
  }
  out->append("\r\n");
  if (!with_body) body_.clear();
}

bool H1Response::append_piece(std::string* out) {
  if (web_socket_) return append_messages(out);
  if (streaming_) return append_chunks(out);
  if (body_taken_ == body_.size()) return false;
  if (gzip_) {
    append_compressed(out);
  } else {
    const size_t piece = std::min(body_.size() - body_taken_, limits_.write_batch_bytes);
    out->append(body_, body_taken_, piece);
    body_taken_ += piece;
  }
  return true;
}

// One piece at a time, between which the thread's other connections have their turn.
void H1Response::append_compressed(std::string* out) {
  std::string piece;
  while (piece.empty()) {
    const size_t taken = std::min(body_.size() - body_taken_, limits_.write_batch_bytes);
    const bool last = body_taken_ + taken == body_.size();
    gzip_->add(std::string_view(body_).substr(body_taken_, taken), last, &piece);
    body_taken_ += taken;
  }
  append_chunk_size(piece.size(), out);
  out->append(piece).append("\r\n");
  if (body_taken_ == body_.size()) out->append("0\r\n\r\n");
}

H1Response::Batch H1Response::take_batch(size_t chunks_max) {
  Batch batch;
  std::lock_guard lock(outbox_->mutex);
  auto& chunks = outbox_->chunks;
  while (!chunks.empty() && batch.chunks.size() < chunks_max &&
         (batch.chunks.empty() || batch.bytes + chunks.front()->size() <= limits_.write_batch_bytes)) {
    batch.bytes += chunks.front()->size();
    batch.chunks.push_back(std::move(chunks.front()));
    chunks.pop_front();
  }
  outbox_->queued_bytes -= batch.bytes;
  batch.last = chunks.empty() && outbox_->ended;
  batch.abandoned = batch.chunks.empty() && outbox_->abandoned;
  return batch;
}

bool H1Response::append_chunks(std::string* out) {
  if (last_chunk_appended_) return false;
  const Batch batch = take_batch(std::numeric_limits<size_t>::max());
  last_chunk_appended_ = batch.last;
  cut_ = batch.abandoned;
  if (batch.chunks.empty() && !last_chunk_appended_) return false;
  const bool with_body = chunked_ || (form_.is_1_0 && !form_.is_head);
  if (with_body && batch.bytes > 0) {
    if (chunked_) append_chunk_size(batch.bytes, out);
    for (const Chunk& chunk : batch.chunks) out->append(*chunk);
    if (chunked_) out->append("\r\n");
  }
  if (last_chunk_appended_ && chunked_) out->append("0\r\n\r\n");
  return true;
}

// Each message is a write, and so a TLS record, of its own: python3-kubernetes waits for the socket to become
// readable before each message, and does not see one that OpenSSL holds already.
bool H1Response::append_messages(std::string* out) {
  const size_t before = out->size();
  web_socket_->append_control(out);
  if (out->size() > before || web_socket_->closing()) return out->size() > before;
  const Batch batch = take_batch(1);
  for (const Chunk& chunk : batch.chunks) web_socket_->append_message(*chunk, out);
  if (batch.last) web_socket_->close(CloseCode::normal);
  if (batch.abandoned) web_socket_->close(CloseCode::internal_error);
  if (batch.chunks.empty()) web_socket_->append_control(out);
  return out->size() > before;
}

void H1Response::take(std::string_view bytes) {
  web_socket_->take(bytes);
  // The client wants no more, whatever it still has to read.
  if (web_socket_->deaf()) outbox_->close();
}

bool H1Response::wants_input() {
  if (web_socket_->deaf() || web_socket_->waiting() >= kPongs) return false;
  std::lock_guard lock(outbox_->mutex);
  const bool kept_up = outbox_->input_bytes <= limits_.web_socket_input_bytes;
  outbox_->input_resume = kept_up ? 0 : limits_.web_socket_input_bytes;
  return kept_up;
}

void H1Response::tell_writable() {
  std::function<void()> call;
  {
    std::lock_guard lock(outbox_->mutex);
    if (!outbox_->refused || !outbox_->chunks.empty()) return;
    outbox_->refused = false;
    call = outbox_->on_writable;
  }
  if (call) call();
}

}  // namespace kabuki::api_server::http
