#pragma once

#include <deque>
#include <memory>
#include <mutex>

#include "actors/api_server/http/exchange.hpp"
#include "actors/api_server/http/io_thread.hpp"

namespace kabuki::api_server::http {

/// What a response sink, on any thread, has handed over for one request, until the session on its I/O thread takes
/// it. Everything is guarded by `mutex`.
struct Outbox {
  std::mutex mutex;
  bool begun = false;       // respond or start_stream was called
  bool streaming = false;   // start_stream was
  bool ended = false;       // end_stream was
  bool abandoned = false;   // the sink went away in the middle of a stream
  bool closed = false;      // the response is complete or the connection gone: nothing is taken any more
  bool web_socket = false;  // start_web_socket was; a stream too
  bool refused = false;     // a send was refused; on_writable is due when the queue has drained
  int status = 0;
  Headers headers;
  std::string body;
  std::deque<Chunk> chunks;
  size_t queued_bytes = 0;
  std::string protocol;  // of a WebSocket, and the next two as well
  bool binary = false;
  std::function<void(std::string)> on_message;
  size_t input_bytes = 0;   // passed to on_message and not dealt with yet
  size_t input_resume = 0;  // the session reads on, and is to be woken, when no more than these are left; 0: it reads
  std::function<void()> on_closed;
  std::function<void()> on_writable;

  /// Takes nothing any more, and calls on_closed. Callbacks are called and destroyed without the lock: they may own
  /// the sink.
  void close();
};

/// The sink that fills `outbox` and wakes `session` on `thread`. A stream's queue takes `queue_bytes_max`, or one
/// batch when it is empty.
std::shared_ptr<ResponseSink> make_sink(std::shared_ptr<Outbox> outbox, std::shared_ptr<IoThread> thread,
                                        std::weak_ptr<Session> session, size_t queue_bytes_max);

}  // namespace kabuki::api_server::http
