#include "actors/api_server/request_info.hpp"

#include <vector>

#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    size_t slash = path.find('/');
    if (slash != 0) parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return parts;
}

bool is_subresource(const Kind& kind, std::string_view name) {
  if (name == "status") return kind.has_status;
  if (name == "scale") return kind.has_scale;
  if (name == "attach" || name == "binding" || name == "ephemeralcontainers" || name == "eviction" ||
      name == "exec" || name == "log" || name == "resize") {
    return kind.id == kinds::kPod;
  }
  if (name == "finalize") return kind.id == kinds::kNamespace;
  if (name == "approval") return kind.id == kinds::kCertificateSigningRequest;
  return false;
}

/// What Kubernetes has and this has not is said, rather than that there is no such path.
Error no_such_part(const Kind& kind, std::string_view name) {
  const bool proxied = kind.id == kinds::kPod || kind.id == kinds::kNode || kind.id == kinds::kService;
  if (!(proxied && name == "proxy") && !(kind.id == kinds::kPod && name == "portforward")) return path_not_found();
  Error error = path_not_found();
  error.message = kind.plural + "/" + std::string(name) + " is not served: " +
                  (kind.id == kinds::kNode ? "kubelets speak no HTTP" : "simulated containers listen on no ports");
  return error;
}

/// Of a kind or of another version of one.
const Kind* served_resource(std::string_view group, std::string_view version, std::string_view plural) {
  if (const Kind* kind = find_resource(group, version, plural)) return kind;
  const Version* other = find_version(group, version, plural);
  return other ? &other->kind : nullptr;
}

}  // namespace

Result<RequestInfo> parse_path(std::string_view path) {
  RequestInfo info;
  std::vector<std::string_view> parts = split(path);
  info.path = "/";
  for (size_t i = 0; i < parts.size(); ++i) info.path += (i ? "/" : "") + std::string(parts[i]);

  size_t prefix = parts.empty() ? 0 : parts[0] == "api" ? 2 : parts[0] == "apis" ? 3 : 0;
  if (prefix == 0 || parts.size() <= prefix) return info;
  std::string_view group = prefix == 2 ? std::string_view{} : parts[1];
  std::string_view version = parts[prefix - 1];
  parts.erase(parts.begin(), parts.begin() + static_cast<ptrdiff_t>(prefix));

  if (parts[0] == "watch" && parts.size() > 1) {
    info.legacy_watch = true;
    parts.erase(parts.begin());
  }
  // /namespaces/NAME/RESOURCE is a resource inside a namespace, but /namespaces/NAME/status belongs to the namespace.
  if (parts[0] == "namespaces" && parts.size() >= 3 && served_resource(group, version, parts[2])) {
    info.ns = parts[1];
    parts.erase(parts.begin(), parts.begin() + 2);
  }
  info.kind = served_resource(group, version, parts[0]);
  info.version = info.kind ? find_version(info.kind->id) : nullptr;
  if (info.version && info.version->stored) info.kind = &kind_of(info.version->stored);
  if (!info.kind || (info.kind->namespaced ? false : !info.ns.empty())) return path_not_found();
  if (parts.size() > 3) return no_such_part(*info.kind, parts[2]);
  if (parts.size() >= 2) info.name = parts[1];
  if (parts.size() == 3) info.subresource = parts[2];
  if (!info.subresource.empty() && (info.legacy_watch || !is_subresource(*info.kind, info.subresource))) {
    return no_such_part(*info.kind, info.subresource);
  }
  if (info.kind->namespaced && info.ns.empty() && !info.name.empty()) return path_not_found();
  return info;
}

}  // namespace kabuki::api_server
