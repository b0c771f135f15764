#include "actors/api_server/http/outbox.hpp"

#include <algorithm>
#include <cassert>

#include "actors/api_server/http/error_response.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server::http {
namespace {

class Sink final : public ResponseSink {
 public:
  Sink(std::shared_ptr<Outbox> outbox, std::shared_ptr<IoThread> thread, std::weak_ptr<Session> session,
       size_t queue_bytes_max)
      : outbox_(std::move(outbox)),
        thread_(std::move(thread)),
        session_(std::move(session)),
        queue_bytes_max_(queue_bytes_max) {}

  ~Sink() override {
    bool unanswered = false;
    {
      std::lock_guard lock(outbox_->mutex);
      if (outbox_->closed || (outbox_->begun && (!outbox_->streaming || outbox_->ended))) return;
      unanswered = !outbox_->begun;
      outbox_->abandoned = !unanswered;
    }
    if (unanswered) {
      respond(500, {{"Content-Type", "application/json"}},
              status_body(internal_error("the request was dropped without an answer")));
    } else {
      wake();
    }
  }

  void respond(int status, Headers headers, std::string body) override {
    {
      std::lock_guard lock(outbox_->mutex);
      if (outbox_->closed) return;
      assert(!outbox_->begun);
      outbox_->begun = true;
      outbox_->status = status;
      outbox_->headers = std::move(headers);
      outbox_->body = std::move(body);
    }
    wake();
  }

  void start_stream(int status, Headers headers) override {
    {
      std::lock_guard lock(outbox_->mutex);
      if (outbox_->closed) return;
      assert(!outbox_->begun);
      outbox_->begun = outbox_->streaming = true;
      outbox_->status = status;
      outbox_->headers = std::move(headers);
    }
    wake();
  }

  void start_web_socket(std::string protocol, bool binary, std::function<void(std::string)> on_message) override {
    {
      std::lock_guard lock(outbox_->mutex);
      if (outbox_->closed) return;
      assert(!outbox_->begun);
      outbox_->begun = outbox_->streaming = outbox_->web_socket = true;
      outbox_->status = 101;
      outbox_->protocol = std::move(protocol);
      outbox_->binary = binary;
      outbox_->on_message = std::move(on_message);
    }
    wake();
  }

  void consumed(size_t bytes) override {
    {
      std::lock_guard lock(outbox_->mutex);
      outbox_->input_bytes -= std::min(bytes, outbox_->input_bytes);
      if (outbox_->input_resume == 0 || outbox_->input_bytes > outbox_->input_resume) return;
      outbox_->input_resume = 0;
    }
    wake();
  }

  bool send(std::vector<Chunk> chunks) override {
    size_t bytes = 0;
    for (const Chunk& chunk : chunks) bytes += chunk->size();
    {
      std::lock_guard lock(outbox_->mutex);
      if (outbox_->closed) return true;
      assert(outbox_->streaming && !outbox_->ended);
      // An empty queue takes any batch: one object may be larger than the cap.
      if (!outbox_->chunks.empty() && outbox_->queued_bytes + bytes > queue_bytes_max_) {
        outbox_->refused = true;
        return false;
      }
      outbox_->queued_bytes += bytes;
      for (Chunk& chunk : chunks) {
        if (!chunk->empty()) outbox_->chunks.push_back(std::move(chunk));
      }
    }
    wake();
    return true;
  }

  void end_stream() override {
    {
      std::lock_guard lock(outbox_->mutex);
      if (outbox_->closed) return;
      assert(outbox_->streaming);
      outbox_->ended = true;
    }
    wake();
  }

  void on_closed(std::function<void()> call) override {
    {
      std::lock_guard lock(outbox_->mutex);
      if (!outbox_->closed) {
        outbox_->on_closed.swap(call);
        return;
      }
    }
    thread_->post(std::move(call));
  }

  void on_writable(std::function<void()> call) override {
    std::lock_guard lock(outbox_->mutex);
    if (!outbox_->closed) outbox_->on_writable.swap(call);
  }

 private:
  void wake() {
    if (auto session = session_.lock()) thread_->pump(std::move(session));
  }

  const std::shared_ptr<Outbox> outbox_;
  const std::shared_ptr<IoThread> thread_;
  const std::weak_ptr<Session> session_;
  const size_t queue_bytes_max_;
};

}  // namespace

void Outbox::close() {
  std::function<void()> call, dropped;
  std::function<void(std::string)> unheard;
  std::deque<Chunk> unsent;
  {
    std::lock_guard lock(mutex);
    closed = true;
    unsent.swap(chunks);
    call.swap(on_closed);
    dropped.swap(on_writable);
    unheard.swap(on_message);
  }
  if (call) call();
}

std::shared_ptr<ResponseSink> make_sink(std::shared_ptr<Outbox> outbox, std::shared_ptr<IoThread> thread,
                                        std::weak_ptr<Session> session, size_t queue_bytes_max) {
  return std::make_shared<Sink>(std::move(outbox), std::move(thread), std::move(session), queue_bytes_max);
}

}  // namespace kabuki::api_server::http
