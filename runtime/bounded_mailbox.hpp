#pragma once

#include <cstddef>

#include "runtime/message.hpp"

namespace kabuki::runtime {

/// How much may wait in an actor's mailbox.
struct MailboxBounds {
  size_t asks = 0;
  size_t bytes = 0;  // of the objects that come with them
  /// Whether this ask may be refused; asked on any thread. Null: all may. What ends work (a stream's credit, its end)
  /// should not be.
  bool (*refusable)(const Message&) = nullptr;
};

/// Base beside Actor of those whom many ask. An ask that finds the mailbox full is refused at once by
/// TooManyRequests with Retry-After 1, whichever host it came from; counted as kabuki_asks_refused_total by actor.
/// Tells are never refused: they are of streams, which have credit.
class BoundedMailbox {
 public:
  /// Asked once, before the actor starts.
  virtual MailboxBounds mailbox_bounds() const = 0;

 protected:
  BoundedMailbox() = default;
  virtual ~BoundedMailbox() = default;
};

}  // namespace kabuki::runtime
