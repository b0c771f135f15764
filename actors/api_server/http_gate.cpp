#include "actors/api_server/http_gate.hpp"

#include <utility>

#include "actors/api_server/render.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {

struct HttpGate::Posted {
  Posted(http::Request r, std::shared_ptr<http::ResponseSink> s, std::shared_ptr<Waiting> w)
      : request(std::move(r)), sink(std::move(s)), waiting(std::move(w)), bytes(request.body.size()) {
    waiting->requests.fetch_add(1, std::memory_order_relaxed);
    waiting->bytes.fetch_add(bytes, std::memory_order_relaxed);
  }
  Posted(const Posted&) = delete;
  Posted& operator=(const Posted&) = delete;
  ~Posted() { leave(); }
  void leave() {
    if (!waiting) return;
    waiting->requests.fetch_sub(1, std::memory_order_relaxed);
    waiting->bytes.fetch_sub(bytes, std::memory_order_relaxed);
    waiting.reset();
  }

  http::Request request;
  std::shared_ptr<http::ResponseSink> sink;
  std::shared_ptr<Waiting> waiting;
  const size_t bytes;
};

void HttpGate::set(size_t slot, runtime::Mailbox mailbox, Handle handle) {
  std::lock_guard lock(mutex_);
  if (slots_.size() <= slot) slots_.resize(slot + 1);
  slots_[slot] = {std::move(mailbox), std::make_shared<const Handle>(std::move(handle)), std::make_shared<Waiting>()};
}

bool HttpGate::full(const Slot& slot, size_t bytes) const {
  const size_t requests = slot.waiting->requests.load(std::memory_order_relaxed);
  return requests >= bounds_.requests ||
         (requests > 0 && slot.waiting->bytes.load(std::memory_order_relaxed) + bytes > bounds_.bytes);
}

void HttpGate::dispatch(http::Request request, std::shared_ptr<http::ResponseSink> sink) {
  std::vector<Slot> slots;
  size_t first = 0;
  {
    std::lock_guard lock(mutex_);
    slots = slots_;
    first = next_++;
  }
  bool any_full = false;
  for (size_t i = 0; i < slots.size(); ++i) {
    Slot& slot = slots[(first + i) % slots.size()];
    if (!slot.handle) continue;
    if (full(slot, request.body.size())) {
      any_full = true;
      continue;
    }
    auto posted = std::make_shared<Posted>(std::move(request), sink, slot.waiting);
    const bool taken = slot.mailbox.post([handle = slot.handle, posted] {
      posted->leave();
      (*handle)(std::move(posted->request), std::move(posted->sink));
    });
    if (taken) return;
    request = std::move(posted->request);
  }
  const Error error = any_full ? too_many_requests("too many requests are waiting, please try again later", 1)
                               : unavailable("no API server is running on this host; try again");
  Response response = render_error(error, Format{});
  sink->respond(response.status, std::move(response.headers), std::move(response.body));
}

}  // namespace kabuki::api_server
