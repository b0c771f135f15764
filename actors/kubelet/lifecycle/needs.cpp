#include "actors/kubelet/lifecycle/needs.hpp"

#include <algorithm>

#include "messages/api/core/v1/config_map.pb.h"
#include "messages/api/core/v1/persistent_volume_claim.pb.h"
#include "messages/api/core/v1/secret.pb.h"

namespace kabuki::kubelet {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr const char* kRootCertificate = "kube-root-ca.crt";

/// One thing that something of a pod refers to.
struct Reference {
  KindId kind;
  std::string name;
  std::vector<std::string> keys;
};
using Use = std::function<void(const Reference&)>;

template <class Items>
std::vector<std::string> keys_of(const Items& items) {
  std::vector<std::string> keys;
  for (const auto& item : items) keys.push_back(item.key());
  return keys;
}

void references_of(const ContainerMessage& container, const Use& use) {
  for (const auto& from : container.envfrom()) {
    if (from.has_configmapref() && !from.configmapref().optional()) {
      use({kinds::kConfigMap, from.configmapref().localobjectreference().name(), {}});
    }
    if (from.has_secretref() && !from.secretref().optional()) {
      use({kinds::kSecret, from.secretref().localobjectreference().name(), {}});
    }
  }
  for (const auto& variable : container.env()) {
    const auto& from = variable.valuefrom();
    if (from.has_configmapkeyref() && !from.configmapkeyref().optional()) {
      use({kinds::kConfigMap, from.configmapkeyref().localobjectreference().name(), {from.configmapkeyref().key()}});
    }
    if (from.has_secretkeyref() && !from.secretkeyref().optional()) {
      use({kinds::kSecret, from.secretkeyref().localobjectreference().name(), {from.secretkeyref().key()}});
    }
  }
}

void references_of(const core::Volume& volume, const Use& use) {
  const auto& source = volume.volumesource();
  if (source.has_configmap() && !source.configmap().optional()) {
    use({kinds::kConfigMap, source.configmap().localobjectreference().name(), keys_of(source.configmap().items())});
  }
  if (source.has_secret() && !source.secret().optional()) {
    use({kinds::kSecret, source.secret().secretname(), keys_of(source.secret().items())});
  }
  if (source.has_persistentvolumeclaim()) {
    use({kinds::kPersistentVolumeClaim, source.persistentvolumeclaim().claimname(), {}});
  }
  for (const auto& part : source.projected().sources()) {
    const auto& map = part.configmap();
    if (part.has_configmap() && !map.optional() && map.localobjectreference().name() != kRootCertificate) {
      use({kinds::kConfigMap, map.localobjectreference().name(), keys_of(map.items())});
    }
    if (part.has_secret() && !part.secret().optional()) {
      use({kinds::kSecret, part.secret().localobjectreference().name(), keys_of(part.secret().items())});
    }
  }
}

/// The first key that the object does not have; null: it has them all.
const std::string* lacking(const Reference& reference, const Object& object) {
  if (reference.keys.empty()) return nullptr;
  const auto first_absent = [&](const auto& has) -> const std::string* {
    const auto found = std::find_if_not(reference.keys.begin(), reference.keys.end(), has);
    return found == reference.keys.end() ? nullptr : &*found;
  };
  if (reference.kind == kinds::kConfigMap) {
    const auto map = object.as<core::ConfigMap>();
    return first_absent([&](const auto& key) { return map.data().contains(key) || map.binarydata().contains(key); });
  }
  const auto secret = object.as<core::Secret>();
  return first_absent([&](const auto& key) { return secret.data().contains(key); });
}

const char* word_of(KindId kind) { return kind == kinds::kConfigMap ? "configmap" : "secret"; }

std::string why_no_environment(const PodView& pod, const Reference& reference, const ObjectPtr& object) {
  if (!object) return std::string(word_of(reference.kind)) + " \"" + reference.name + "\" not found";
  const std::string* key = lacking(reference, *object);
  if (!key) return {};
  return "couldn't find key " + *key + " in " + (reference.kind == kinds::kConfigMap ? "ConfigMap " : "Secret ") +
         pod.ns() + "/" + reference.name;
}

std::string why_no_volume(const PodView& pod, const std::string& volume, const Reference& reference,
                          const ObjectPtr& object) {
  if (reference.kind == kinds::kPersistentVolumeClaim) {
    if (object) return {};
    return "Unable to attach or mount volumes: unmounted volumes=[" + volume +
           "], unattached volumes=[], failed to process volumes=[" + volume + "]: error processing PVC " + pod.ns() +
           "/" + reference.name + ": failed to fetch PVC from API server: persistentvolumeclaims \"" +
           reference.name + "\" not found";
  }
  const std::string failed = "MountVolume.SetUp failed for volume \"" + volume + "\" : ";
  if (!object) return failed + word_of(reference.kind) + " \"" + reference.name + "\" not found";
  const std::string* key = lacking(reference, *object);
  if (!key) return {};
  return failed +
         (reference.kind == kinds::kConfigMap ? "configmap references non-existent config key: "
                                              : "references non-existent secret key: ") +
         *key;
}

}  // namespace

bool container_needs(const ContainerMessage& container) {
  bool needs = false;
  references_of(container, [&](const Reference&) { needs = true; });
  return needs;
}

bool volumes_need(const PodView& pod) {
  bool needs = false;
  for (const auto& volume : pod.message->spec().volumes()) {
    references_of(volume, [&](const Reference&) { needs = true; });
  }
  return needs;
}

std::vector<Key> needs_of(const PodView& pod) {
  std::vector<Key> out;
  const Use use = [&](const Reference& reference) { out.push_back({reference.kind, pod.ns(), reference.name}); };
  for (const auto& volume : pod.message->spec().volumes()) references_of(volume, use);
  for (const ContainerView& container : pod.containers) references_of(*container.spec, use);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<Missing> missing_of(const PodView& pod, const LookUp& look_up) {
  std::vector<Missing> out;
  for (const auto& volume : pod.message->spec().volumes()) {
    std::string why;
    references_of(volume, [&](const Reference& reference) {
      if (!why.empty()) return;
      why = why_no_volume(pod, volume.name(), reference, look_up({reference.kind, pod.ns(), reference.name}));
    });
    if (!why.empty()) out.push_back({Missing::kVolume, std::move(why)});
  }
  for (size_t i = 0; i < pod.containers.size(); ++i) {
    std::string why;
    references_of(pod.spec(i), [&](const Reference& reference) {
      if (!why.empty()) return;
      why = why_no_environment(pod, reference, look_up({reference.kind, pod.ns(), reference.name}));
    });
    if (!why.empty()) out.push_back({i, std::move(why)});
  }
  return out;
}

}  // namespace kabuki::kubelet
