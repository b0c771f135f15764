#include <algorithm>

#include "actors/api_server/write/admission/plugin.hpp"

namespace kabuki::api_server {
namespace {

/// Controllers take these off when nothing uses the object any more.
const char* protection_of(KindId kind) {
  if (kind == kinds::kPersistentVolumeClaim) return "kubernetes.io/pvc-protection";
  if (kind == kinds::kPersistentVolume) return "kubernetes.io/pv-protection";
  return nullptr;
}

Result<> admit(const Admission& admission) {
  const char* finalizer = protection_of(admission.kind());
  if (!finalizer || !admission.creates()) return {};
  auto* finalizers = mutable_meta(admission.object)->mutable_finalizers();
  if (std::find(finalizers->begin(), finalizers->end(), finalizer) == finalizers->end())
    *finalizers->Add() = finalizer;
  return {};
}

}  // namespace

const AdmissionPlugin kStorageObjectInUseProtection{.name = "StorageObjectInUseProtection", .admit = admit};

}  // namespace kabuki::api_server
