#pragma once

#include <string>

#include "actors/api_server/openapi/schemas.hpp"

namespace kabuki::api_server::openapi {

/// An OpenAPI 2 document (JSON, as make_openapi_documents writes it) as an encoded openapi.v2.Document.
std::string to_v2_protobuf(const Json& document);

}  // namespace kabuki::api_server::openapi
