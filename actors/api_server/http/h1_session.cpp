#include "actors/api_server/http/h1_session.hpp"

#include <cstdio>

#include "actors/api_server/http/error_response.hpp"

namespace kabuki::api_server::http {
namespace {

// Reads and writes of one connection before the others get their turn.
constexpr int kInlineReads = 8;
constexpr int kInlineWrites = 32;
constexpr int kInlineCompressedWrites = 2;

// No header value may end a line: whoever put a client's text into one must not have split the response.
void append_header(std::string_view name, std::string_view value, std::string* out) {
  out->append(name).append(": ");
  for (char c : value) *out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  out->append("\r\n");
}

void append_status_line(int status, std::string* out) {
  out->append("HTTP/1.1 ").append(std::to_string(status)).append(" ").append(reason_phrase(status)).append("\r\n");
}

void append_chunk_size(size_t bytes, std::string* out) {
  char size[24];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes);
  out->append(size);
}

}  // namespace

H1Session::H1Session(std::shared_ptr<IoThread> thread, std::shared_ptr<ServerContext> server, int fd)
    : thread_(std::move(thread)),
      server_(std::move(server)),
      limits_(server_->limits),
      socket_(std::make_unique<Readiness>(*thread_, fd)),
      transport_(server_->tls ? tls_transport(fd, *server_->tls) : plain_transport(fd, server_->plain_identity)),
      parser_(limits_),
      phase_began_(thread_->sweeps()),
      write_progress_(thread_->sweeps()) {
  ++server_->connections;
}

H1Session::~H1Session() { --server_->connections; }

void H1Session::start(std::shared_ptr<IoThread> thread, std::shared_ptr<ServerContext> server, int fd) {
  auto session = std::make_shared<H1Session>(thread, std::move(server), fd);
  session->id_ = thread->add(session);
  session->on_readable();
}

void H1Session::arm_read() {
  if (read_armed_ || state_ == State::closed) return;
  read_armed_ = true;
  socket_->when_readable([self = shared_from_this()] {
    self->read_armed_ = false;
    if (self->state_ == State::closed) return;
    if (self->write_wants_read_) {
      self->write_wants_read_ = false;
      self->flush();
    }
    self->on_readable();
  });
}

void H1Session::arm_write() {
  if (write_armed_ || state_ == State::closed) return;
  write_armed_ = true;
  socket_->when_writable([self = shared_from_this()] {
    self->write_armed_ = false;
    self->on_writable();
  });
}

void H1Session::on_writable() {
  if (state_ == State::closed) return;
  if (read_wants_write_) {
    read_wants_write_ = false;
    on_readable();
  }
  if (state_ != State::closed && state_ != State::handshaking) flush();
}

bool H1Session::may_read() const {
  if (state_ == State::closed || input_ended_) return false;
  return state_ != State::responding || in_.size() < limits_.pipelined_bytes;
}

void H1Session::on_readable() {
  if (state_ == State::handshaking) {
    switch (transport_->handshake()) {
      case Io::ok:
        break;
      case Io::want_read:
        return arm_read();
      case Io::want_write:
        read_wants_write_ = true;
        return arm_write();
      default:
        return close();
    }
    identity_ = transport_->identity();
    state_ = State::reading;
    phase_began_ = thread_->sweeps();
  }
  for (int round = 0; round < kInlineReads; ++round) {
    if (!may_read()) return;
    auto scratch = thread_->scratch();
    size_t got = 0;
    switch (transport_->read(scratch.data(), scratch.size(), &got)) {
      case Io::ok:
        if (!take_input(got)) return;
        break;
      case Io::want_read:
        return arm_read();
      case Io::want_write:
        read_wants_write_ = true;
        return arm_write();
      case Io::ended:
        return on_end();
      case Io::broken:
        return close();
    }
  }
  thread_->post([self = shared_from_this()] {
    if (self->state_ != State::closed && !self->read_armed_) self->on_readable();
  });
}

bool H1Session::take_input(size_t got) {
  phase_bytes_ += got;
  if (state_ == State::draining || state_ == State::refusing) {
    if (phase_bytes_ <= limits_.drain_bytes) return true;
    close();
    return false;
  }
  in_.append(thread_->scratch().data(), got);
  if (state_ == State::reading) process();
  return state_ != State::closed;
}

void H1Session::on_end() {
  input_ended_ = true;
  // A client may end its direction and still wait for the answer, but nobody watches that way.
  if (state_ == State::refusing) return;
  if (state_ != State::responding || streaming_) return close();
  close_after_ = true;
}

