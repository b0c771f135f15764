#pragma once

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

/// The provisioner of simulated volumes.
inline constexpr const char* kSimulatedProvisioner = "kabuki.io/simulated";

/// Makes what every cluster begins with: the two priority classes of the system, whenever they are missing; and in a
/// cluster without any storage class the default one, `standard`, of simulated volumes.
Plan reconcile_cluster_class(const View& view, const Key& key, const Instant& now);

Controller cluster_classes_controller();

}  // namespace kabuki::controllers
