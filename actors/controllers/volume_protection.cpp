#include <algorithm>

#include "actors/controllers/owners.hpp"
#include "actors/controllers/volume_binder.hpp"
#include "actors/controllers/volume_match.hpp"
#include "messages/meta.hpp"

namespace kabuki::controllers {
namespace {

using actors::Write;

constexpr const char* kClaimInUse = "kubernetes.io/pvc-protection";
constexpr const char* kVolumeInUse = "kubernetes.io/pv-protection";

/// Whether a pod that runs, or is about to, mounts the claim.
bool is_mounted(const View& view, const Object& claim) {
  for (const ObjectPtr& pod : view.in_namespace(kinds::kPod, claim.ns())) {
    const PodFacts facts = view.facts(pod);
    if (facts.bound && !facts.over() && claims_of_pod(*pod).contains(claim.name())) return true;
  }
  return false;
}

template <class Message>
Plan let_go(const Object& object, const char* finalizer) {
  Plan plan;
  auto message = object.as<Message>();
  auto* finalizers = message.mutable_metadata()->mutable_finalizers();
  finalizers->erase(std::remove(finalizers->begin(), finalizers->end(), finalizer), finalizers->end());
  plan.add(Write::update(object, message));
  return plan;
}

}  // namespace

Plan reconcile_volume_protection(const View& view, const Key& key, const Instant&) {
  const ObjectPtr object = view.find(key);
  if (!object || !is_being_deleted(*object)) return {};
  if (key.kind == kinds::kPersistentVolumeClaim) {
    if (!has_finalizer(*object, kClaimInUse) || is_mounted(view, *object)) return {};
    return let_go<Claim>(*object, kClaimInUse);
  }
  if (!has_finalizer(*object, kVolumeInUse) || object->as<Volume>().status().phase() == "Bound") return {};
  return let_go<Volume>(*object, kVolumeInUse);
}

Controller volume_protection_controller() {
  Controller controller;
  controller.name = "volume-protection-controller";
  controller.watches = {kinds::kPersistentVolumeClaim, kinds::kPersistentVolume, kinds::kPod};
  controller.sleeps_without = 2;
  controller.concerns = [](const View& view, const Change& change, std::vector<Key>* keys) {
    const Object& object = change.object();
    if (object.kind() != kinds::kPod) {
      if (change.after && is_being_deleted(*change.after)) keys->push_back(object.key());
      return;
    }
    if (change.after && !view.facts(change.after).over()) return;
    for (const std::string& name : claims_of_pod(object)) {
      keys->push_back({kinds::kPersistentVolumeClaim, std::string(object.ns()), name});
    }
  };
  controller.reconcile = reconcile_volume_protection;
  return controller;
}

}  // namespace kabuki::controllers
