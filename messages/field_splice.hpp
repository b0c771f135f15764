#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kabuki {

/// `message` (encoded, its fields in ascending order, as everything stored is) with its length-delimited field
/// `number` set to `bytes`, or without it (nullopt). The rest is copied as it is, so this costs no parse of it.
/// Malformed bytes end the message there.
std::string with_field(std::string_view message, int number, std::optional<std::string_view> bytes);

}  // namespace kabuki
