#include "actors/controllers/volume_binder.hpp"

#include <algorithm>

#include "actors/controllers/cluster_classes.hpp"
#include "actors/controllers/owners.hpp"
#include "actors/controllers/volume_match.hpp"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/storage/v1/storage_class.pb.h"
#include "messages/quantity.hpp"

namespace kabuki::controllers {
namespace {

using actors::Write;
using StorageClass = ::k8s::io::api::storage::v1::StorageClass;
namespace notes = volume_notes;

template <class Message>
std::string note_of(const Message& message, const char* name) {
  const auto& annotations = message.metadata().annotations();
  const auto it = annotations.find(name);
  return it == annotations.end() ? "" : it->second;
}
template <class Message>
void set_note(const char* name, const std::string& value, Message* message) {
  (*message->mutable_metadata()->mutable_annotations())[name] = value;
}

void say(const Object& about, const char* type, const char* reason, std::string message, Plan* plan) {
  plan->events.push_back({about.key(), std::string(about.uid()), type, reason, std::move(message)});
}

void refer_to(const Claim& claim, Volume* volume) {
  auto* ref = volume->mutable_spec()->mutable_claimref();
  ref->set_kind("PersistentVolumeClaim");
  ref->set_apiversion("v1");
  ref->set_namespace_(claim.metadata().namespace_());
  ref->set_name(claim.metadata().name());
  ref->set_uid(claim.metadata().uid());
  ref->set_resourceversion(claim.metadata().resourceversion());
}

/// The node of a pod that uses the claim; "" while there is none.
std::string node_of_user(const View& view, const Object& claim) {
  for (const ObjectPtr& pod : view.in_namespace(kinds::kPod, claim.ns())) {
    const auto node = node_of_pod(*pod);
    if (!node.empty() && claims_of_pod(*pod).contains(claim.name())) return std::string(node);
  }
  return {};
}

/// Pending, or Lost once it was bound.
void set_unbound(const Object& object, Claim claim, const char* phase, Plan* plan) {
  if (claim.status().phase() == phase) return;
  claim.clear_status();
  claim.mutable_status()->set_phase(phase);
  plan->add(Write::update_status(object, claim));
}

bool is_in(const ::k8s::io::api::core::v1::TopologySelectorTerm& place,
           const google::protobuf::Map<std::string, std::string>& labels) {
  const auto& wanted = place.matchlabelexpressions();
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& label) {
    const auto found = labels.find(label.key());
    return found != labels.end() &&
           std::find(label.values().begin(), label.values().end(), found->second) != label.values().end();
  });
}

/// A volume of a class that makes them in some places only is reached from there: from those of the node it is made
/// for, or, while no node is known or the class has no place for it, from all of them.
void restrict_to_topologies(const View& view, const StorageClass& storage, const std::string& node, Volume* volume) {
  const ObjectPtr object = node.empty() ? nullptr : view.find({kinds::kNode, "", node});
  const auto message = object ? object->as<::k8s::io::api::core::v1::Node>() : ::k8s::io::api::core::v1::Node();
  const auto& labels = message.metadata().labels();
  const auto& places = storage.allowedtopologies();
  const auto here =
      std::find_if(places.begin(), places.end(), [&](const auto& place) { return object && is_in(place, labels); });
  for (const auto& place : places) {
    if (here != places.end() && &place != &*here) continue;
    auto* term = volume->mutable_spec()->mutable_nodeaffinity()->mutable_required()->add_nodeselectorterms();
    for (const auto& label : place.matchlabelexpressions()) {
      auto* expression = term->add_matchexpressions();
      expression->set_key(label.key());
      expression->set_operator_("In");
      if (here != places.end()) {
        expression->add_values(labels.at(label.key()));
      } else {
        *expression->mutable_values() = label.values();
      }
    }
  }
}

Write simulated_volume(const View& view, const Claim& claim, const StorageClass& storage, const std::string& node) {
  Volume volume;
  const std::string name = "pvc-" + claim.metadata().uid();
  volume.mutable_metadata()->set_name(name);
  set_note(notes::kProvisionedBy, storage.provisioner(), &volume);
  auto* spec = volume.mutable_spec();
  (*spec->mutable_capacity())["storage"] = claim.spec().resources().requests().at("storage");
  *spec->mutable_accessmodes() = claim.spec().accessmodes();
  spec->set_persistentvolumereclaimpolicy(storage.has_reclaimpolicy() ? storage.reclaimpolicy() : "Delete");
  spec->set_storageclassname(storage.metadata().name());
  *spec->mutable_mountoptions() = storage.mountoptions();
  spec->set_volumemode(claim.spec().has_volumemode() ? claim.spec().volumemode() : "Filesystem");
  auto* source = spec->mutable_persistentvolumesource()->mutable_csi();
  source->set_driver(storage.provisioner());
  source->set_volumehandle(name);
  refer_to(claim, &volume);
  restrict_to_topologies(view, storage, node, &volume);
  return Write::create(kinds::kPersistentVolume, volume);
}

