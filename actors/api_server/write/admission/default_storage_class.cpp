#include <optional>

#include "actors/api_server/write/admission/plugin.hpp"
#include "messages/api/core/v1/persistent_volume_claim.pb.h"
#include "messages/api/storage/v1/storage_class.pb.h"

namespace kabuki::api_server {
namespace {

namespace core = ::k8s::io::api::core::v1;
using StorageClass = ::k8s::io::api::storage::v1::StorageClass;

constexpr const char* kIsDefault = "storageclass.kubernetes.io/is-default-class";
constexpr const char* kIsDefaultBeta = "storageclass.beta.kubernetes.io/is-default-class";
constexpr const char* kClassBeta = "volume.beta.kubernetes.io/storage-class";

bool says(const StorageClass& storage, const char* annotation) {
  const auto it = storage.metadata().annotations().find(annotation);
  return it != storage.metadata().annotations().end() && it->second == "true";
}

/// The newest of the default classes, of equally old ones the first by name.
std::optional<StorageClass> default_class(const Admission& admission) {
  std::optional<StorageClass> newest;
  for (const ObjectPtr& object : admission.around().all(kinds::kStorageClass)) {
    auto storage = object->as<StorageClass>();
    if (!says(storage, kIsDefault) && !says(storage, kIsDefaultBeta)) continue;
    const int64_t made = storage.metadata().creationtimestamp().seconds();
    if (newest && newest->metadata().creationtimestamp().seconds() >= made) continue;
    newest = std::move(storage);
  }
  return newest;
}

Result<> admit(const Admission& admission) {
  if (admission.kind() != kinds::kPersistentVolumeClaim || !admission.creates()) return {};
  auto& claim = as<core::PersistentVolumeClaim>(admission);
  if (claim.spec().has_storageclassname() || claim.metadata().annotations().contains(kClassBeta)) return {};
  if (auto storage = default_class(admission)) {
    claim.mutable_spec()->set_storageclassname(storage->metadata().name());
  }
  return {};
}

}  // namespace

const AdmissionPlugin kDefaultStorageClass{.name = "DefaultStorageClass", .admit = admit};

}  // namespace kabuki::api_server
