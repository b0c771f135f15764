#pragma once

#include "messages/kinds.hpp"

namespace kabuki::api_server {

/// What every answer about a kind warns of; null: nothing.
inline const char* deprecation_of(KindId kind) {
  if (kind == kinds::kEndpoints) return "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";
  return nullptr;
}

}  // namespace kabuki::api_server
