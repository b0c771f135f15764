#include "actors/scheduler/volumes.hpp"

#include "actors/scheduler/node_term.hpp"
#include "messages/api/core/v1/persistent_volume.pb.h"
#include "messages/api/core/v1/persistent_volume_claim.pb.h"
#include "messages/api/storage/v1/storage_class.pb.h"
#include "messages/field_scan.hpp"
#include "messages/kinds.hpp"
#include "messages/object.hpp"

namespace kabuki::scheduler {
namespace {

namespace core = ::k8s::io::api::core::v1;

ClaimFacts facts_of(const core::PersistentVolumeClaim& claim, const Object& object) {
  return {claim.spec().volumename(), claim.spec().storageclassname(),
          !scan_bytes(object.body(), paths::kDeletionTimestamp).empty()};
}

VolumeFacts facts_of(const core::PersistentVolume& volume) {
  VolumeFacts facts;
  const auto& affinity = volume.spec().nodeaffinity();
  facts.restricted = affinity.has_required();
  for (const auto& term : affinity.required().nodeselectorterms()) facts.reachable_from.push_back(term_of(term));
  return facts;
}

template <class Map, class Facts>
bool put(Map& map, const std::string& key, Facts facts) {
  const auto [it, fresh] = map.try_emplace(key, facts);
  if (!fresh && it->second == facts) return false;
  it->second = std::move(facts);
  return true;
}

std::string claim_key(std::string_view ns, std::string_view name) {
  return std::string(ns) + "/" + std::string(name);
}

}  // namespace

bool Volumes::changed(const Object& object) {
  const std::string name(object.name());
  switch (object.kind()) {
    case kinds::kPersistentVolumeClaim:
      return put(claims, claim_key(object.ns(), name), facts_of(object.as<core::PersistentVolumeClaim>(), object));
    case kinds::kPersistentVolume:
      return put(volumes, name, facts_of(object.as<core::PersistentVolume>()));
    case kinds::kStorageClass: {
      const auto storage = object.as<::k8s::io::api::storage::v1::StorageClass>();
      return put(waiting_classes, name, storage.volumebindingmode() == "WaitForFirstConsumer");
    }
    default:
      return false;
  }
}

bool Volumes::deleted(const Key& key) {
  switch (key.kind) {
    case kinds::kPersistentVolumeClaim:
      return claims.erase(claim_key(key.ns, key.name)) > 0;
    case kinds::kPersistentVolume:
      return volumes.erase(key.name) > 0;
    case kinds::kStorageClass:
      return waiting_classes.erase(key.name) > 0;
    default:
      return false;
  }
}

}  // namespace kabuki::scheduler
