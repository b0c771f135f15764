#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "actors/scheduler/labels.hpp"
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
  std::string selected_node;  // where it is being provisioned for; "" as yet nowhere
  std::vector<std::string> access_modes;
  std::string mode;       // Filesystem or Block
  std::string requested;  // of storage
  bool has_selector = false;
  bool ending = false;
  bool operator==(const ClaimFacts&) const = default;
};

/// The labels of volumes and nodes that say where they are.
inline constexpr const char* kZoneLabels[] = {"failure-domain.beta.kubernetes.io/region",
                                              "failure-domain.beta.kubernetes.io/zone",
                                              "topology.kubernetes.io/region", "topology.kubernetes.io/zone"};

/// A PersistentVolume: on which nodes it can be reached, and what claims it may serve.
struct VolumeFacts {
  bool restricted = false;
  std::vector<NodeTerm> reachable_from;
  Labels zones;                // labels that say where it is; a value may be several, "a__b"
  std::string driver, handle;  // of CSI
  bool free = false;           // available, and reserved for nobody
  std::string storage_class;
  std::vector<std::string> access_modes;
  std::string mode;
  std::string capacity;
  bool operator==(const VolumeFacts&) const = default;
};

/// A StorageClass: when and where it makes volumes.
struct ClassFacts {
  bool waits = false;  // binds a claim only when its first pod is placed
  std::string provisioner;
  /// Any of these; each of them all of its labels. Empty: everywhere.
  std::vector<NodeTerm> topologies;
  bool provisions() const { return !provisioner.empty() && provisioner != "kubernetes.io/no-provisioner"; }
  bool operator==(const ClassFacts&) const = default;
};

/// Claims, volumes, storage classes and what drivers can attach. Changes return whether placement can differ from
/// before.
struct Volumes {
  std::map<std::string, ClaimFacts> claims;  // by "namespace/name"
  std::map<std::string, VolumeFacts> volumes;
  std::map<std::string, ClassFacts> classes;
  /// By node, then by driver: how many volumes at most.
  std::map<std::string, std::map<std::string, int32_t>> limits;

  /// Of a PersistentVolumeClaim, PersistentVolume, StorageClass or CSINode.
  bool changed(const Object& object);
  bool deleted(const Key& key);
  /// Null where there is none.
  const ClaimFacts* claim(std::string_view ns, std::string_view name) const;
  const ClassFacts* class_of(const ClaimFacts& claim) const;
};

/// Whether a volume that is free may serve the claim: class, modes and size.
bool may_serve(const VolumeFacts& volume, const ClaimFacts& claim);

}  // namespace kabuki::scheduler