/// The claim has no volume yet.
Plan find_one(const View& view, const ObjectPtr& object, Claim claim) {
  Plan plan;
  const std::string class_name = class_of(claim);
  const ObjectPtr class_object = class_name.empty() ? nullptr : view.find({kinds::kStorageClass, "", class_name});
  const auto storage = class_object ? class_object->as<StorageClass>() : StorageClass();
  std::string node = note_of(claim, notes::kSelectedNode);
  const bool waits = storage.volumebindingmode() == "WaitForFirstConsumer";
  if (waits && node.empty()) node = node_of_user(view, *object);
  const bool ready = !waits || !node.empty();

  const ObjectPtr found = find_volume(view, claim, node);
  if (found) {
    auto volume = found->as<Volume>();
    const bool reserved = volume.spec().has_claimref();
    if (reserved && volume.spec().claimref().uid() == claim.metadata().uid()) {
      claim.mutable_spec()->set_volumename(std::string(found->name()));
      set_note(notes::kBindCompleted, "yes", &claim);
      set_note(notes::kBoundByController, "yes", &claim);
      plan.add(Write::update(*object, claim));
      return plan;
    }
    if (reserved || ready) {
      if (!reserved) set_note(notes::kBoundByController, "yes", &volume);
      refer_to(claim, &volume);
      plan.add(Write::update(*found, volume));
      return plan;
    }
  }
  set_unbound(*object, claim, "Pending", &plan);
  if (!plan.empty()) return plan;
  if (!ready) {
    say(*object, "Normal", "WaitForFirstConsumer", "waiting for first consumer to be created before binding", &plan);
  } else if (class_name.empty()) {
    say(*object, "Normal", "FailedBinding",
        "no persistent volumes available for this claim and no storage class is set", &plan);
  } else if (!class_object) {
    say(*object, "Warning", "ProvisioningFailed", "storageclass.storage.k8s.io \"" + class_name + "\" not found",
        &plan);
  } else if (waits && note_of(claim, notes::kSelectedNode) != node) {
    set_note(notes::kSelectedNode, node, &claim);
    plan.add(Write::update(*object, claim));
  } else if (note_of(claim, notes::kProvisioner) != storage.provisioner()) {
    set_note(notes::kProvisioner, storage.provisioner(), &claim);
    set_note(notes::kProvisionerBeta, storage.provisioner(), &claim);
    plan.add(Write::update(*object, claim));
  } else if (storage.provisioner() == kSimulatedProvisioner) {
    Announcement done{.about = object->key(), .uid = std::string(object->uid())};
    done.done_reason = "ProvisioningSucceeded";
    done.done = "Successfully provisioned volume {name}";
    done.failed_reason = "ProvisioningFailed";
    done.failed = "failed to provision volume with StorageClass \"" + class_name + "\": {error}";
    plan.add(simulated_volume(view, claim, storage, node), std::move(done));
  } else {
    say(*object, "Normal", "ExternalProvisioning",
        "Waiting for a volume to be created either by the external provisioner '" + storage.provisioner() +
            "' or manually by the system administrator. If volume creation is delayed, please verify that the "
            "provisioner is running and correctly registered.",
        &plan);
  }
  return plan;
}

/// What a claim of a simulated, growing class asks for beyond what its volume has.
bool grow(const View& view, const ObjectPtr& object, const Claim& claim, Volume volume, Plan* plan) {
  const ObjectPtr class_object = view.find({kinds::kStorageClass, "", class_of(claim)});
  if (!class_object || note_of(volume, notes::kProvisionedBy) != kSimulatedProvisioner) return false;
  if (!class_object->as<StorageClass>().allowvolumeexpansion()) return false;
  const auto& requests = claim.spec().resources().requests();
  const auto wanted = requests.find("storage");
  if (wanted == requests.end()) return false;
  auto& capacity = (*volume.mutable_spec()->mutable_capacity())["storage"];
  const auto want = Quantity::parse(wanted->second.string()), have = Quantity::parse(capacity.string());
  if (!want || !have || !(*have < *want)) return false;
  capacity = wanted->second;
  plan->add(Write::update(*object, volume));
  return true;
}

