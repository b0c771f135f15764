#include "actors/api_server/write/admission/plugin.hpp"
#include "actors/quota/amounts.hpp"
#include "messages/api/core/v1/persistent_volume_claim.pb.h"
#include "messages/api/storage/v1/storage_class.pb.h"

namespace kabuki::api_server {
namespace {

using Claim = ::k8s::io::api::core::v1::PersistentVolumeClaim;
using StorageClass = ::k8s::io::api::storage::v1::StorageClass;

Quantity size_of(const Claim& claim) {
  const auto requests = quota::read_amounts(claim.spec().resources().requests());
  const auto it = requests.find("storage");
  return it == requests.end() ? Quantity() : it->second;
}

Result<> check(const Admission& admission) {
  if (admission.kind() != kinds::kPersistentVolumeClaim || !admission.old) return {};
  const auto& old = static_cast<const Claim&>(*admission.old);
  const auto& now = as<Claim>(admission);
  if (size_of(now) <= size_of(old)) return {};
  if (old.status().phase() != "Bound") return admission.forbid("Only bound persistent volume claims can be expanded");
  const auto storage = admission.read<StorageClass>(kinds::kStorageClass, "", now.spec().storageclassname());
  if (storage && storage->allowvolumeexpansion()) return {};
  return admission.forbid(
      "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support "
      "resize");
}

}  // namespace

const AdmissionPlugin kPersistentVolumeClaimResize{.name = "PersistentVolumeClaimResize", .check = check};

}  // namespace kabuki::api_server
