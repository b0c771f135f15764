#pragma once

#include <set>
#include <string>
#include <string_view>

#include "actors/controllers/view.hpp"
#include "messages/api/core/v1/persistent_volume.pb.h"
#include "messages/api/core/v1/persistent_volume_claim.pb.h"

namespace kabuki::controllers {

using Volume = ::k8s::io::api::core::v1::PersistentVolume;
using Claim = ::k8s::io::api::core::v1::PersistentVolumeClaim;

namespace volume_notes {
inline constexpr const char* kBindCompleted = "pv.kubernetes.io/bind-completed";
inline constexpr const char* kBoundByController = "pv.kubernetes.io/bound-by-controller";
inline constexpr const char* kProvisionedBy = "pv.kubernetes.io/provisioned-by";
inline constexpr const char* kSelectedNode = "volume.kubernetes.io/selected-node";
inline constexpr const char* kProvisioner = "volume.kubernetes.io/storage-provisioner";
inline constexpr const char* kProvisionerBeta = "volume.beta.kubernetes.io/storage-provisioner";
inline constexpr const char* kClassBeta = "volume.beta.kubernetes.io/storage-class";
}  // namespace volume_notes

/// The names of the claims that a pod mounts, read from its bytes.
std::set<std::string, std::less<>> claims_of_pod(const Object& pod);

/// A claim's storage class; "" for none.
std::string class_of(const Claim& claim);

/// Whether `volume` is this very claim's: reserved for it by name, and by uid where it gives one.
bool is_reserved_for(const Volume& volume, const Claim& claim);

/// Whether the volume has what the claim asks for: class, mode, access modes, size. Not its labels.
bool satisfies(const Volume& volume, const Claim& claim);

/// The volume that is to be bound to `claim`: one reserved for it, else of the free ones that have what it asks for,
/// and can be reached from `node` ("": from wherever), the smallest; of equal ones the first by name. Null when there
/// is none.
ObjectPtr find_volume(const View& view, const Claim& claim, const std::string& node);

}  // namespace kabuki::controllers
