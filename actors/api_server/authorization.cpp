#include "actors/api_server/authorization.hpp"

#include <algorithm>
#include <string>

#include "actors/api_server/parameters.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

// What Kubernetes' roles system:public-info-viewer and system:discovery let read, and each check by itself.
constexpr std::string_view kPublic[] = {"/healthz", "/healthz/*", "/livez",   "/livez/*",
                                        "/readyz",  "/readyz/*",  "/version", "/version/"};
constexpr std::string_view kDiscovery[] = {"/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"};

bool covers(std::string_view pattern, std::string_view path) {
  if (!pattern.ends_with('*')) return pattern == path;
  pattern.remove_suffix(1);
  return path.starts_with(pattern);
}

/// "Bearer" in whatever case, and a token. Source: RFC 6750.
bool shows_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) return false;
  return std::equal(kScheme.begin(), kScheme.end(), authorization.begin(),
                    [](char lower, char c) { return lower == ((c >= 'A' && c <= 'Z') ? c - 'A' + 'a' : c); });
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
  if (info.subresource == "exec" || info.subresource == "attach") return verb == "get" || verb == "create";
  if (info.computed()) {
    const auto& verbs = info.version->verbs;
    if (std::find(verbs.begin(), verbs.end(), verb) == verbs.end()) return false;
    if (verb != "create") return true;
    return info.name.empty() && (!info.kind->namespaced || !info.ns.empty());
  }
  if (verb == "get" || verb == "list" || verb == "watch") return true;
  const bool placed = !info.kind->namespaced || !info.ns.empty();
  if (verb == "create") return info.name.empty() && placed;
  if (verb == "update" || verb == "patch") return !info.name.empty();
  if (verb == "delete") return info.subresource.empty();
  return verb == "deletecollection" && placed && info.kind->id != kinds::kNamespace;
}

bool in_group(const http::Identity& identity, std::string_view group) {
  return std::find(identity.groups.begin(), identity.groups.end(), group) != identity.groups.end();
}

std::vector<std::string> readable_paths(const http::Identity& identity) {
  if (in_group(identity, "system:masters")) return {"*"};
  std::vector<std::string> out(std::begin(kPublic), std::end(kPublic));
  if (in_group(identity, "system:authenticated")) {
    out.insert(out.end(), std::begin(kDiscovery), std::end(kDiscovery));
  }
  return out;
}

bool may(const http::Identity& identity, const Act& act) {
  if (in_group(identity, "system:masters")) return true;
  if (!act.path.empty()) {
    const auto paths = readable_paths(identity);
    return act.verb == "get" &&
           std::any_of(paths.begin(), paths.end(), [&](const std::string& path) { return covers(path, act.path); });
  }
  return in_group(identity, "system:authenticated") && act.verb == "create" &&
         std::any_of(std::begin(kOwnReviews), std::end(kOwnReviews), [&](const OwnReview& review) {
           return review.group == act.group && review.resource == act.resource;
         });
}

Result<http::Identity> acting_identity(const http::Request& request) {
  if (request.identity.anonymous() && shows_token(request.header("authorization"))) return unauthorized();
  http::Identity as{.user = std::string(request.header("impersonate-user")), .groups = {}};
  bool asked = !as.user.empty();
  for (const auto& [name, value] : request.headers) {
    asked |= name.starts_with("impersonate-");
    if (name == "impersonate-group") as.groups.push_back(value);
  }
  if (!asked) return request.identity;
  if (as.user.empty()) return bad_request("a request to act as somebody names no user");
  if (!in_group(request.identity, "system:masters")) {
    return Error{.code = 403,
                 .reason = "Forbidden",
                 .message = "users \"" + as.user + "\" is forbidden: User \"" + request.identity.user +
                            "\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope",
                 .name = as.user,
                 .kind = "users",
                 .has_details = true};
  }
  const std::string known = as.anonymous() ? "system:unauthenticated" : "system:authenticated";
  if (!in_group(as, known)) as.groups.push_back(known);
  return as;
}

Result<> authorize(const http::Identity& identity, std::string_view verb, const RequestInfo& info) {
  Act act{.verb = verb, .path = info.path};
  if (info.kind) {
    act = {.verb = verb, .path = {}, .group = info.served().group, .resource = info.served().plural};
  }
  if (may(identity, act)) return {};

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
