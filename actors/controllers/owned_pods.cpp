#include "actors/controllers/owned_pods.hpp"

#include <utility>

#include "actors/controllers/owners.hpp"
#include "messages/field_scan.hpp"

namespace kabuki::controllers {
namespace {

std::string find_in_map(const Object& object, std::span<const int> path, std::string_view name) {
  std::string found;
  scan_string_map(object.body(), path, [&](std::string_view key, std::string_view value) {
    if (key != name) return true;
    found = value;
    return false;
  });
  return found;
}

}  // namespace

::k8s::io::api::core::v1::Pod pod_from(const Object& owner, const ::k8s::io::api::core::v1::PodTemplateSpec& model) {
  ::k8s::io::api::core::v1::Pod pod;
  auto* meta = pod.mutable_metadata();
  meta->set_namespace_(std::string(owner.ns()));
  *meta->mutable_labels() = model.metadata().labels();
  *meta->mutable_annotations() = model.metadata().annotations();
  *meta->mutable_finalizers() = model.metadata().finalizers();
  *meta->add_ownerreferences() = controller_reference(owner);
  *pod.mutable_spec() = model.spec();
  return pod;
}

Announcement announce(const Object& about, std::string done_reason, std::string done, std::string failed_reason,
                      std::string failed) {
  return {about.key(),     std::string(about.uid()), std::move(done_reason),
          std::move(done), std::move(failed_reason), std::move(failed)};
}

Announcement announce_created(const Object& owner) {
  return announce(owner, "SuccessfulCreate", "Created pod: {name}", "FailedCreate", "Error creating: {error}");
}

Announcement announce_deleted(const Object& owner) {
  return announce(owner, "SuccessfulDelete", "Deleted pod: {name}", "FailedDelete", "Error deleting: {error}");
}

bool is_available(const PodFacts& facts, int64_t min_ready_seconds, const Instant& now, Plan* plan) {
  if (!facts.ready) return false;
  if (min_ready_seconds == 0) return true;
  const int64_t left = facts.ready_since + min_ready_seconds - now.wall.seconds();
  if (left > 0) plan->again(std::chrono::seconds(left));
  return left <= 0;
}

std::string annotation_of(const Object& object, std::string_view name) {
  return find_in_map(object, paths::kAnnotations, name);
}

std::string label_of(const Object& object, std::string_view name) {
  return find_in_map(object, paths::kLabels, name);
}

}  // namespace kabuki::controllers
