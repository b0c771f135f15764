#pragma once

#include <map>
#include <span>
#include <string>

#include "messages/kinds.hpp"

namespace kabuki::api_server {

/// The API described for clients: what `kubectl explain`, `apply` and validation read.
struct OpenApi {
  std::string v2_json;                         // /openapi/v2
  std::string v2_protobuf;                     // the same as a gnostic openapi.v2.Document
  std::map<std::string, std::string> v3_json;  // /openapi/v3/NAME by NAME: "api/v1", "apis/apps/v1"
};

/// Made from the kinds table and the messages' descriptors alone; the same on every machine. Takes some 50 ms.
OpenApi make_openapi_documents(std::span<const Kind> kinds);

}  // namespace kabuki::api_server
