#include "actors/api_server/discovery.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "messages/api/meta/v1/discovery.pb.h"
#include "messages/json.hpp"
#include "messages/versions.hpp"

namespace kabuki::api_server {
namespace {

namespace meta = ::k8s::io::apimachinery::pkg::apis::meta::v1;
using Json = nlohmann::ordered_json;

// The Kubernetes release whose behaviour is served; clients compare it with their own.
constexpr const char* kMajor = "1";
constexpr const char* kMinor = "36";
constexpr const char* kCompatibleMinor = "35";

template <class Message>
std::string to_json(const Message& message, std::string_view kind, std::string_view version = "v1") {
  std::string out;
  encode_json(message, &out, kind, version);
  return out;
}

void set_verbs(const std::vector<std::string>& verbs, meta::Verbs* out) {
  for (const std::string& verb : verbs) out->add_items(verb);
}

void add_resource(const Kind& kind, meta::APIResourceList* out) {
  meta::APIResource* resource = out->add_resources();
  resource->set_name(kind.plural);
  resource->set_singularname(kind.singular);
  resource->set_namespaced(kind.namespaced);
  resource->set_kind(kind.kind);
  set_verbs(verbs_of(kind), resource->mutable_verbs());
  for (const std::string& name : kind.short_names) resource->add_shortnames(name);
  for (const std::string& category : kind.categories) resource->add_categories(category);
  for (const Subresource& part : subresources_of(kind)) {
    meta::APIResource* sub = out->add_resources();
    sub->set_name(kind.plural + "/" + part.name);
    sub->set_namespaced(kind.namespaced);
    sub->set_group(part.group);
    sub->set_version(part.version);
    sub->set_kind(part.kind);
    set_verbs(part.verbs, sub->mutable_verbs());
  }
}

/// Adds a version to its group's entry; the first one is preferred.
void add_version(const GroupVersion& group, meta::APIGroup* out) {
  out->set_name(group.group);
  auto* version = out->add_versions();
  version->set_groupversion(group.text());
  version->set_version(group.version);
  if (out->versions_size() == 1) *out->mutable_preferredversion() = *version;
}

/// v2 before v1 before v1beta1: the stable ones first, then by number.
bool newer(const std::string& a, const std::string& b) {
  const auto rank = [](const std::string& version) {
    const size_t end = version.find_first_not_of("0123456789", 1);
    return std::tuple(end == std::string::npos, std::stoi(version.substr(1)), version);
  };
  return rank(a) > rank(b);
}

Json kind_reference(const std::string& group, const std::string& version, const std::string& kind) {
  return {{"group", group}, {"version", version}, {"kind", kind}};
}

Json aggregated_resource(const Kind& kind) {
  Json out = {{"resource", kind.plural},
              {"responseKind", kind_reference("", "", kind.kind)},
              {"scope", kind.namespaced ? "Namespaced" : "Cluster"},
              {"singularResource", kind.singular},
              {"verbs", verbs_of(kind)}};
  if (!kind.short_names.empty()) out["shortNames"] = kind.short_names;
  if (!kind.categories.empty()) out["categories"] = kind.categories;
  for (const Subresource& part : subresources_of(kind)) {
    out["subresources"].push_back({{"subresource", part.name},
                                   {"responseKind", kind_reference(part.group, part.version, part.kind)},
                                   {"verbs", part.verbs}});
  }
  return out;
}

}  // namespace

std::vector<std::string> verbs_of(const Kind& kind) {
  const Version* version = find_version(kind.id);
  if (version && !version->stored) return version->verbs;
  std::vector<std::string> out = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
  if (!kind.has_delete_collection) std::erase(out, "deletecollection");
  return out;
}

std::vector<Subresource> subresources_of(const Kind& kind) {
  const std::vector<std::string> parts = {"get", "patch", "update"};
  std::vector<Subresource> out;
  if (kind.id == kinds::kCertificateSigningRequest) out.push_back({"approval", "", "", kind.kind, parts});
  if (kind.id == kinds::kPod) out.push_back({"attach", "", "", "PodAttachOptions", {"create", "get"}});
  if (kind.id == kinds::kPod) out.push_back({"binding", "", "", "Binding", {"create"}});
  if (kind.id == kinds::kPod) out.push_back({"ephemeralcontainers", "", "", kind.kind, parts});
  if (kind.id == kinds::kPod) out.push_back({"eviction", "policy", "v1", "Eviction", {"create"}});
  if (kind.id == kinds::kPod) out.push_back({"exec", "", "", "PodExecOptions", {"create", "get"}});
  if (kind.id == kinds::kNamespace) out.push_back({"finalize", "", "", kind.kind, {"update"}});
  if (kind.id == kinds::kPod) out.push_back({"log", "", "", kind.kind, {"get"}});
  if (kind.id == kinds::kPod) out.push_back({"resize", "", "", kind.kind, parts});
  if (kind.has_scale) out.push_back({"scale", "autoscaling", "v1", "Scale", parts});
  if (kind.has_status) out.push_back({"status", "", "", kind.kind, parts});
  return out;
}

std::vector<GroupVersion> group_versions(std::span<const Kind> kinds) {
  std::map<std::pair<std::string, std::string>, GroupVersion> found;
  for (const Kind& kind : kinds) {
    GroupVersion& entry = found[{kind.group, kind.version}];
    entry.group = kind.group;
    entry.version = kind.version;
    entry.kinds.push_back(&kind);
  }
  std::vector<GroupVersion> out;
  for (auto& [name, entry] : found) {
    std::sort(entry.kinds.begin(), entry.kinds.end(),
              [](const Kind* a, const Kind* b) { return a->plural < b->plural; });
    out.push_back(std::move(entry));
  }
  std::stable_sort(out.begin(), out.end(), [](const GroupVersion& a, const GroupVersion& b) {
    return a.group == b.group ? newer(a.version, b.version) : a.group < b.group;
  });
  return out;
}

std::map<std::string, std::string> discovery_documents(std::span<const Kind> kinds, std::string_view server_address) {
  std::map<std::string, std::string> out;
  meta::APIVersions core;
  auto* address = core.add_serveraddressbyclientcidrs();
  address->set_clientcidr("0.0.0.0/0");
  address->set_serveraddress(std::string(server_address));
  meta::APIGroupList groups;
  meta::APIGroup* group = nullptr;
  for (const GroupVersion& entry : group_versions(kinds)) {
    meta::APIResourceList resources;
    resources.set_groupversion(entry.text());
    for (const Kind* kind : entry.kinds) add_resource(*kind, &resources);
    // As observed: the core group's list carries no apiVersion.
    out[entry.path()] = to_json(resources, "APIResourceList", entry.group.empty() ? "" : "v1");
    if (entry.group.empty()) {
      core.add_versions(entry.version);
      continue;
    }
    if (!group || group->name() != entry.group) group = groups.add_groups();
    add_version(entry, group);
    out["/apis/" + entry.group] = to_json(*group, "APIGroup");
  }
  out["/api"] = to_json(core, "APIVersions", "");
  out["/apis"] = to_json(groups, "APIGroupList");
  return out;
}

std::string aggregated_discovery(std::span<const Kind> kinds, bool core) {
  Json items = Json::array();
  for (const GroupVersion& entry : group_versions(kinds)) {
    if (entry.group.empty() != core) continue;
    Json resources = Json::array();
    for (const Kind* kind : entry.kinds) resources.push_back(aggregated_resource(*kind));
    Json metadata = Json::object();
    if (!core) metadata["name"] = entry.group;
    Json version = {{"version", entry.version}, {"resources", resources}, {"freshness", "Current"}};
    if (!items.empty() && items.back()["metadata"] == metadata) {
      items.back()["versions"].push_back(version);
    } else {
      items.push_back({{"metadata", metadata}, {"versions", Json::array({version})}});
    }
  }
  Json out = {{"kind", "APIGroupDiscoveryList"},
              {"apiVersion", "apidiscovery.k8s.io/v2"},
              {"metadata", Json::object()},
              {"items", items}};
  return out.dump();
}

std::string version_document(std::string_view kabuki_version, std::string_view commit) {
  Json out = {{"major", kMajor},
              {"minor", kMinor},
              {"emulationMajor", kMajor},
              {"emulationMinor", kMinor},
              {"minCompatibilityMajor", kMajor},
              {"minCompatibilityMinor", kCompatibleMinor},
              {"gitVersion", std::string("v") + kMajor + "." + kMinor + ".0+kabuki-" + std::string(kabuki_version)},
              {"gitCommit", commit},
              {"gitTreeState", ""},
              {"buildDate", "1970-01-01T00:00:00Z"},  // builds are reproducible
              {"goVersion", ""},
              {"compiler", "g++ " __VERSION__},
              {"platform", "linux/amd64"}};
  return out.dump();
}

}  // namespace kabuki::api_server
