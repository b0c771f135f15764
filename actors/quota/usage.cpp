#include "actors/quota/usage.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

#include "messages/api/core/v1/persistent_volume_claim.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/core/v1/resource_quota.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/pod_facts.hpp"

namespace kabuki::quota {
namespace {

namespace core = ::k8s::io::api::core::v1;
using google::protobuf::Message;

constexpr std::string_view kOfClass = ".storageclass.storage.k8s.io/";
constexpr const char* kClassBeta = "volume.beta.kubernetes.io/storage-class";
/// What pods alone take, beside "count/pods" and what is found by prefix.
constexpr std::array<std::string_view, 10> kPodResources = {"pods",
                                                            "cpu",
                                                            "memory",
                                                            "ephemeral-storage",
                                                            "requests.cpu",
                                                            "requests.memory",
                                                            "limits.memory",
                                                            "limits.cpu",
                                                            "requests.ephemeral-storage",
                                                            "limits.ephemeral-storage"};
/// Of these every container has to say what it takes.
constexpr std::array<std::string_view, 6> kToBeSpecified = {
    "cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"};

Quantity one() { return Quantity::of_value(1); }
std::string count_of(const Kind& kind) { return "count/" + kind.resource(); }

/// The kinds that have been countable without "count/" from the beginning.
bool has_plain_name(KindId kind) {
  return kind == kinds::kConfigMap || kind == kinds::kSecret || kind == kinds::kResourceQuota ||
         kind == kinds::kReplicationController;
}

bool is_extended(std::string_view resource) {
  return resource.find('/') != std::string_view::npos && resource.find("kubernetes.io/") == std::string_view::npos;
}

bool is_basic(std::string_view resource) {
  return resource == "cpu" || resource == "memory" || resource == "ephemeral-storage";
}

/// Whether the pod still holds what it requests.
bool holds_resources(const core::Pod& pod, io::WallTime now) {
  if (pod.status().phase() == "Succeeded" || pod.status().phase() == "Failed") return false;
  const auto& meta = pod.metadata();
  if (!meta.has_deletiontimestamp() || !meta.has_deletiongraceperiodseconds()) return true;
  return now.seconds() <= meta.deletiontimestamp().seconds() + meta.deletiongraceperiodseconds();
}

Amounts usage_of_pod(const core::Pod& pod, io::WallTime now) {
  Amounts usage{{"count/pods", one()}};
  if (!holds_resources(pod, now)) return usage;
  usage.emplace("pods", one());
  for (const auto& [resource, amount] : pod_requests(pod.spec())) {
    if (is_basic(resource) || resource.starts_with("hugepages-")) {
      usage.emplace(resource, amount);
      usage.emplace("requests." + resource, amount);
    } else if (is_extended(resource)) {
      usage.emplace("requests." + resource, amount);
    }
  }
  for (const auto& [resource, amount] : pod_limits(pod.spec())) {
    if (is_basic(resource)) usage.emplace("limits." + resource, amount);
  }
  return usage;
}

Amounts usage_of_service(const core::Service& service) {
  const auto& spec = service.spec();
  int64_t own_ports = 0;
  for (const auto& port : spec.ports()) own_ports += port.nodeport() != 0;
  const bool balanced = spec.type() == "LoadBalancer";
  int64_t node_ports = spec.type() == "NodePort" ? spec.ports_size() : 0;
  if (balanced) {
    const bool allocates = !spec.has_allocateloadbalancernodeports() || spec.allocateloadbalancernodeports();
    node_ports = allocates ? spec.ports_size() : own_ports;
  }
  return {{"count/services", one()},
          {"services", one()},
          {"services.loadbalancers", Quantity::of_value(balanced)},
          {"services.nodeports", Quantity::of_value(node_ports)}};
}

Amounts usage_of_claim(const core::PersistentVolumeClaim& claim) {
  Amounts usage{{"count/persistentvolumeclaims", one()}, {"persistentvolumeclaims", one()}};
  std::string storage = claim.spec().storageclassname();
  const auto& annotations = claim.metadata().annotations();
  if (auto it = annotations.find(kClassBeta); it != annotations.end()) storage = it->second;
  const std::string of_class = storage.empty() ? "" : storage + std::string(kOfClass);
  if (!of_class.empty()) usage.emplace(of_class + "persistentvolumeclaims", one());
  const Amounts requests = read_amounts(claim.spec().resources().requests());
  if (auto it = requests.find("storage"); it != requests.end()) {
    usage.emplace("requests.storage", it->second);
    if (!of_class.empty()) usage.emplace(of_class + "requests.storage", it->second);
  }
  return usage;
}

bool takes(const Kind& kind, const std::string& resource) {
  if (resource == count_of(kind)) return true;
  switch (kind.id) {
    case kinds::kPod:
      return std::find(kPodResources.begin(), kPodResources.end(), resource) != kPodResources.end() ||
             resource.starts_with("hugepages-") || resource.starts_with("requests.hugepages-") ||
             (resource.starts_with("requests.") && is_extended(resource));
    case kinds::kService:
      return resource == "services" || resource == "services.nodeports" || resource == "services.loadbalancers";
    case kinds::kPersistentVolumeClaim:
      return resource == "persistentvolumeclaims" || resource == "requests.storage" ||
             resource.find(kOfClass) != std::string::npos;
    default:
      return has_plain_name(kind.id) && resource == kind.plural;
  }
}

const core::PodAffinityTerm& term_of(const core::PodAffinityTerm& term) { return term; }
const core::PodAffinityTerm& term_of(const core::WeightedPodAffinityTerm& term) { return term.podaffinityterm(); }

template <class Terms>
bool any_crosses(const Terms& terms) {
  return std::any_of(terms.begin(), terms.end(), [](const auto& term) {
    return term_of(term).namespaces_size() > 0 || term_of(term).has_namespaceselector();
  });
}

bool crosses_namespaces(const core::Affinity& affinity) {
  const auto& near = affinity.podaffinity();
  const auto& far = affinity.podantiaffinity();
  return any_crosses(near.requiredduringschedulingignoredduringexecution()) ||
         any_crosses(near.preferredduringschedulingignoredduringexecution()) ||
         any_crosses(far.requiredduringschedulingignoredduringexecution()) ||
         any_crosses(far.preferredduringschedulingignoredduringexecution());
}

/// "" is no class.
bool in_class(const core::ScopedResourceSelectorRequirement& scope, const std::string& name) {
  const bool listed = std::find(scope.values().begin(), scope.values().end(), name) != scope.values().end();
  if (scope.operator_() == "In") return !name.empty() && listed;
  if (scope.operator_() == "NotIn") return !listed;
  if (scope.operator_() == "DoesNotExist") return name.empty();
  return !name.empty();
}

bool in_scope(const core::ScopedResourceSelectorRequirement& scope, const core::Pod& pod) {
  const std::string& name = scope.scopename();
  const auto& spec = pod.spec();
  if (name == "Terminating") return spec.has_activedeadlineseconds();
  if (name == "NotTerminating") return !spec.has_activedeadlineseconds();
  if (name == "BestEffort") return qos_class(spec) == "BestEffort";
  if (name == "NotBestEffort") return qos_class(spec) != "BestEffort";
  if (name == "PriorityClass") return in_class(scope, spec.priorityclassname());
  if (name == "CrossNamespacePodAffinity") return crosses_namespaces(spec.affinity());
  return false;
}

/// The classes of attributes that a claim has, is getting, or asks for.
std::set<std::string> attribute_classes(const core::PersistentVolumeClaim& claim) {
  std::set<std::string> names{claim.spec().volumeattributesclassname(),
                              claim.status().currentvolumeattributesclassname(),
                              claim.status().modifyvolumestatus().targetvolumeattributesclassname()};
  names.erase("");
  return names;
}

bool in_scope(const core::ScopedResourceSelectorRequirement& scope, const core::PersistentVolumeClaim& claim) {
  if (scope.scopename() != "VolumeAttributesClass") return false;
  const auto names = attribute_classes(claim);
  if (names.empty()) return in_class(scope, "");
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return in_class(scope, name); });
}

