#pragma once

#ifdef KABUKI_MIMALLOC
#include <mimalloc.h>
#endif

namespace kabuki::tools {

/// How the process's allocator behaves; before anything allocates much. What MIMALLOC_... in the environment says
/// wins.
inline void set_up_allocator() {
#ifdef KABUKI_MIMALLOC
  // Messages flow: pages that are given back to the system at once are wanted again a moment later, and a fault each
  // is dear. At the default of 25 ms a tenth of the time went into faults; longer than this gains nothing and holds
  // more.
  mi_option_set_default(mi_option_decommit_delay, 100);
#endif
}

}  // namespace kabuki::tools
