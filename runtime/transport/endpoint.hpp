#pragma once

#include <string>
#include <string_view>

#include "messages/result.hpp"

namespace kabuki::runtime {

/// Whether a ZeroMQ endpoint (`tcp://127.0.0.1:7000`, `tcp://[::1]:*`, `ipc://...`, `inproc://...`) can only be
/// reached from this machine. Names other than localhost are not looked up and count as reachable from elsewhere.
bool is_loopback_endpoint(std::string_view endpoint);

/// Makes an endpoint of what a person types: `10.0.0.5`, `10.0.0.5:7600`, `tcp://...`. Error: BadRequest that shows
/// an example.
Result<std::string> parse_endpoint(std::string_view text, int default_port);

}  // namespace kabuki::runtime
