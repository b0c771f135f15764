#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "actors/api_server/documents.hpp"
#include "actors/api_server/encoded_cache.hpp"
#include "actors/api_server/http_gate.hpp"
#include "actors/api_server/limits.hpp"
#include "actors/api_server/shard_client.hpp"
#include "messages/kinds.hpp"
#include "runtime/actor.hpp"
#include "runtime/bounded_mailbox.hpp"

namespace kabuki::api_server {

struct ApiServerOptions {
  /// Names the shard that owns a kind.
  std::function<std::string(KindId)> shard_of;
  /// Discovery, OpenAPI and version, shared by all API servers of a process.
  std::shared_ptr<const Documents> documents;
  /// Encoded events, shared by all API servers of a host.
  std::shared_ptr<EncodedCache> encoded = std::make_shared<EncodedCache>();
  /// Where HTTP requests come from; null where this API server only serves actors.
  std::shared_ptr<HttpGate> gate;
  /// What may wait for one shard, and in the mailbox.
  ShardClient::Bounds shard_bounds = {};
  runtime::MailboxBounds mailbox_bounds = {kWaitingAsks, kWaitingBytes};
  /// Its place in the gate, and among all API servers: `slot` of `slots`.
  size_t slot = 0;
  size_t slots = 1;
  /// Virtual addresses of services: the first two bytes of a /16.
  std::string service_prefix = "10.96";
  /// What pods get that say nothing about nodes that are not ready.
  int64_t toleration_seconds = 300;
  /// How old what is told of the use of pods and nodes may be: kubelets are asked no more often.
  io::Duration metrics_resolution = std::chrono::seconds(15);
};

/// Serves the Kubernetes API, to HTTP clients through the gate and to actors through messages/bus/objects.proto.
/// It holds no state that matters: everything is in the shards, several may run side by side.
std::unique_ptr<runtime::Actor> make_api_server(ApiServerOptions options);

}  // namespace kabuki::api_server
