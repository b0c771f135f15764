#include "runtime/caf_envelope.hpp"

#include <caf/abstract_actor.hpp>

namespace kabuki::runtime {

caf::type_erased_tuple& Envelope::nothing() {
  static caf::empty_type_erased_tuple empty;
  return empty;
}

void post(const CellPtr& cell, EnvelopePtr envelope) {
  if (!cell) return;
  // Never with the sender's execution unit: it may belong to another host's system.
  cell->get()->enqueue(caf::mailbox_element_ptr(envelope.release()), nullptr);
}

bool post(const WeakCell& cell, EnvelopePtr envelope) {
  const CellPtr held = cell.lock();
  if (!held) return false;
  if (held->get()->getf(caf::abstract_actor::is_terminated_flag)) return false;
  post(held, std::move(envelope));
  return true;
}

}  // namespace kabuki::runtime
