#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "actors/api_server/http_gate.hpp"
#include "runtime/actor.hpp"

namespace kabuki::api_server {

struct GatewayOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 0;  // 0 picks a free one; a restarted gateway takes the same again
  std::string certificate_pem;
  std::string key_pem;
  std::string client_authority_pem;
  std::shared_ptr<HttpGate> gate;
  /// Told the port each time the gateway listens.
  std::function<void(uint16_t port)> listening;
  /// The IP address under which others reach it, which Service default/kubernetes names; "" names none.
  std::string advertised;
};

/// Owns the HTTPS front: listens while it lives, and hands every request to the gate. A port that cannot be had is a
/// failed start. The presence below it (presence/) may end: it begins anew, and connections stay. `options` outlive
/// restarts: the factory keeps the port that was picked first.
std::function<std::unique_ptr<runtime::Actor>()> gateway(GatewayOptions options);

}  // namespace kabuki::api_server
