#pragma once

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

/// As reconcile_replica_set: a replication controller is a replica set with a plainer selector.
Plan reconcile_replication_controller(const View& view, const Key& key, const Instant& now);

Controller replication_controller();

}  // namespace kabuki::controllers
