#pragma once

#include <string>
#include <string_view>

#include "messages/kinds.hpp"
#include "messages/result.hpp"
#include "messages/versions.hpp"

namespace kabuki::api_server {

/// What a URL path names: a resource (a kind, perhaps one object or a part of one), or a document.
struct RequestInfo {
  const Kind* kind = nullptr;        // as it is stored; null: not a resource, `path` says what
  const Version* version = nullptr;  // the form that was asked for, where it is another than the stored one
  std::string ns;                    // "" across namespaces or cluster-scoped
  std::string name;                  // "" for the collection
  std::string subresource;           // "status", "scale", "binding", ... or ""
  bool legacy_watch = false;         // /api/v1/watch/...: Kubernetes' old spelling of ?watch=1
  std::string path;                  // as asked, without a trailing slash

  /// The kind as the client knows it.
  const Kind& served() const { return version ? version->kind : *kind; }
  /// Whether it is not stored but worked out when it is asked for.
  bool computed() const { return version && !version->stored; }
};

/// Reads `/api/v1/...` and `/apis/GROUP/VERSION/...`; any other path comes back with `kind` null. Error: 404 for a
/// resource that is not served, or a shape that no resource has. Source: Kubernetes API concepts, "Resource URIs".
Result<RequestInfo> parse_path(std::string_view path);

}  // namespace kabuki::api_server
