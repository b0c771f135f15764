#pragma once

#include <cstdint>

#include "tests/histories/store_clients.hpp"

namespace kabuki::store::test {

/// A shard whose disk is slow, fails at times and whose host crashes, under its clients, in virtual time. Returns the
/// trace hash.
uint64_t run_store(uint64_t seed, StoreSeen* seen);

}  // namespace kabuki::store::test
