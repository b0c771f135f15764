#pragma once

#include <string>

#include "messages/result.hpp"

namespace kabuki::tools {

/// Stops the host that runs from `data` (SIGTERM to its guardian) and waits until its directory is free, at most 30
/// s. Nothing is done, and false returned, when none runs there.
Result<bool> stop_host(const std::string& data);

}  // namespace kabuki::tools
