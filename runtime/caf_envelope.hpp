#pragma once

#include <caf/actor_control_block.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/type_erased_tuple.hpp>
#include <functional>
#include <memory>
#include <string>

#include "runtime/actor.hpp"

namespace kabuki::runtime {

/// A live or ended actor of this host, held.
using CellPtr = caf::strong_actor_ptr;
/// The same, not held: pins the memory of an ended actor, so nothing keeps one for long.
using WeakCell = caf::weak_actor_ptr;

/// Watches one actor for its end. `ended` is called exactly once: when the actor ends, or when this goes away
/// undelivered because there is no such actor.
struct Watch {
  uint64_t id = 0;  // unique in its host
  std::function<void(uint64_t instance)> attached;
  std::function<void(const ExitReason&)> ended;

  Watch() = default;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() { notify({ExitReason::Kind::failed, "no such actor"}); }
  void notify(const ExitReason& reason) {
    if (auto call = std::exchange(ended, nullptr)) call(reason);
  }
};

/// The one thing that CAF carries: an element of a cell's mailbox, allocated once, with everything in it.
class Envelope final : public caf::mailbox_element {
 public:
  enum class Kind : uint8_t {
    start,        // first of all
    message,      // for the component, or for a child below (in.rest)
    watch,        // likewise for a child below
    unwatch,      // likewise; `id`
    reply,        // to the ask `id`: in.message or error
    ask_timeout,  // of the ask `id`
    timer,        // `id`
    run,          // a closure
    down,         // of the monitor `id`
    stop,
    kill,
    child_started,  // `instance`
    child_ended,    // `instance`, in.rest is the child's name
  };

  explicit Envelope(Kind k, bool urgent = false)
      : caf::mailbox_element(nullptr,
                             urgent ? caf::make_message_id(caf::message_priority::high) : caf::make_message_id(), {}),
        kind(k) {}

  const Kind kind;
  uint64_t id = 0;
  uint64_t instance = 0;
  bool admitted = false;  // counted by its receiver's Admission, with these
  size_t bytes = 0;
  Inbound in;
  std::unique_ptr<Error> error;
  std::unique_ptr<Watch> watch;
  std::function<void()> run;
  ExitReason reason;

  caf::type_erased_tuple& content() override { return nothing(); }
  const caf::type_erased_tuple& content() const override { return nothing(); }
  caf::message move_content_to_message() override { return {}; }
  caf::message copy_content_to_message() const override { return {}; }

 private:
  static caf::type_erased_tuple& nothing();
};

using EnvelopePtr = std::unique_ptr<Envelope>;

inline EnvelopePtr make_envelope(Envelope::Kind kind, uint64_t id = 0) {
  auto envelope = std::make_unique<Envelope>(kind);
  envelope->id = id;
  return envelope;
}

/// Puts it into the cell's mailbox. An ended cell destroys it, which answers whoever waits. Thread-safe.
void post(const CellPtr& cell, EnvelopePtr envelope);
/// The same; false when the cell is known to be gone.
bool post(const WeakCell& cell, EnvelopePtr envelope);

}  // namespace kabuki::runtime
