#include "actors/api_server/http/h1_response.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "actors/api_server/http/error_response.hpp"

namespace kabuki::api_server::http {
namespace {

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
    : limits_(limits), outbox_(std::move(outbox)), form_(form) {}

bool H1Response::begin() {
  std::lock_guard lock(outbox_->mutex);
  if (!outbox_->begun) return false;
  begun_ = true;
  status_ = outbox_->status;
  headers_ = std::move(outbox_->headers);
  body_ = std::move(outbox_->body);
  streaming_ = outbox_->streaming;
  return true;
}

void H1Response::append_head(bool last_of_connection, std::string* out) {
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

bool H1Response::append_chunks(std::string* out) {
  if (last_chunk_appended_) return false;
  std::vector<Chunk> batch;
  size_t bytes = 0;
  {
    std::lock_guard lock(outbox_->mutex);
    auto& chunks = outbox_->chunks;
    while (!chunks.empty() && (batch.empty() || bytes + chunks.front()->size() <= limits_.write_batch_bytes)) {
      bytes += chunks.front()->size();
      batch.push_back(std::move(chunks.front()));
      chunks.pop_front();
    }
    outbox_->queued_bytes -= bytes;
    last_chunk_appended_ = chunks.empty() && outbox_->ended;
    cut_ = batch.empty() && outbox_->abandoned;
  }
  if (batch.empty() && !last_chunk_appended_) return false;
  const bool with_body = chunked_ || (form_.is_1_0 && !form_.is_head);
  if (with_body && bytes > 0) {
    if (chunked_) append_chunk_size(bytes, out);
    for (const Chunk& chunk : batch) out->append(*chunk);
    if (chunked_) out->append("\r\n");
  }
  if (last_chunk_appended_ && chunked_) out->append("0\r\n\r\n");
  return true;
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
