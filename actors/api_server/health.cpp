#include "actors/api_server/health.hpp"

#include <set>
#include <utility>

#include "actors/api_server/parameters.hpp"

namespace kabuki::api_server {
namespace {

Response text_response(int status, std::string body) {
  return {status,
          {{"content-type", "text/plain; charset=utf-8"}, {"x-content-type-options", "nosniff"}},
          std::move(body)};
}

}  // namespace

std::string_view health_endpoint(std::string_view path) {
  for (std::string_view endpoint : {"livez", "readyz", "healthz"}) {
    std::string_view rest = path;
    if (!rest.starts_with('/')) continue;
    rest.remove_prefix(1);
    if (!rest.starts_with(endpoint)) continue;
    rest.remove_prefix(endpoint.size());
    if (rest.empty() || rest.front() == '/') return endpoint;
  }
  return {};
}

std::optional<Response> health_response(const http::Request& request, const HealthChecks& checks) {
  const std::string endpoint(health_endpoint(request.path));
  const std::string one = request.path.substr(std::min(request.path.size(), endpoint.size() + 2));
  if (!one.empty()) {
    const auto check = checks.find(one);
    if (check == checks.end()) return std::nullopt;
    if (check->second.empty()) return text_response(200, "ok");
    return text_response(500, "internal server error: " + check->second + "\n");
  }

  std::set<std::string> excluded;
  for (const auto& [name, value] : request.query) {
    if (name == "exclude") excluded.insert(value);
  }
  bool passed = true;
  std::string body;
  for (const auto& [name, failure] : checks) {
    if (excluded.erase(name) > 0) {
      body += "[+]" + name + " excluded: ok\n";
    } else if (failure.empty()) {
      body += "[+]" + name + " ok\n";
    } else {
      passed = false;
      body += "[-]" + name + " failed: " + failure + "\n";
    }
  }
  if (!excluded.empty()) {
    std::string names;
    for (const std::string& name : excluded) names += (names.empty() ? "\"" : ", \"") + name + "\"";
    body += "warn: some health checks cannot be excluded: no matches for " + names + "\n";
  }
  body += endpoint + (passed ? " check passed\n" : " check failed\n");
  if (passed && !query_flag(request, "verbose")) body = "ok";
  return text_response(passed ? 200 : 500, std::move(body));
}

}  // namespace kabuki::api_server
