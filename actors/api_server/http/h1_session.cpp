#include "actors/api_server/http/h1_session.hpp"

#include "actors/api_server/http/error_response.hpp"

namespace kabuki::api_server::http {
namespace {

// Reads and writes of one connection before the others get their turn.
constexpr int kInlineReads = 8;
constexpr int kInlineWrites = 32;
constexpr int kInlineCompressedWrites = 2;

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
  if (state_ == State::responding && response_->is_web_socket()) return response_->wants_input();
  return state_ != State::responding || in_.size() < limits_.pipelined_bytes;
}

void H1Session::resume_reading() {
  if (read_held_ && may_read()) on_readable();
}

void H1Session::on_readable() {
  read_held_ = false;
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
    if (!may_read()) {
      read_held_ = true;
      return;
    }
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
  if (state_ == State::responding && response_->is_web_socket()) {
    response_->take({thread_->scratch().data(), got});
    if (out_.empty()) flush();
    return state_ != State::closed;
  }
  in_.append(thread_->scratch().data(), got);
  if (state_ == State::reading) process();
  return state_ != State::closed;
}

void H1Session::on_end() {
  input_ended_ = true;
  // A client may end its direction and still wait for the answer, but nobody watches that way.
  if (state_ == State::refusing) return;
  if (state_ != State::responding || response_->streaming()) return close();
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
  // Nobody can leave HTTP/1.0 (RFC 9110, 7.8).
  if (parser_.is_1_0()) std::erase_if(request.headers, [](const auto& header) { return header.first == "upgrade"; });
  close_after_ = !parser_.keep_alive() || input_ended_;
  auto outbox = std::make_shared<Outbox>();
  response_ = std::make_unique<H1Response>(
      limits_, outbox,
      H1Response::Form{parser_.is_head(), parser_.is_1_0(), accepts_gzip(request.header("accept-encoding")),
                       std::string(request.header("sec-websocket-key"))});
  state_ = State::responding;
  server_->handler(std::move(request), make_sink(outbox, thread_, weak_from_this(), limits_.stream_queue_bytes));
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
  if (!response_->begun() && !begin_response()) return;
  flush();
  resume_reading();
}

// False when it has not begun, or when nobody is there to read it.
bool H1Session::begin_response() {
  if (!response_->begin()) return false;
  write_progress_ = thread_->sweeps();
  if (response_->streaming() && input_ended_) {
    close();
    return false;
  }
  close_after_ = close_after_ || response_->ends_with_connection();
  if (out_.empty()) out_ = thread_->take_buffer();
  response_->append_head(close_after_, &out_);
  if (response_->is_web_socket()) response_->take(std::exchange(in_, {}));
  return true;
}

void H1Session::flush() {
  int rounds = response_ && response_->compressed() ? kInlineCompressedWrites : kInlineWrites;
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
  if (state_ != State::responding || !response_->begun()) return;
  if (response_->complete()) return finish_response();
  response_->tell_writable();
  if (read_held_) thread_->post([self = shared_from_this()] { self->resume_reading(); });
}

// Puts the next piece of the response into the empty out_; false when there is none now.
bool H1Session::refill() {
  if (state_ != State::responding || !response_->begun()) return false;
  if (!response_->append_piece(&out_)) {
    if (response_->cut()) close();
    return false;
  }
  write_progress_ = thread_->sweeps();
  return true;
}

void H1Session::finish_response() {
  auto response = std::move(response_);
  phase_began_ = thread_->sweeps();
  phase_bytes_ = 0;
  if (close_after_) {
    begin_drain();
  } else {
    state_ = State::reading;
    process();
  }
  response->close();
  resume_reading();
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
    case State::responding:
      // Nobody reads what would end with the news that the client has left.
      late = late || (read_held_ && response_->is_web_socket() && socket_->peer_gone());
      break;
    default:
      break;
  }
  if (late) close();
}

// As far as the socket takes the last words at once.
void H1Session::shut_down() {
  if (state_ == State::responding && response_->is_web_socket()) {
    response_->go_away();
    if (out_.empty()) flush();
  }
  close();
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
  thread_->remove(id_);
  auto response = std::move(response_);
  if (response) response->close();
}

}  // namespace kabuki::api_server::http
