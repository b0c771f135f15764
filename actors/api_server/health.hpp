#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "actors/api_server/http/exchange.hpp"
#include "actors/api_server/render.hpp"

namespace kabuki::api_server {

/// What was looked at, and "" or why it failed.
using HealthChecks = std::map<std::string, std::string>;

/// The endpoint that a path asks: "livez", "readyz" or "healthz", of itself or of one of its checks; "" for other
/// paths.
std::string_view health_endpoint(std::string_view path);

/// The answer to GET /livez, /readyz or /healthz: "ok", or a line for each check (`?verbose`, or where one fails) but
/// for those that `?exclude=` names; of /livez/NAME what this check says alone. Nothing where there is no such check.
/// Source: Kubernetes API health endpoints.
std::optional<Response> health_response(const http::Request& request, const HealthChecks& checks);

}  // namespace kabuki::api_server
