#include "actors/api_server/authorization.hpp"

#include <algorithm>
#include <string>

#include "actors/api_server/parameters.hpp"

namespace kabuki::api_server {
namespace {

constexpr std::string_view kPublic[] = {"/healthz", "/livez", "/readyz", "/version"};

bool is_public(const std::string& path) {
  return std::any_of(std::begin(kPublic), std::end(kPublic), [&](std::string_view open) {
    return path == open || (path.starts_with(open) && path[open.size()] == '/');
  });
}

}  // namespace

std::string_view verb_of(const http::Request& request, const RequestInfo& info) {
  const std::string& method = request.method;
  if (method == "GET" || method == "HEAD") {
    if (!info.kind) return "get";
    if (info.legacy_watch) return "watch";
    if (!info.name.empty()) return "get";
    return query_flag(request, "watch") ? "watch" : "list";
  }
  if (method == "POST") return info.kind || info.path != "/" ? "create" : "post";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return info.kind && info.name.empty() ? "deletecollection" : "delete";
  return "";
}

bool serves_verb(const http::Request& request, std::string_view verb, const RequestInfo& info) {
  if (request.method == "HEAD" || (info.legacy_watch && verb != "watch")) return false;
  if (info.subresource == "binding" || info.subresource == "eviction") return verb == "create";
  if (info.subresource == "finalize") return verb == "update";
  if (info.subresource == "log") return verb == "get";
  if (info.computed()) return verb == "get" || verb == "list";
  if (verb == "get" || verb == "list" || verb == "watch") return true;
  const bool placed = !info.kind->namespaced || !info.ns.empty();
  if (verb == "create") return info.name.empty() && placed;
  if (verb == "update" || verb == "patch") return !info.name.empty();
  if (verb == "delete") return info.subresource.empty();
  return verb == "deletecollection" && placed && info.kind->id != kinds::kNamespace;
}

Result<> authorize(const http::Identity& identity, std::string_view verb, const RequestInfo& info) {
  const auto& groups = identity.groups;
  if (std::find(groups.begin(), groups.end(), "system:masters") != groups.end()) return {};
  if (!info.kind && is_public(info.path)) return {};

  Error error{.code = 403, .reason = "Forbidden", .has_details = true};
  std::string user = "User \"" + identity.user + "\"";
  if (!info.kind) {
    error.message = "forbidden: " + user + " cannot " + std::string(verb) + " path \"" + info.path + "\"";
    return error;
  }
  const Kind& kind = info.served();
  error.name = info.name;
  error.group = kind.group;
  error.kind = kind.plural;
  std::string what = info.subresource.empty() ? kind.plural : kind.plural + "/" + info.subresource;
  error.message = kind.resource() + (info.name.empty() ? "" : " \"" + info.name + "\"") + " is forbidden: " + user +
                  " cannot " + std::string(verb) + " resource \"" + what + "\" in API group \"" + kind.group + "\" " +
                  (info.ns.empty() ? "at the cluster scope" : "in the namespace \"" + info.ns + "\"");
  return error;
}

}  // namespace kabuki::api_server
