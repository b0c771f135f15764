#pragma once

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

/// Returns the next step for one object, as Kubernetes' garbage collector does: deleted when all its owners are gone
/// (confirmed by the store) or wait for it; references to gone owners taken out while others live; finalizer
/// `foregroundDeletion` removed once no blocking dependent is left; with finalizer `orphan`, its dependents freed
/// first.
Plan reconcile_garbage(const View& view, const Key& object);

/// Watches every kind. Owners of kinds that Kabuki does not have count as living.
Controller garbage_collector();

}  // namespace kabuki::controllers
