#pragma once

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

/// Returns what moves the set one step on, as Kubernetes' stateful set control does: template revisions recorded,
/// claims and pods made identity by identity, surplus ones taken down from the highest, outdated ones replaced from
/// the highest down to the partition, status told. A pod is created only once the view shows nobody of its name; a
/// name is unique in the store, so no identity is ever there twice.
Plan reconcile_stateful_set(const View& view, const Key& set, const Instant& now);

Controller stateful_set_controller();

}  // namespace kabuki::controllers
