#pragma once

#include <cstdint>

#include "messages/result.hpp"

namespace k8s::io::apimachinery::pkg::util::intstr {
class IntOrString;
}

namespace kabuki {

using IntOrStringMessage = k8s::io::apimachinery::pkg::util::intstr::IntOrString;

enum class Rounding { down, up };

/// The number itself, or the percentage (`25%`) of `total`, rounded. Error: BadRequest for a string that is no
/// percentage.
Result<int32_t> scaled_value(const IntOrStringMessage& value, int32_t total, Rounding rounding);

IntOrStringMessage int_value(int32_t value);
IntOrStringMessage string_value(std::string value);

}  // namespace kabuki
