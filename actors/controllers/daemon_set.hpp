#pragma once

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

/// Returns what moves the set one step on: its template recorded, one pod on every node that it may run on, none
/// elsewhere, outdated ones replaced within maxUnavailable or maxSurge, status told.
Plan reconcile_daemon_set(const View& view, const Key& set, const Instant& now);

Controller daemon_set_controller();

}  // namespace kabuki::controllers
