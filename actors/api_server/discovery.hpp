#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "messages/kinds.hpp"

namespace kabuki::api_server {

/// A part of a resource that is served under a path of its own.
struct Subresource {
  std::string name;                // "status"
  std::string group;               // of what it answers; "" for the resource's own
  std::string version;             // "" for the resource's own
  std::string kind;                // "Pod", "Scale", "Binding"
  std::vector<std::string> verbs;  // sorted
};

/// What Kubernetes' verbs can be done with a kind, sorted; and its parts, sorted by name.
std::vector<std::string> verbs_of(const Kind& kind);
std::vector<Subresource> subresources_of(const Kind& kind);

/// The group versions of the table, the core group first, others by group; of one group the newest stable one first,
/// which is the one that clients prefer.
struct GroupVersion {
  std::string group;
  std::string version;
  std::vector<const Kind*> kinds;  // by plural
  /// "v1" or "apps/v1".
  std::string text() const { return group.empty() ? version : group + "/" + version; }
  /// "/api/v1" or "/apis/apps/v1".
  std::string path() const { return (group.empty() ? "/api/" : "/apis/") + text(); }
};
std::vector<GroupVersion> group_versions(std::span<const Kind> kinds);

/// The plain discovery documents, JSON by path: /api, /apis, /apis/GROUP, /api/v1, /apis/GROUP/VERSION.
/// `server_address` is host:port as clients in the cluster reach it.
std::map<std::string, std::string> discovery_documents(std::span<const Kind> kinds, std::string_view server_address);

/// The aggregated form (apidiscovery.k8s.io/v2 APIGroupDiscoveryList) of /api (`core`) and of /apis.
std::string aggregated_discovery(std::span<const Kind> kinds, bool core);

/// What /version answers: Kubernetes 1.36 with Kabuki's own version as build metadata.
std::string version_document(std::string_view kabuki_version, std::string_view commit);

}  // namespace kabuki::api_server
