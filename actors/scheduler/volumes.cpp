#include "actors/scheduler/volumes.hpp"

#include <algorithm>

#include "actors/scheduler/node_term.hpp"
#include "messages/api/core/v1/persistent_volume.pb.h"
#include "messages/api/core/v1/persistent_volume_claim.pb.h"
#include "messages/api/storage/v1/csi_node.pb.h"
#include "messages/api/storage/v1/storage_class.pb.h"
#include "messages/field_scan.hpp"
#include "messages/kinds.hpp"
#include "messages/object.hpp"
#include "messages/quantity.hpp"

namespace kabuki::scheduler {
namespace {

namespace core = ::k8s::io::api::core::v1;
namespace storage = ::k8s::io::api::storage::v1;

constexpr const char* kSelectedNode = "volume.kubernetes.io/selected-node";
constexpr const char* kStorage = "storage";

template <class Amounts>
std::string storage_in(const Amounts& amounts) {
  const auto found = amounts.find(kStorage);
  return found == amounts.end() ? "" : found->second.string();
}

std::string mode_or_default(const std::string& mode) { return mode.empty() ? "Filesystem" : mode; }

ClaimFacts facts_of(const core::PersistentVolumeClaim& claim, const Object& object) {
  ClaimFacts facts;
  facts.volume = claim.spec().volumename();
  facts.storage_class = claim.spec().storageclassname();
  const auto& notes = claim.metadata().annotations();
  if (const auto node = notes.find(kSelectedNode); node != notes.end()) facts.selected_node = node->second;
  facts.access_modes = {claim.spec().accessmodes().begin(), claim.spec().accessmodes().end()};
  facts.mode = mode_or_default(claim.spec().volumemode());
  facts.requested = storage_in(claim.spec().resources().requests());
  facts.has_selector = claim.spec().has_selector();
  facts.ending = !scan_bytes(object.body(), paths::kDeletionTimestamp).empty();
  return facts;
}

VolumeFacts facts_of(const core::PersistentVolume& volume) {
  VolumeFacts facts;
  const auto& affinity = volume.spec().nodeaffinity();
  facts.restricted = affinity.has_required();
  for (const auto& term : affinity.required().nodeselectorterms()) facts.reachable_from.push_back(term_of(term));
  for (const char* label : kZoneLabels) {
    const auto found = volume.metadata().labels().find(label);
    if (found != volume.metadata().labels().end()) facts.zones.emplace_back(label, found->second);
  }
  const auto& source = volume.spec().persistentvolumesource().csi();
  facts.driver = source.driver();
  facts.handle = source.volumehandle();
  facts.free = !volume.spec().has_claimref() && volume.status().phase() == "Available" &&
               !volume.metadata().has_deletiontimestamp();
  facts.storage_class = volume.spec().storageclassname();
  facts.access_modes = {volume.spec().accessmodes().begin(), volume.spec().accessmodes().end()};
  facts.mode = mode_or_default(volume.spec().volumemode());
  facts.capacity = storage_in(volume.spec().capacity());
  return facts;
}

ClassFacts facts_of(const storage::StorageClass& from) {
  ClassFacts facts;
  facts.waits = from.volumebindingmode() == "WaitForFirstConsumer";
  facts.provisioner = from.provisioner();
  for (const auto& topology : from.allowedtopologies()) {
    NodeTerm& term = facts.topologies.emplace_back();
    for (const auto& label : topology.matchlabelexpressions()) {
      NodeRequirement& requirement = term.labels.emplace_back();
      requirement.key = label.key();
      requirement.op = NodeRequirement::Operator::in;
      requirement.values = {label.values().begin(), label.values().end()};
    }
  }
  return facts;
}

std::map<std::string, int32_t> limits_of(const storage::CSINode& node) {
  std::map<std::string, int32_t> limits;
  for (const auto& driver : node.spec().drivers()) {
    if (driver.allocatable().has_count()) limits[driver.name()] = driver.allocatable().count();
  }
  return limits;
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
    case kinds::kStorageClass:
      return put(classes, name, facts_of(object.as<storage::StorageClass>()));
    case kinds::kCSINode:
      return put(limits, name, limits_of(object.as<storage::CSINode>()));
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
      return classes.erase(key.name) > 0;
    case kinds::kCSINode:
      return limits.erase(key.name) > 0;
    default:
      return false;
  }
}

const ClaimFacts* Volumes::claim(std::string_view ns, std::string_view name) const {
  const auto found = claims.find(claim_key(ns, name));
  return found == claims.end() ? nullptr : &found->second;
}

const ClassFacts* Volumes::class_of(const ClaimFacts& claim) const {
  const auto found = classes.find(claim.storage_class);
  return found == classes.end() ? nullptr : &found->second;
}

bool may_serve(const VolumeFacts& volume, const ClaimFacts& claim) {
  if (!volume.free || volume.storage_class != claim.storage_class || volume.mode != claim.mode) return false;
  for (const std::string& mode : claim.access_modes) {
    const auto& modes = volume.access_modes;
    if (std::find(modes.begin(), modes.end(), mode) == modes.end()) return false;
  }
  const auto has = Quantity::parse(volume.capacity), wants = Quantity::parse(claim.requested);
  return !wants.ok() || (has.ok() && !(*has < *wants));
}

}  // namespace kabuki::scheduler
