#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/api_server/http/exchange.hpp"
#include "runtime/actor.hpp"

namespace kabuki::api_server {

/// Where HTTP threads hand requests to API server actors: each actor takes a slot when it starts, a restarted one
/// takes its predecessor's. Requests go round the slots. Thread-safe.
class HttpGate {
 public:
  using Handle = std::function<void(http::Request, std::shared_ptr<http::ResponseSink>)>;
  /// `handle` is run inside the actor of `mailbox`.
  void set(size_t slot, runtime::Mailbox mailbox, Handle handle);
  /// Gives the request to an actor that lives; answers 503 when there is none.
  void dispatch(http::Request request, std::shared_ptr<http::ResponseSink> sink);

 private:
  struct Slot {
    runtime::Mailbox mailbox;
    std::shared_ptr<const Handle> handle;
  };
  std::mutex mutex_;
  std::vector<Slot> slots_;
  size_t next_ = 0;
};

}  // namespace kabuki::api_server
