#pragma once

#include <set>
#include <string>

#include "messages/bus/control.pb.h"

namespace kabuki::membership {

/// The API server that serves actors, within a control-plane host.
inline constexpr const char* kBusApiServer = "api-server/bus";

/// Which control-plane host's API server `host` is to ask: by the highest random weight of those that are up and not
/// in `silent`, so that hosts spread evenly and only those of a host that goes move. When all are down, of those that
/// are not silent, else of all. "" when `members` names no control-plane host. Pure.
std::string choose_api_server(const std::string& host, const bus::Members& members,
                              const std::set<std::string>& silent);

}  // namespace kabuki::membership
