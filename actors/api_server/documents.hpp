#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "actors/api_server/http/exchange.hpp"
#include "actors/api_server/render.hpp"

namespace kabuki::api_server {

/// What the API server says about itself: discovery, OpenAPI, version. Made once, the same for every request.
/// Thread-safe.
class Documents {
 public:
  virtual ~Documents() = default;
  /// The document at this path for this Accept header, with ETag (304 when the request has it already); none when the
  /// path is no document.
  virtual std::optional<Response> find(const http::Request& request, const std::string& path) const = 0;
};

}  // namespace kabuki::api_server
