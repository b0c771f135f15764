#include <algorithm>
#include <string>

#include "messages/api/core/v1/pod.pb.h"
#include "messages/validation/rules.hpp"

namespace kabuki::validation {
namespace {

constexpr std::string_view kFixedFields =
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

void check_deadline_change(const core::PodSpec& old, const core::PodSpec& now, const FieldPath& path,
                           Findings* findings) {
  FieldPath at = path.child("activeDeadlineSeconds");
  if (!old.has_activedeadlineseconds()) return;
  if (!now.has_activedeadlineseconds()) {
    findings->invalid_json(at, "null", "must not update from a positive integer to nil value");
  } else if (now.activedeadlineseconds() > old.activedeadlineseconds()) {
    findings->invalid(at, now.activedeadlineseconds(), "must be less than or equal to previous value");
  }
}

void check_toleration_change(const core::PodSpec& old, const core::PodSpec& now, const FieldPath& path,
                             Findings* findings) {
  for (const core::Toleration& before : old.tolerations()) {
    bool kept = std::any_of(now.tolerations().begin(), now.tolerations().end(), [&](core::Toleration after) {
      after.clear_tolerationseconds();
      if (before.has_tolerationseconds()) after.set_tolerationseconds(before.tolerationseconds());
      return same(before, after);
    });
    if (!kept) {
      findings->forbidden(path.child("tolerations"),
                          "existing toleration can not be modified except its tolerationSeconds");
      return;
    }
  }
}

void check_gate_change(const core::PodSpec& old, const core::PodSpec& now, const FieldPath& path,
                       Findings* findings) {
  for (const core::PodSchedulingGate& gate : now.schedulinggates()) {
    bool known = std::any_of(old.schedulinggates().begin(), old.schedulinggates().end(),
                             [&](const core::PodSchedulingGate& before) { return before.name() == gate.name(); });
    if (!known) {
      findings->forbidden(path.child("schedulingGates"),
                          "only deletion is allowed, but found new scheduling gate '" + gate.name() + "'");
    }
  }
}

template <class Containers>
void copy_images(const Containers& from, Containers* to) {
  for (int i = 0; i < to->size() && i < from.size(); ++i) (*to)[i].set_image(from[i].image());
}

template <class Containers>
void copy_resources(const Containers& from, Containers* to) {
  for (int i = 0; i < to->size() && i < from.size(); ++i) {
    (*to)[i].clear_resources();
    (*to)[i].clear_resizepolicy();
    if (from[i].has_resources()) *(*to)[i].mutable_resources() = from[i].resources();
    *(*to)[i].mutable_resizepolicy() = from[i].resizepolicy();
  }
}

// `old` with all that may change taken from `now`: equal to `now` when nothing else changed.
core::PodSpec with_allowed_changes(const core::PodSpec& old, const core::PodSpec& now, std::string_view subresource) {
  core::PodSpec allowed = old;
  copy_images(now.containers(), allowed.mutable_containers());
  copy_images(now.initcontainers(), allowed.mutable_initcontainers());
  allowed.clear_activedeadlineseconds();
  if (now.has_activedeadlineseconds()) allowed.set_activedeadlineseconds(now.activedeadlineseconds());
  *allowed.mutable_tolerations() = now.tolerations();
  *allowed.mutable_schedulinggates() = now.schedulinggates();
  if (old.terminationgraceperiodseconds() < 0 && now.terminationgraceperiodseconds() == 1) {
    allowed.set_terminationgraceperiodseconds(1);
  }
  // A gated pod is not being scheduled, so where it may go can still be narrowed.
  if (!old.schedulinggates().empty()) {
    bool narrowed = std::all_of(old.nodeselector().begin(), old.nodeselector().end(), [&](const auto& entry) {
      auto after = now.nodeselector().find(entry.first);
      return after != now.nodeselector().end() && after->second == entry.second;
    });
    if (narrowed) *allowed.mutable_nodeselector() = now.nodeselector();
    if (!old.has_affinity() && now.has_affinity()) *allowed.mutable_affinity() = now.affinity();
  }
  if (subresource == "ephemeralcontainers") *allowed.mutable_ephemeralcontainers() = now.ephemeralcontainers();
  if (subresource == "resize") {
    copy_resources(now.containers(), allowed.mutable_containers());
    copy_resources(now.initcontainers(), allowed.mutable_initcontainers());
  }
  return allowed;
}

}  // namespace

void check_pod(const core::Pod& pod, Findings* findings) {
  FieldPath path("spec");
  check_pod_spec(pod.spec(), path, findings);
  if (!pod.spec().ephemeralcontainers().empty()) {
    findings->forbidden(path.child("ephemeralContainers"), "cannot be set on create");
  }
  if (!pod.spec().nodename().empty() && !pod.spec().schedulinggates().empty()) {
    findings->forbidden(path.child("nodeName"), "cannot be set until all schedulingGates have been cleared");
  }
}

void check_pod_change(const core::Pod& old, const core::Pod& now, std::string_view subresource, Findings* findings) {
  if (same(old.spec(), now.spec())) return;
  FieldPath path("spec");
  check_pod_spec(now.spec(), path, findings);
  if (old.spec().containers_size() != now.spec().containers_size()) {
    findings->forbidden(path.child("containers"), "pod updates may not add or remove containers");
    return;
  }
  if (old.spec().initcontainers_size() != now.spec().initcontainers_size()) {
    findings->forbidden(path.child("initContainers"), "pod updates may not add or remove containers");
    return;
  }
  check_deadline_change(old.spec(), now.spec(), path, findings);
  check_toleration_change(old.spec(), now.spec(), path, findings);
  check_gate_change(old.spec(), now.spec(), path, findings);
  if (subresource == "ephemeralcontainers") check_ephemeral_containers_change(old, now, findings);
  if (subresource == "resize") check_resize(old, now, findings);
  if (!same(with_allowed_changes(old.spec(), now.spec(), subresource), now.spec())) {
    findings->forbidden(path, kFixedFields);
  }
}

}  // namespace kabuki::validation
