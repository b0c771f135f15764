#pragma once

#include "runtime/caf_envelope.hpp"

namespace kabuki::runtime {

struct Mailbox::Target {
  WeakCell cell;
};

}  // namespace kabuki::runtime
