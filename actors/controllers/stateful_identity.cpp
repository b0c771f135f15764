#include "actors/controllers/stateful_identity.hpp"

#include <charconv>

#include "actors/controllers/owned_pods.hpp"
#include "actors/controllers/revisions.hpp"

namespace kabuki::controllers {
namespace {

namespace apps = ::k8s::io::api::apps::v1;
namespace core = ::k8s::io::api::core::v1;

constexpr const char* kPodName = "statefulset.kubernetes.io/pod-name";
constexpr const char* kPodIndex = "apps.kubernetes.io/pod-index";

void mount_claims(const apps::StatefulSet& set, int32_t ordinal, core::PodSpec* spec) {
  google::protobuf::RepeatedPtrField<core::Volume> volumes;
  for (const auto& claim : set.spec().volumeclaimtemplates()) {
    core::Volume* volume = volumes.Add();
    volume->set_name(claim.metadata().name());
    volume->mutable_volumesource()->mutable_persistentvolumeclaim()->set_claimname(
        claim_name(claim.metadata().name(), set.metadata().name(), ordinal));
  }
  const int claims = volumes.size();
  for (const auto& volume : spec->volumes()) {
    bool claimed = false;
    for (int i = 0; i < claims; ++i) claimed |= volumes.Get(i).name() == volume.name();
    if (!claimed) *volumes.Add() = volume;
  }
  *spec->mutable_volumes() = std::move(volumes);
}

}  // namespace

std::optional<int32_t> ordinal_of(std::string_view set, std::string_view pod) {
  if (!pod.starts_with(set) || pod.size() < set.size() + 2 || pod[set.size()] != '-') return std::nullopt;
  const std::string_view digits = pod.substr(set.size() + 1);
  int32_t ordinal = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), ordinal);
  const bool whole = error == std::errc() && end == digits.data() + digits.size() && ordinal >= 0;
  return whole && std::to_string(ordinal) == digits ? std::optional(ordinal) : std::nullopt;
}

std::string claim_name(std::string_view claim, std::string_view set, int32_t ordinal) {
  return std::string(claim).append("-").append(set).append("-").append(std::to_string(ordinal));
}

bool bears_identity(const Object& pod, int32_t ordinal) {
  return label_of(pod, kPodName) == pod.name() && label_of(pod, kPodIndex) == std::to_string(ordinal);
}

void add_identity(int32_t ordinal, core::Pod* pod) {
  auto& labels = *pod->mutable_metadata()->mutable_labels();
  labels[kPodName] = pod->metadata().name();
  labels[kPodIndex] = std::to_string(ordinal);
}

core::Pod identity_pod(const Object& object, const apps::StatefulSet& set, const core::PodTemplateSpec& model,
                       const std::string& revision, int32_t ordinal) {
  core::Pod pod = pod_from(object, model);
  pod.mutable_metadata()->set_name(set.metadata().name() + "-" + std::to_string(ordinal));
  add_identity(ordinal, &pod);
  (*pod.mutable_metadata()->mutable_labels())[kRevisionHashLabel] = revision;
  pod.mutable_spec()->set_hostname(pod.metadata().name());
  pod.mutable_spec()->set_subdomain(set.spec().servicename());
  mount_claims(set, ordinal, pod.mutable_spec());
  return pod;
}

std::vector<core::PersistentVolumeClaim> identity_claims(const apps::StatefulSet& set, int32_t ordinal) {
  std::vector<core::PersistentVolumeClaim> claims;
  for (const auto& model : set.spec().volumeclaimtemplates()) {
    core::PersistentVolumeClaim claim = model;
    claim.clear_status();
    auto* meta = claim.mutable_metadata();
    meta->set_name(claim_name(model.metadata().name(), set.metadata().name(), ordinal));
    meta->set_namespace_(set.metadata().namespace_());
    for (const auto& [key, value] : set.spec().selector().matchlabels()) (*meta->mutable_labels())[key] = value;
    claims.push_back(std::move(claim));
  }
  return claims;
}

}  // namespace kabuki::controllers
