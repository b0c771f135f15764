#pragma once

#include <memory>

#include "actors/api_server/presence/servers.hpp"
#include "runtime/actor.hpp"

namespace kabuki::api_server {

struct PresenceOptions {
  Server server;  // where this host's API server is reached
  io::Duration period = std::chrono::seconds(10);
  io::Duration duration = std::chrono::seconds(15);
};

/// Keeps the Endpoints of Service default/kubernetes true, together with its like on the other control-plane hosts:
/// it adds its own server and takes away those that have been silent, as Kubernetes' lease reconciler does. It never
/// adds another: each is there because it said so itself.
std::unique_ptr<runtime::Actor> make_presence(PresenceOptions options);

}  // namespace kabuki::api_server