void H1Session::process() {
  while (state_ == State::reading) {
    switch (parser_.feed(&in_)) {
      case H1Parser::Step::need_more:
        if (!in_head_ && !in_body_ && !parser_.between_requests()) {
          in_head_ = true;
          phase_began_ = thread_->sweeps();
        }
        if (in_.empty() && in_.capacity() > 4096) in_ = {};
        return;
      case H1Parser::Step::head:
        in_head_ = false;
        in_body_ = true;
        phase_began_ = thread_->sweeps();
        phase_bytes_ = in_.size();
        if (parser_.expects_continue() && in_.empty()) {
          out_.append("HTTP/1.1 100 Continue\r\n\r\n");
          flush();
        }
        break;
      case H1Parser::Step::done:
        return dispatch();
      case H1Parser::Step::refused:
        return refuse(parser_.refusal());
    }
  }
}

void H1Session::dispatch() {
  in_head_ = in_body_ = false;
  Request request = parser_.take();
  request.identity = identity_;
  accepts_gzip_ = accepts_gzip(request.header("accept-encoding"));
  close_after_ = !parser_.keep_alive() || input_ended_;
  outbox_ = std::make_shared<Outbox>();
  response_begun_ = streaming_ = last_chunk_written_ = false;
  state_ = State::responding;
  server_->handler(std::move(request), make_sink(outbox_, thread_, weak_from_this(), limits_.stream_queue_bytes));
}

void H1Session::refuse(const Error& error) {
  state_ = State::refusing;
  in_head_ = in_body_ = false;
  in_ = {};
  std::string body = status_body(error);
  append_status_line(error.code, &out_);
  append_header("Content-Type", "application/json", &out_);
  append_header("Content-Length", std::to_string(body.size()), &out_);
  append_header("Connection", "close", &out_);
  out_.append("\r\n").append(body);
  flush();
}

void H1Session::pump() {
  if (state_ != State::responding) return;
  if (!response_begun_) begin_response();
  if (state_ == State::responding && response_begun_) flush();
}

void H1Session::begin_response() {
  int status = 0;
  Headers headers;
  {
    std::lock_guard lock(outbox_->mutex);
    if (!outbox_->begun) return;
    status = outbox_->status;
    headers = std::move(outbox_->headers);
    body_ = std::move(outbox_->body);
    streaming_ = outbox_->streaming;
  }
  response_begun_ = true;
  write_progress_ = thread_->sweeps();
  body_taken_ = 0;
  if (streaming_ && input_ended_) return close();
  bool without_body = parser_.is_head() || status == 204 || status == 304 || status < 200;
  const bool compressed = !streaming_ && accepts_gzip_ && status == 200 && !parser_.is_1_0() && !parser_.is_head() &&
                          body_.size() >= limits_.gzip_bytes;
  gzip_ = compressed ? std::make_unique<GzipStream>() : nullptr;
  chunked_ = (streaming_ || gzip_) && !parser_.is_1_0() && !without_body;
  if (streaming_ && parser_.is_1_0()) close_after_ = true;

  if (out_.empty()) out_ = thread_->take_buffer();
  append_status_line(status, &out_);
  for (const auto& [name, value] : headers) append_header(name, value, &out_);
  if (gzip_) {
    append_header("Content-Encoding", "gzip", &out_);
    append_header("Vary", "Accept-Encoding", &out_);
  }
  if (chunked_) {
    append_header("Transfer-Encoding", "chunked", &out_);
  } else if (!streaming_ && status != 204 && status != 304 && status >= 200) {
    append_header("Content-Length", std::to_string(body_.size()), &out_);
  }
  if (close_after_) {
    append_header("Connection", "close", &out_);
  } else if (parser_.is_1_0()) {
    append_header("Connection", "keep-alive", &out_);
  }
  out_.append("\r\n");
  if (without_body) body_.clear();
}

void H1Session::flush() {
  int rounds = gzip_ ? kInlineCompressedWrites : kInlineWrites;
  do {
    while (out_written_ < out_.size()) {
      if (write_wants_read_) return;
      if (rounds-- == 0) return thread_->post([self = shared_from_this()] { self->on_writable(); });
      size_t put = 0;
      switch (transport_->write(out_.data() + out_written_, out_.size() - out_written_, &put)) {
        case Io::ok:
          break;
        case Io::want_write:
          return arm_write();
        case Io::want_read:
          write_wants_read_ = true;
          return arm_read();
        default:
          return close();
      }
      out_written_ += put;
      write_progress_ = thread_->sweeps();
    }
    out_.clear();
    out_written_ = 0;
  } while (refill());
  if (state_ == State::closed) return;
  thread_->give_buffer(std::exchange(out_, {}));
  if (state_ == State::refusing) return begin_drain();
  if (state_ != State::responding || !response_begun_) return;
  if (!streaming_ || last_chunk_written_) return finish_response();
  call_writable();
}

