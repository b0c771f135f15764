#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/api_server/http/exchange.hpp"
#include "actors/api_server/limits.hpp"
#include "runtime/actor.hpp"

namespace kabuki::api_server {

/// Where HTTP threads hand requests to API server actors: each actor takes a slot when it starts, a restarted one
/// takes its predecessor's. Requests go round the slots. Thread-safe.
class HttpGate {
 public:
  /// What may wait for one actor; what finds every actor at its bounds is answered 429 with Retry-After 1.
  struct Bounds {
    size_t requests = kWaitingRequests;
    size_t bytes = kWaitingBodies;
  };
  HttpGate() : HttpGate(Bounds()) {}
  explicit HttpGate(Bounds bounds) : bounds_(bounds) {}

  using Handle = std::function<void(http::Request, std::shared_ptr<http::ResponseSink>)>;
  /// `handle` is run inside the actor of `mailbox`.
  void set(size_t slot, runtime::Mailbox mailbox, Handle handle);
  /// Gives the request to an actor that lives; answers 503 when there is none.
  void dispatch(http::Request request, std::shared_ptr<http::ResponseSink> sink);

 private:
  struct Waiting {
    std::atomic<size_t> requests{0};
    std::atomic<size_t> bytes{0};
  };
  /// A request on its way to its actor: counted until it is looked at or thrown away.
  struct Posted;
  struct Slot {
    runtime::Mailbox mailbox;
    std::shared_ptr<const Handle> handle;
    std::shared_ptr<Waiting> waiting;
  };
  bool full(const Slot& slot, size_t bytes) const;

  const Bounds bounds_;
  std::mutex mutex_;
  std::vector<Slot> slots_;
  size_t next_ = 0;
};

}  // namespace kabuki::api_server