template <class T>
bool in_all(const std::vector<core::ScopedResourceSelectorRequirement>& scopes, const Message& object) {
  return std::all_of(scopes.begin(), scopes.end(), [&](const core::ScopedResourceSelectorRequirement& scope) {
    return in_scope(scope, static_cast<const T&>(object));
  });
}

std::vector<core::ScopedResourceSelectorRequirement> scopes_of(const ResourceQuotaSpec& spec) {
  std::vector<core::ScopedResourceSelectorRequirement> scopes(spec.scopeselector().matchexpressions().begin(),
                                                              spec.scopeselector().matchexpressions().end());
  for (const std::string& name : spec.scopes()) {
    scopes.emplace_back().set_scopename(name);
    scopes.back().set_operator_("Exists");
  }
  return scopes;
}

/// "requests.cpu" and "cpu" stand in requests, "limits.cpu" in limits.
bool is_specified(const core::ResourceRequirements& resources, std::string_view resource) {
  constexpr std::string_view kLimits = "limits.", kRequests = "requests.";
  if (resource.starts_with(kLimits)) return resources.limits().contains(std::string(resource.substr(kLimits.size())));
  if (resource.starts_with(kRequests)) resource.remove_prefix(kRequests.size());
  return resources.requests().contains(std::string(resource));
}

}  // namespace

