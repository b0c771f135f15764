#include "actors/api_server/http/web_socket.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <new>
#include <openssl/sha.h>
#include <utility>
#include <wslay/wslay.h>

#include "messages/base64.hpp"

namespace kabuki::api_server::http {

std::string web_socket_accept(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::string out;
  append_base64({reinterpret_cast<const char*>(digest.data()), digest.size()}, &out);
  return out;
}

// wslay's event context reads, and writes what answers that. Messages are written by a frame context beside it,
// straight from where they are: the event context would copy them first. Both write whole frames, so they may take
// turns.
struct WebSocket::Frames {
  explicit Frames(Options o) : options(std::move(o)) {
    const wslay_event_callbacks events = {
        .recv_callback = [](wslay_event_context_ptr c, uint8_t* data, size_t size, int,
                            void* self) { return static_cast<Frames*>(self)->give(c, data, size); },
        .send_callback = [](wslay_event_context_ptr, const uint8_t* data, size_t size, int,
                            void* self) { return static_cast<Frames*>(self)->put(data, size); },
        .genmask_callback = nullptr,
        .on_frame_recv_start_callback = [](wslay_event_context_ptr, const wslay_event_on_frame_recv_start_arg* frame,
                                           void* self) { static_cast<Frames*>(self)->frame_began(*frame); },
        .on_frame_recv_chunk_callback = [](wslay_event_context_ptr, const wslay_event_on_frame_recv_chunk_arg* piece,
                                           void* self) { static_cast<Frames*>(self)->frame_goes_on(*piece); },
        .on_frame_recv_end_callback = nullptr,
        .on_msg_recv_callback = [](wslay_event_context_ptr, const wslay_event_on_msg_recv_arg* message,
                                   void* self) { static_cast<Frames*>(self)->message_ended(*message); },
    };
    if (wslay_event_context_server_init(&context, &events, this) != 0) throw std::bad_alloc();
    // A client's fragments may be of one byte each; wslay would keep each in an allocation of its own.
    wslay_event_config_set_no_buffering(context, 1);
    wslay_event_config_set_max_recv_msg_length(context, options.message_bytes_max);
    const wslay_frame_callbacks frames = {
        .send_callback = [](const uint8_t* data, size_t size, int,
                            void* self) { return static_cast<Frames*>(self)->put(data, size); },
        .recv_callback = nullptr,
        .genmask_callback = nullptr,
    };
    if (wslay_frame_context_init(&writer, &frames, this) != 0) {
      wslay_event_context_free(context);
      throw std::bad_alloc();
    }
  }
  ~Frames() {
    wslay_frame_context_free(writer);
    wslay_event_context_free(context);
  }
  Frames(const Frames&) = delete;
  Frames& operator=(const Frames&) = delete;

  ssize_t give(wslay_event_context_ptr asking, uint8_t* data, size_t size) {
    if (input.empty()) {
      wslay_event_set_error(asking, WSLAY_ERR_WOULDBLOCK);
      return -1;
    }
    const size_t given = std::min(size, input.size());
    std::memcpy(data, input.data(), given);
    input.remove_prefix(given);
    return static_cast<ssize_t>(given);
  }

  ssize_t put(const uint8_t* data, size_t size) {
    out->append(reinterpret_cast<const char*>(data), size);
    return static_cast<ssize_t>(size);
  }

  // Unbuffered, wslay holds single frames against the limit; together they may not exceed it either.
  void frame_began(const wslay_event_on_frame_recv_start_arg& frame) {
    in_control = wslay_is_ctrl_frame(frame.opcode);
    if (in_control) return;
    message_bytes += frame.payload_length;
    if (message_bytes <= options.message_bytes_max) return;
    close(CloseCode::message_too_big);
    wslay_event_shutdown_read(context);
  }

  void frame_goes_on(const wslay_event_on_frame_recv_chunk_arg& piece) {
    if (in_control || !options.on_message || !wslay_event_get_read_enabled(context)) return;
    message.append(reinterpret_cast<const char*>(piece.data), piece.data_length);
  }

  void message_ended(const wslay_event_on_msg_recv_arg& ended) {
    if (wslay_is_ctrl_frame(ended.opcode)) return;
    message_bytes = 0;
    if (options.on_message && wslay_event_get_read_enabled(context)) options.on_message(std::exchange(message, {}));
  }

  void close(CloseCode code) {
    if (close_due) return;
    close_due = true;
    // Refused when the client's own Close, or its fault, has one due already.
    (void)wslay_event_queue_close(context, static_cast<uint16_t>(code), nullptr, 0);
  }

  void append_frame(uint8_t opcode, std::string_view payload, std::string* to) {
    out = to;
    wslay_frame_iocb frame = {};
    frame.fin = 1;
    frame.opcode = opcode;
    frame.payload_length = payload.size();
    frame.data = reinterpret_cast<const uint8_t*>(payload.data());
    frame.data_length = payload.size();
    [[maybe_unused]] const ssize_t written = wslay_frame_send(writer, &frame);
    assert(written == static_cast<ssize_t>(payload.size()));
    out = nullptr;
  }

  const Options options;
  wslay_event_context_ptr context = nullptr;
  wslay_frame_context_ptr writer = nullptr;
  std::string_view input;      // while taking
  std::string* out = nullptr;  // while appending
  std::string message;         // the client's, as far as it has come
  uint64_t message_bytes = 0;
  bool in_control = false;
  bool close_due = false;  // by us
  bool broken = false;     // the client's frames are none
  bool broken_told = false;
};

WebSocket::WebSocket(Options options) : frames_(std::make_unique<Frames>(std::move(options))) {}
WebSocket::~WebSocket() = default;

void WebSocket::take(std::string_view bytes) {
  if (deaf()) return;
  frames_->input = bytes;
  if (wslay_event_recv(frames_->context) != 0) frames_->broken = true;
  frames_->input = {};
}

bool WebSocket::deaf() const { return frames_->broken || !wslay_event_get_read_enabled(frames_->context); }

size_t WebSocket::waiting() const { return wslay_event_get_queued_msg_count(frames_->context); }

void WebSocket::append_message(std::string_view message, std::string* out) {
  assert(!closing());
  frames_->append_frame(frames_->options.binary ? WSLAY_BINARY_FRAME : WSLAY_TEXT_FRAME, message, out);
}

void WebSocket::append_control(std::string* out) {
  if (closed()) return;
  if (frames_->broken) {
    // wslay would close without saying why.
    frames_->broken_told = true;
    return frames_->append_frame(WSLAY_CONNECTION_CLOSE, "\x03\xea", out);
  }
  frames_->out = out;
  [[maybe_unused]] const int sent = wslay_event_send(frames_->context);
  assert(sent == 0);
  frames_->out = nullptr;
}

void WebSocket::close(CloseCode code) { frames_->close(code); }

bool WebSocket::closing() const { return frames_->close_due || deaf() || closed(); }

bool WebSocket::closed() const { return frames_->broken_told || wslay_event_get_close_sent(frames_->context); }

}  // namespace kabuki::api_server::http
