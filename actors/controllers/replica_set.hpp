#pragma once

#include <functional>
#include <string>
#include <vector>

#include "actors/controllers/controller.hpp"
#include "messages/api/apps/v1/replica_set.pb.h"

namespace kabuki::controllers {

/// Returns what moves the set one step towards spec.replicas: pods of its selector adopted or released, missing ones
/// created, surplus ones deleted, at most 500 of either, and its status.
Plan reconcile_replica_set(const View& view, const Key& set, const Instant& now);

/// The same for whatever reads as a replica set; `write_status` records its status.
Plan reconcile_replicas(
    const View& view, const ObjectPtr& object, const ::k8s::io::api::apps::v1::ReplicaSet& set, const Instant& now,
    const std::function<actors::Write(const ::k8s::io::api::apps::v1::ReplicaSet&)>& write_status);

/// A controller over `kind` and its pods, still without reconcile.
Controller replica_controller(KindId kind, std::string name);

/// Sorts `pods` so that those to be deleted first come first, as Kubernetes ranks them: unassigned, pending, not
/// ready, cheap to delete, doubled up on a node, ready for a shorter time, restarted more often, younger. `related`
/// are all pods that share the set's owner: they decide what is doubled up.
void rank_for_deletion(const View& view, const std::vector<ObjectPtr>& related, const Instant& now,
                       std::vector<ObjectPtr>* pods);

/// The controller over it.
Controller replica_set_controller();

}  // namespace kabuki::controllers