bool is_counted(const Kind& kind) { return kind.namespaced && kind.id != kinds::kEvent; }

bool can_grow(KindId kind) { return kind == kinds::kService || kind == kinds::kPersistentVolumeClaim; }

Amounts usage_of(const Kind& kind, const Message& object, io::WallTime now) {
  switch (kind.id) {
    case kinds::kPod:
      return usage_of_pod(static_cast<const core::Pod&>(object), now);
    case kinds::kService:
      return usage_of_service(static_cast<const core::Service&>(object));
    case kinds::kPersistentVolumeClaim:
      return usage_of_claim(static_cast<const core::PersistentVolumeClaim&>(object));
    default:
      break;
  }
  Amounts usage{{count_of(kind), one()}};
  if (has_plain_name(kind.id)) usage.emplace(kind.plural, one());
  return usage;
}

Amounts bounds_for(const Kind& kind, const Amounts& hard) {
  Amounts bounds;
  for (const auto& [resource, amount] : hard) {
    if (takes(kind, resource)) bounds.emplace(resource, amount);
  }
  return bounds;
}

bool in_scopes(const ResourceQuotaSpec& spec, const Kind& kind, const Message& object) {
  if (spec.scopes().empty() && spec.scopeselector().matchexpressions().empty()) return true;
  if (kind.id == kinds::kPod) return in_all<core::Pod>(scopes_of(spec), object);
  return kind.id == kinds::kPersistentVolumeClaim && in_all<core::PersistentVolumeClaim>(scopes_of(spec), object);
}

std::string unspecified(const Amounts& bounds, const Kind& kind, const Message& object) {
  if (kind.id != kinds::kPod) return {};
  std::map<std::string_view, std::set<std::string>> missing;
  const auto& spec = static_cast<const core::Pod&>(object).spec();
  for (const std::string_view resource : kToBeSpecified) {
    if (!bounds.contains(std::string(resource))) continue;
    for (const auto* containers : {&spec.containers(), &spec.initcontainers()}) {
      for (const auto& container : *containers) {
        if (!is_specified(container.resources(), resource)) missing[resource].insert(container.name());
      }
    }
  }
  std::string text;
  for (const auto& [resource, names] : missing) {
    text.append(text.empty() ? "" : "; ").append(resource).append(" for: ");
    for (const std::string& name : names) text.append(name == *names.begin() ? "" : ",").append(name);
  }
  return text;
}

}  // namespace kabuki::quota
