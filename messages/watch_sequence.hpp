#pragma once

#include <cstdint>

namespace kabuki {

/// Batches of a watch stream are numbered one by one from a place that their source draws whenever it opens the
/// stream. So a reader never takes batches of two openings under one id for one stream's: of a request that came
/// twice, or of a source that was started again. This is the place, before the first batch.
inline constexpr uint64_t sequence_place(uint64_t drawn) { return drawn << 32; }

/// Whether a batch is the next one for a reader whose last one was `last`, 0: none yet.
inline constexpr bool is_next_in_sequence(uint64_t sequence, uint64_t last) {
  return last == 0 ? (sequence & 0xffff'ffff) == 1 : sequence == last + 1;
}

/// Whether who has seen `seen` (0: nothing) reads the stream that began at `place`.
inline constexpr bool is_of_sequence(uint64_t seen, uint64_t place) { return seen == 0 || seen >> 32 == place >> 32; }

}  // namespace kabuki
