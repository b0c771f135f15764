#pragma once

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

/// Binds a claim to a volume, one write at a time: the volume is reserved for the claim, the claim names the volume,
/// its status says so. Where no volume fits, one is made for classes of simulated volumes. Claims of a class that
/// waits for its first consumer are left until a node is known: by annotation, or as a pod that uses them has one.
Plan reconcile_claim(const View& view, const Key& claim, const Instant& now);

/// Says a volume's phase, and does what its policy asks when its claim has gone.
Plan reconcile_volume(const View& view, const Key& volume, const Instant& now);

Controller volume_binder_controller();

/// Takes the finalizers off that keep claims in use by pods, and volumes that are bound, from being deleted.
Plan reconcile_volume_protection(const View& view, const Key& key, const Instant& now);

Controller volume_protection_controller();

}  // namespace kabuki::controllers
