#pragma once

#include <cstdint>
#include <google/protobuf/message.h>
#include <random>

namespace kabuki {

/// Fills `out` with values drawn from `random`, in canonical form: no empty structs, canonical quantities, whole
/// seconds. So it survives a way through JSON unchanged.
void fill_randomly(std::mt19937_64* random, google::protobuf::Message* out, int depth = 0);

}  // namespace kabuki
