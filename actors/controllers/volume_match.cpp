#include "actors/controllers/volume_match.hpp"

#include <algorithm>
#include <optional>

#include "actors/controllers/owners.hpp"
#include "actors/scheduler/node_match.hpp"
#include "actors/scheduler/node_term.hpp"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/field_scan.hpp"
#include "messages/quantity.hpp"
#include "messages/selectors.hpp"
#include "messages/wire.hpp"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr const char* kStorage = "storage";

template <class Map>
Quantity storage_in(const Map& amounts) {
  const auto it = amounts.find(kStorage);
  if (it == amounts.end()) return {};
  return Quantity::parse(it->second.string()).ok() ? *Quantity::parse(it->second.string()) : Quantity();
}

std::string mode_of(const std::string& mode) { return mode.empty() ? "Filesystem" : mode; }

bool is_reachable(const View& view, const Volume& volume, const std::string& node) {
  if (!volume.spec().nodeaffinity().has_required() || node.empty()) return true;
  const ObjectPtr object = view.find({kinds::kNode, "", node});
  if (!object) return false;
  const auto message = object->as<core::Node>();
  scheduler::Labels labels(message.metadata().labels().begin(), message.metadata().labels().end());
  std::sort(labels.begin(), labels.end());
  const auto& terms = volume.spec().nodeaffinity().required().nodeselectorterms();
  return std::any_of(terms.begin(), terms.end(), [&](const core::NodeSelectorTerm& term) {
    return scheduler::holds(scheduler::term_of(term), node, labels);
  });
}

}  // namespace

std::set<std::string, std::less<>> claims_of_pod(const Object& pod) {
  constexpr int kSpec[] = {2};
  constexpr int kClaimName[] = {core::Volume::kVolumeSourceFieldNumber,
                                core::VolumeSource::kPersistentVolumeClaimFieldNumber,
                                core::PersistentVolumeClaimVolumeSource::kClaimNameFieldNumber};
  std::set<std::string, std::less<>> names;
  wire::Reader reader(scan_bytes(pod.body(), kSpec));
  while (reader.next()) {
    if (reader.number() != core::PodSpec::kVolumesFieldNumber) continue;
    const auto name = scan_bytes(reader.bytes(), kClaimName);
    if (!name.empty()) names.emplace(name);
  }
  return names;
}

std::string class_of(const Claim& claim) {
  const auto& annotations = claim.metadata().annotations();
  const auto it = annotations.find(volume_notes::kClassBeta);
  return it != annotations.end() ? it->second : claim.spec().storageclassname();
}

bool is_reserved_for(const Volume& volume, const Claim& claim) {
  const auto& ref = volume.spec().claimref();
  return volume.spec().has_claimref() && ref.namespace_() == claim.metadata().namespace_() &&
         ref.name() == claim.metadata().name() && (ref.uid().empty() || ref.uid() == claim.metadata().uid());
}

bool satisfies(const Volume& volume, const Claim& claim) {
  const auto& has = volume.spec();
  const auto& wants = claim.spec();
  if (has.storageclassname() != class_of(claim) || mode_of(has.volumemode()) != mode_of(wants.volumemode())) {
    return false;
  }
  for (const std::string& mode : wants.accessmodes()) {
    if (std::find(has.accessmodes().begin(), has.accessmodes().end(), mode) == has.accessmodes().end()) return false;
  }
  return storage_in(has.capacity()) >= storage_in(wants.resources().requests());
}

ObjectPtr find_volume(const View& view, const Claim& claim, const std::string& node) {
  std::optional<LabelSelector> selector;
  if (claim.spec().has_selector()) {
    auto read = LabelSelector::from_message(claim.spec().selector());
    if (!read) return nullptr;
    selector = std::move(*read);
  }
  ObjectPtr best;
  Quantity smallest;
  for (const ObjectPtr& object : view.all(kinds::kPersistentVolume)) {
    if (is_being_deleted(*object)) continue;
    const auto volume = object->as<Volume>();
    if (volume.spec().has_claimref()) {
      if (is_reserved_for(volume, claim) && satisfies(volume, claim)) return object;
      continue;
    }
    if (!satisfies(volume, claim) || (selector && !selector->matches_object(*object))) continue;
    if (volume.status().phase() != "Available" || !is_reachable(view, volume, node)) continue;
    const Quantity size = storage_in(volume.spec().capacity());
    if (best && !(size < smallest)) continue;
    best = object;
    smallest = size;
  }
  return best;
}

}  // namespace kabuki::controllers
