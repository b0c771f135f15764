#pragma once

#include <string>
#include <string_view>

#include "actors/api_server/http/exchange.hpp"

namespace kabuki::api_server {

/// Whether a person reads the answer: `pretty` in the query, else the client's name (curl, Wget, a browser). As a
/// kube-apiserver decides.
bool wants_pretty(const http::Request& request);

/// Sound JSON with a line for each value, indented by two spaces, as a kube-apiserver writes it.
std::string indented(std::string_view json);

}  // namespace kabuki::api_server
