#pragma once

#include <atomic>

#include "runtime/bounded_mailbox.hpp"
#include "runtime/caf_envelope.hpp"
#include "runtime/metrics.hpp"

namespace kabuki::runtime {

/// Counts what waits in one bounded mailbox. Thread-safe. Senders that come at once may overstep the bounds by one
/// message each.
class Admission {
 public:
  Admission(MailboxBounds bounds, Counter& refused) : bounds_(bounds), refused_(refused) {}

  /// Takes an ask in; false when it is to be refused. What is no ask is not counted.
  bool enter(Envelope* envelope) {
    if (envelope->kind != Envelope::Kind::message || !envelope->in.reply.wanted() || !envelope->in.message)
      return true;
    if (bounds_.refusable && !bounds_.refusable(*envelope->in.message)) return true;
    size_t bytes = 0;
    for (const auto& object : envelope->in.message->objects) bytes += object->size();
    const bool any = asks_.load(std::memory_order_relaxed) > 0;
    const bool full = asks_.load(std::memory_order_relaxed) >= bounds_.asks ||
                      (any && bytes_.load(std::memory_order_relaxed) + bytes > bounds_.bytes);
    if (full) {
      refused_.add();
      return false;
    }
    envelope->admitted = true;
    envelope->bytes = bytes;
    asks_.fetch_add(1, std::memory_order_relaxed);
    bytes_.fetch_add(bytes, std::memory_order_relaxed);
    return true;
  }
  /// It is being handled now.
  void leave(const Envelope& envelope) {
    if (!envelope.admitted) return;
    asks_.fetch_sub(1, std::memory_order_relaxed);
    bytes_.fetch_sub(envelope.bytes, std::memory_order_relaxed);
  }

 private:
  const MailboxBounds bounds_;
  Counter& refused_;
  std::atomic<size_t> asks_{0};
  std::atomic<size_t> bytes_{0};
};

}  // namespace kabuki::runtime