/// The claim names a volume.
Plan hold_on(const View& view, const ObjectPtr& object, Claim claim) {
  Plan plan;
  const bool was_bound = !note_of(claim, notes::kBindCompleted).empty();
  const ObjectPtr found = view.find({kinds::kPersistentVolume, "", claim.spec().volumename()});
  if (!found) {
    set_unbound(*object, claim, was_bound ? "Lost" : "Pending", &plan);
    if (was_bound && !plan.empty()) {
      plan.only_if_gone.push_back({{kinds::kPersistentVolume, "", claim.spec().volumename()}, ""});
      say(*object, "Warning", "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!",
          &plan);
    }
    return plan;
  }
  auto volume = found->as<Volume>();
  const bool reserved = is_reserved_for(volume, claim);
  if (volume.spec().has_claimref() && !reserved) {
    set_unbound(*object, claim, was_bound ? "Lost" : "Pending", &plan);
    if (was_bound) {
      if (!plan.empty()) {
        say(*object, "Warning", "ClaimMisbound",
            "Two claims are bound to the same volume, this one is bound incorrectly", &plan);
      }
    } else {
      say(*object, "Warning", "FailedBinding",
          "volume \"" + volume.metadata().name() + "\" already bound to a different claim.", &plan);
    }
    return plan;
  }
  if (!was_bound && !satisfies(volume, claim)) {
    set_unbound(*object, claim, "Pending", &plan);
    say(*object, "Warning", "VolumeMismatch",
        "Cannot bind to requested volume \"" + volume.metadata().name() + "\": it does not have what is asked for",
        &plan);
    return plan;
  }
  if (!reserved || volume.spec().claimref().uid().empty()) {
    if (!reserved) set_note(notes::kBoundByController, "yes", &volume);
    refer_to(claim, &volume);
    plan.add(Write::update(*found, volume));
    return plan;
  }
  if (!was_bound) {
    set_note(notes::kBindCompleted, "yes", &claim);
    plan.add(Write::update(*object, claim));
    return plan;
  }
  if (grow(view, found, claim, volume, &plan)) return plan;
  const std::string before = claim.status().SerializeAsString();
  Claim next = claim;
  next.mutable_status()->set_phase("Bound");
  *next.mutable_status()->mutable_accessmodes() = volume.spec().accessmodes();
  *next.mutable_status()->mutable_capacity() = volume.spec().capacity();
  if (Object::encode(object->kind(), next)->body() != object->body()) plan.add(Write::update_status(*object, next));
  return plan;
}

void set_phase(const Object& object, Volume volume, const char* phase, const std::string& message, const Instant& now,
               Plan* plan) {
  if (volume.status().phase() == phase && volume.status().message() == message) return;
  volume.mutable_status()->set_phase(phase);
  volume.mutable_status()->set_message(message);
  volume.mutable_status()->mutable_lastphasetransitiontime()->set_seconds(now.wall.seconds());
  plan->add(Write::update_status(object, volume));
}

/// The claim of the volume has gone.
Plan reclaim(const ObjectPtr& object, Volume volume, const Instant& now) {
  Plan plan;
  const auto& ref = volume.spec().claimref();
  plan.only_if_gone.push_back({{kinds::kPersistentVolumeClaim, ref.namespace_(), ref.name()}, ref.uid()});
  const std::string& policy = volume.spec().persistentvolumereclaimpolicy();
  if (volume.status().phase() == "Failed") return {};
  if (volume.status().phase() != "Released") {
    set_phase(*object, volume, "Released", "", now, &plan);
  } else if (policy == "Delete" && note_of(volume, notes::kProvisionedBy) == kSimulatedProvisioner) {
    if (!is_being_deleted(*object)) plan.add(Write::remove(*object));
  } else if (policy == "Delete" && note_of(volume, notes::kProvisionedBy).empty()) {
    const std::string why = "error getting deleter volume plugin for volume \"" + volume.metadata().name() +
                            "\": no deletable volume plugin matched";
    set_phase(*object, volume, "Failed", why, now, &plan);
    say(*object, "Warning", "VolumeFailedDelete", why, &plan);
  } else if (policy == "Recycle") {
    volume.mutable_spec()->clear_claimref();
    volume.mutable_metadata()->mutable_annotations()->erase(notes::kBoundByController);
    plan.add(Write::update(*object, volume));
  }
  return plan.empty() ? Plan() : plan;
}

}  // namespace

