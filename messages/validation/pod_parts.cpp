#include <map>
#include <set>
#include <string>

#include "messages/api/core/v1/pod.pb.h"
#include "messages/pod_facts.hpp"
#include "messages/validation/rules.hpp"

// What pods/ephemeralcontainers and pods/resize may and may not do. Source: Kubernetes'
// ValidatePodEphemeralContainers- Update, validateEphemeralContainers and ValidatePodResize.
namespace kabuki::validation {
namespace {

constexpr const char* kMirror = "kubernetes.io/config.mirror";
constexpr std::string_view kNotEphemeral = "cannot be set for an Ephemeral Container";

using Amounts = google::protobuf::Map<std::string, ::k8s::io::apimachinery::pkg::api::resource::Quantity>;

void check_not_removed(const Amounts& old, const Amounts& now, const FieldPath& path, std::string_view why,
                       Findings* findings) {
  for (const auto& [name, amount] : old) {
    if (!now.contains(name)) return findings->forbidden(path, why);
  }
}

/// Whether the two differ in anything but cpu and memory.
bool differ_elsewhere(const Amounts& old, const Amounts& now) {
  std::set<std::string> names;
  for (const auto& [name, amount] : old) names.insert(name);
  for (const auto& [name, amount] : now) names.insert(name);
  names.erase("cpu");
  names.erase("memory");
  for (const std::string& name : names) {
    const auto before = old.find(name), after = now.find(name);
    if (before == old.end() || after == now.end() || !same(before->second, after->second)) return true;
  }
  return false;
}

/// Returns whether something other than cpu and memory changes.
template <class Containers>
bool check_resources_change(const Containers& old, const Containers& now, bool may_change_nothing,
                            const FieldPath& path, Findings* findings) {
  bool elsewhere = false;
  for (int i = 0; i < old.size() && i < now.size(); ++i) {
    const auto& before = old[i].resources();
    const auto& after = now[i].resources();
    const FieldPath container = path.index(i);
    const FieldPath at = container.child("resources");
    if (may_change_nothing && old[i].restartpolicy() != "Always") {
      if (!same(before, after)) findings->forbidden(at, "resources for non-sidecar init containers are immutable");
      continue;
    }
    check_not_removed(before.limits(), after.limits(), at.child("limits"), "resource limits cannot be removed",
                      findings);
    check_not_removed(before.requests(), after.requests(), at.child("requests"),
                      "resource requests cannot be removed", findings);
    elsewhere |=
        differ_elsewhere(before.limits(), after.limits()) || differ_elsewhere(before.requests(), after.requests());
  }
  return elsewhere;
}

}  // namespace

void check_ephemeral_container(const core::EphemeralContainer& ephemeral, const core::PodSpec& spec,
                               const FieldPath& path, Findings* findings) {
  const std::string& target = ephemeral.targetcontainername();
  if (!target.empty()) {
    bool found = false;
    for (const auto& container : spec.containers()) found |= container.name() == target;
    for (const auto& container : spec.initcontainers()) found |= container.name() == target;
    if (!found) findings->not_found(path.child("targetContainerName"), target);
  }
  const auto& container = ephemeral.ephemeralcontainercommon();
  auto refuse = [&](bool set, const char* field) {
    if (set) findings->forbidden(path.child(field), kNotEphemeral);
  };
  refuse(!container.ports().empty(), "ports");
  refuse(container.resources().ByteSizeLong() > 0, "resources");
  refuse(!container.resizepolicy().empty(), "resizePolicy");
  refuse(container.has_restartpolicy(), "restartPolicy");
  refuse(!container.restartpolicyrules().empty(), "restartPolicyRules");
  refuse(container.has_livenessprobe(), "livenessProbe");
  refuse(container.has_readinessprobe(), "readinessProbe");
  refuse(container.has_startupprobe(), "startupProbe");
  refuse(container.has_lifecycle(), "lifecycle");
  const FieldPath mounts = path.child("volumeMounts");
  for (int i = 0; i < container.volumemounts_size(); ++i) {
    const FieldPath mount = mounts.index(i);
    if (!container.volumemounts(i).subpath().empty()) findings->forbidden(mount.child("subPath"), kNotEphemeral);
    if (!container.volumemounts(i).subpathexpr().empty()) {
      findings->forbidden(mount.child("subPathExpr"), kNotEphemeral);
    }
  }
}

void check_ephemeral_containers_change(const core::Pod& old, const core::Pod& now, Findings* findings) {
  if (old.metadata().annotations().contains(kMirror)) {
    return findings->forbidden(FieldPath(""), "static pods do not support ephemeral containers");
  }
  // Patches do not keep the order.
  std::map<std::string, const core::EphemeralContainer*> by_name;
  for (const auto& container : now.spec().ephemeralcontainers()) {
    by_name[container.ephemeralcontainercommon().name()] = &container;
  }
  const FieldPath spec("spec");
  const FieldPath path = spec.child("ephemeralContainers");
  for (const auto& container : old.spec().ephemeralcontainers()) {
    const std::string& name = container.ephemeralcontainercommon().name();
    const auto found = by_name.find(name);
    if (found == by_name.end()) {
      findings->forbidden(path, "existing ephemeral containers \"" + name + "\" may not be removed\n");
    } else if (!same(container, *found->second)) {
      findings->forbidden(path, "existing ephemeral containers \"" + name + "\" may not be changed\n");
    }
  }
}

void check_resize(const core::Pod& old, const core::Pod& now, Findings* findings) {
  if (old.metadata().annotations().contains(kMirror)) {
    return findings->forbidden(FieldPath(""), "static pods cannot be resized");
  }
  const FieldPath path("spec");
  const std::string quality = qos_class(now.spec());
  if (qos_class(old.spec()) != quality) {
    findings->invalid(path, quality, "Pod QOS Class may not change as a result of resizing");
  }
  bool elsewhere = check_resources_change(old.spec().containers(), now.spec().containers(), false,
                                          path.child("containers"), findings);
  elsewhere |= check_resources_change(old.spec().initcontainers(), now.spec().initcontainers(), true,
                                      path.child("initContainers"), findings);
  if (elsewhere) findings->forbidden(path, "only cpu and memory resources are mutable");
}

}  // namespace kabuki::validation
