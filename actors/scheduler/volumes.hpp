#pragma once

#include <map>
#include <string>
#include <vector>

#include "actors/scheduler/pod_demand.hpp"

namespace kabuki {
class Object;
struct Key;
}  // namespace kabuki

namespace kabuki::scheduler {

/// A PersistentVolumeClaim as placement needs it.
struct ClaimFacts {
  std::string volume;  // bound to
  std::string storage_class;
  bool ending = false;
  bool operator==(const ClaimFacts&) const = default;
};

/// A PersistentVolume: on which nodes it can be reached.
struct VolumeFacts {
  bool restricted = false;
  std::vector<NodeTerm> reachable_from;
  bool operator==(const VolumeFacts&) const = default;
};

/// Claims, volumes and storage classes. Changes return whether placement can differ from before.
struct Volumes {
  std::map<std::string, ClaimFacts> claims;  // by "namespace/name"
  std::map<std::string, VolumeFacts> volumes;
  std::map<std::string, bool> waiting_classes;  // by name: binds a claim only when its first pod is placed

  /// Of a PersistentVolumeClaim, PersistentVolume or StorageClass.
  bool changed(const Object& object);
  bool deleted(const Key& key);
};

}  // namespace kabuki::scheduler
