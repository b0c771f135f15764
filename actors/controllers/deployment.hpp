#pragma once

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

/// Returns what moves the deployment one step on: the replica set of its template created, sets scaled within what
/// the strategy allows, history cut, revision noted, status told.
Plan reconcile_deployment(const View& view, const Key& deployment, const Instant& now);

Controller deployment_controller();

}  // namespace kabuki::controllers
