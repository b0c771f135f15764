#pragma once

#include <cstdint>
#include <sys/random.h>

namespace kabuki::tools {

/// A seed from the system, for live hosts: the one place where a run is allowed to differ from another.
inline uint64_t random_seed() {
  uint64_t seed = 0;
  while (::getrandom(&seed, sizeof seed, 0) != sizeof seed) {
  }
  return seed;
}

}  // namespace kabuki::tools
