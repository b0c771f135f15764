#pragma once

#include <cstddef>

namespace kabuki {

/// Memory for objects: hundreds of thousands of blocks of about a kilobyte that live long. It is the C library's,
/// whichever allocator the program has otherwise: that cuts blocks to 16 bytes, where others round up by as much as
/// an eighth or a quarter. Throws std::bad_alloc. Thread-safe.
void* allocate_object(size_t bytes);
void free_object(void* memory);

}  // namespace kabuki
