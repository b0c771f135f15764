#include "actors/api_server/http_gate.hpp"

#include <utility>

#include "actors/api_server/render.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {

void HttpGate::set(size_t slot, runtime::Mailbox mailbox, Handle handle) {
  std::lock_guard lock(mutex_);
  if (slots_.size() <= slot) slots_.resize(slot + 1);
  slots_[slot] = {std::move(mailbox), std::make_shared<const Handle>(std::move(handle))};
}

void HttpGate::dispatch(http::Request request, std::shared_ptr<http::ResponseSink> sink) {
  auto shared = std::make_shared<http::Request>(std::move(request));
  std::vector<Slot> slots;
  size_t first = 0;
  {
    std::lock_guard lock(mutex_);
    slots = slots_;
    first = next_++;
  }
  for (size_t i = 0; i < slots.size(); ++i) {
    Slot& slot = slots[(first + i) % slots.size()];
    if (!slot.handle) continue;
    auto handle = slot.handle;
    if (slot.mailbox.post([handle, shared, sink] { (*handle)(std::move(*shared), sink); })) return;
  }
  Response response = render_error(unavailable("no API server is running on this host; try again"), Format{});
  sink->respond(response.status, std::move(response.headers), std::move(response.body));
}

}  // namespace kabuki::api_server