Plan reconcile_claim(const View& view, const Key& key, const Instant&) {
  const ObjectPtr object = view.find(key);
  if (!object) return {};
  auto claim = object->as<Claim>();
  if (!claim.spec().volumename().empty()) return hold_on(view, object, std::move(claim));
  return is_being_deleted(*object) ? Plan() : find_one(view, object, std::move(claim));
}

Plan reconcile_volume(const View& view, const Key& key, const Instant& now) {
  Plan plan;
  const ObjectPtr object = view.find(key);
  if (!object) return plan;
  auto volume = object->as<Volume>();
  const auto& ref = volume.spec().claimref();
  if (ref.uid().empty()) {
    set_phase(*object, volume, "Available", "", now, &plan);
    return plan;
  }
  const ObjectPtr found = view.find({kinds::kPersistentVolumeClaim, ref.namespace_(), ref.name()});
  if (!found || found->uid() != ref.uid()) return reclaim(object, std::move(volume), now);
  const auto claim = found->as<Claim>();
  if (claim.spec().volumename() == volume.metadata().name()) {
    set_phase(*object, volume, "Bound", "", now, &plan);
  } else if (!claim.spec().volumename().empty() && !is_being_deleted(*object)) {
    // It has gone to another volume meanwhile.
    if (note_of(volume, notes::kProvisionedBy) == kSimulatedProvisioner) {
      plan.add(Write::remove(*object));
    } else if (!note_of(volume, notes::kBoundByController).empty()) {
      volume.mutable_spec()->clear_claimref();
      volume.mutable_metadata()->mutable_annotations()->erase(notes::kBoundByController);
      plan.add(Write::update(*object, volume));
    }
  }
  return plan;
}

namespace {

/// Everybody whom a change of a claim, a volume, a class or a pod may help on.
void concerned(const View& view, const Change& change, std::vector<Key>* keys) {
  const Object& object = change.object();
  auto all_unbound = [&] {
    for (const ObjectPtr& claim : view.all(kinds::kPersistentVolumeClaim)) {
      if (claim->as<Claim>().spec().volumename().empty()) keys->push_back(claim->key());
    }
  };
  switch (object.kind()) {
    case kinds::kPersistentVolumeClaim: {
      keys->push_back(object.key());
      const auto claim = object.as<Claim>();
      if (!claim.spec().volumename().empty()) {
        keys->push_back({kinds::kPersistentVolume, "", claim.spec().volumename()});
      }
      // Reserved for it, as far as a claim that never came to name its volume is concerned.
      if (!change.after) {
        for (const ObjectPtr& volume : view.all(kinds::kPersistentVolume)) {
          if (is_reserved_for(volume->as<Volume>(), claim)) keys->push_back(volume->key());
        }
      }
      return;
    }
    case kinds::kPersistentVolume: {
      keys->push_back(object.key());
      const auto volume = object.as<Volume>();
      if (!volume.spec().has_claimref()) return all_unbound();
      const auto& ref = volume.spec().claimref();
      keys->push_back({kinds::kPersistentVolumeClaim, ref.namespace_(), ref.name()});
      return;
    }
    case kinds::kStorageClass:
      return all_unbound();
    case kinds::kPod: {
      const bool placed = change.after && !node_of_pod(*change.after).empty() &&
                          (!change.before || node_of_pod(*change.before).empty());
      if (!placed) return;
      for (const std::string& name : claims_of_pod(object)) {
        keys->push_back({kinds::kPersistentVolumeClaim, std::string(object.ns()), name});
      }
      return;
    }
    default:
      return;
  }
}

}  // namespace

Controller volume_binder_controller() {
  Controller controller;
  controller.name = "persistentvolume-controller";
  controller.watches = {kinds::kPersistentVolumeClaim, kinds::kPersistentVolume, kinds::kStorageClass, kinds::kPod,
                        kinds::kNode};
  controller.sleeps_without = 2;
  controller.concerns = concerned;
  controller.reconcile = [](const View& view, const Key& key, const Instant& now) {
    return key.kind == kinds::kPersistentVolume ? reconcile_volume(view, key, now) : reconcile_claim(view, key, now);
  };
  return controller;
}

}  // namespace kabuki::controllers