// Puts the next piece of the response into the empty out_; false when there is none now.
bool H1Session::refill() {
  if (state_ != State::responding || !response_begun_) return false;
  if (streaming_ ? !refill_stream() : body_taken_ == body_.size()) return false;
  if (gzip_) {
    refill_compressed();
  } else if (!streaming_) {
    size_t piece = std::min(body_.size() - body_taken_, limits_.write_batch_bytes);
    out_.append(body_, body_taken_, piece);
    body_taken_ += piece;
  }
  write_progress_ = thread_->sweeps();
  return true;
}

// One piece at a time, between which the thread's other connections have their turn.
void H1Session::refill_compressed() {
  std::string piece;
  while (piece.empty()) {
    const size_t taken = std::min(body_.size() - body_taken_, limits_.write_batch_bytes);
    const bool last = body_taken_ + taken == body_.size();
    gzip_->add(std::string_view(body_).substr(body_taken_, taken), last, &piece);
    body_taken_ += taken;
  }
  append_chunk_size(piece.size(), &out_);
  out_.append(piece).append("\r\n");
  if (body_taken_ == body_.size()) out_.append("0\r\n\r\n");
}

bool H1Session::refill_stream() {
  if (last_chunk_written_) return false;
  std::vector<Chunk> batch;
  size_t bytes = 0;
  bool cut = false;
  {
    std::lock_guard lock(outbox_->mutex);
    auto& chunks = outbox_->chunks;
    while (!chunks.empty() && (batch.empty() || bytes + chunks.front()->size() <= limits_.write_batch_bytes)) {
      bytes += chunks.front()->size();
      batch.push_back(std::move(chunks.front()));
      chunks.pop_front();
    }
    outbox_->queued_bytes -= bytes;
    last_chunk_written_ = chunks.empty() && outbox_->ended;
    cut = batch.empty() && outbox_->abandoned;
  }
  // Closed without the last chunk, so that the client sees that the stream is not complete.
  if (cut) close();
  if (batch.empty() && !last_chunk_written_) return false;
  bool with_body = chunked_ || (parser_.is_1_0() && !parser_.is_head());
  if (with_body && bytes > 0) {
    if (chunked_) append_chunk_size(bytes, &out_);
    for (const Chunk& chunk : batch) out_.append(*chunk);
    if (chunked_) out_.append("\r\n");
  }
  if (last_chunk_written_ && chunked_) out_.append("0\r\n\r\n");
  return true;
}

void H1Session::call_writable() {
  std::function<void()> call;
  {
    std::lock_guard lock(outbox_->mutex);
    if (!outbox_->refused || !outbox_->chunks.empty()) return;
    outbox_->refused = false;
    call = outbox_->on_writable;
  }
  if (call) call();
}

void H1Session::finish_response() {
  auto outbox = std::move(outbox_);
  body_ = {};
  gzip_.reset();
  response_begun_ = streaming_ = false;
  phase_began_ = thread_->sweeps();
  phase_bytes_ = 0;
  if (close_after_) {
    begin_drain();
  } else {
    state_ = State::reading;
    process();
  }
  outbox->close();
  if (!read_armed_ && may_read()) on_readable();
}

void H1Session::begin_drain() {
  if (input_ended_) return close();
  state_ = State::draining;
  phase_began_ = thread_->sweeps();
  transport_->end_writing();
}

void H1Session::sweep() {
  int64_t now = thread_->sweeps();
  int64_t waited = now - phase_began_;
  bool writing = out_written_ < out_.size();
  bool late = writing && now - write_progress_ > limits_.stalled_write_sweeps;
  switch (state_) {
    case State::handshaking:
      late = waited > limits_.handshake_sweeps;
      break;
    case State::reading:
      if (in_body_) {
        late =
            late || waited > limits_.body_sweeps + static_cast<int64_t>(phase_bytes_ / limits_.body_bytes_per_sweep);
      } else {
        late = late || waited > (in_head_ ? limits_.header_sweeps : limits_.idle_sweeps);
      }
      break;
    case State::draining:
      late = waited > limits_.drain_sweeps;
      break;
    default:
      break;
  }
  if (late) close();
}

void H1Session::close() {
  if (state_ == State::closed) return;
  auto self = shared_from_this();
  state_ = State::closed;
  transport_.reset();
  socket_.reset();
  in_ = {};
  out_ = {};
  out_written_ = 0;
  body_ = {};
  gzip_.reset();
  thread_->remove(id_);
  auto outbox = std::move(outbox_);
  if (outbox) outbox->close();
}

}  // namespace kabuki::api_server::http
