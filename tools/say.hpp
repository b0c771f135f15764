#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "messages/result.hpp"

namespace kabuki::tools {

/// A line for people, on standard output.
void say(std::string_view line);
/// Prints `kabuki COMMAND: what` on standard error and ends the subcommand with status 1.
[[noreturn]] void give_up(std::string_view command, const Error& error);

/// "1 node", "3 nodes".
std::string counted(uint64_t number, std::string_view what);

/// "2s", "3m12s", "500ms" or a plain number of seconds. Error: BadRequest that shows the forms.
Result<long long> parse_duration_ns(std::string_view text);

}  // namespace kabuki::tools
