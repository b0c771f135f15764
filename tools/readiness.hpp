#pragma once

#include <cstddef>

#include "messages/result.hpp"
#include "runtime/host.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::tools {

/// Waits until a control-plane host serves: it is a member, the namespaces every cluster has are there with their
/// accounts, and `nodes` nodes are Ready. Error: Timeout that says what was still missing.
Result<> wait_until_ready(runtime::Host& host, size_t nodes, io::Duration timeout);

}  // namespace kabuki::tools
