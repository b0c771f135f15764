#pragma once

#include <memory>

#include "tools/sim/workload.hpp"

namespace kabuki::tools {

// Each in a file of its name.

/// Deployments and single pods: the plain case.
std::unique_ptr<Workload> make_web(SimCluster& cluster, const WorkloadOptions& options);
/// All that a Deployment can do: Recreate, bounds of a rolling update, pause and resume, undo.
std::unique_ptr<Workload> make_rollouts(SimCluster& cluster, const WorkloadOptions& options);
std::unique_ptr<Workload> make_replication_controllers(SimCluster& cluster, const WorkloadOptions& options);
std::unique_ptr<Workload> make_stateful_sets(SimCluster& cluster, const WorkloadOptions& options);
std::unique_ptr<Workload> make_daemon_sets(SimCluster& cluster, const WorkloadOptions& options);
/// Plain and indexed Jobs, failing ones, suspended ones, some that go after they have finished.
std::unique_ptr<Workload> make_jobs(SimCluster& cluster, const WorkloadOptions& options);
std::unique_ptr<Workload> make_cron_jobs(SimCluster& cluster, const WorkloadOptions& options);
/// Evictions, several at once, of the pods of Deployments that have disruption budgets.
std::unique_ptr<Workload> make_budgets(SimCluster& cluster, const WorkloadOptions& options);
/// Deployments that want more pods than the quota of their namespace allows.
std::unique_ptr<Workload> make_quotas(SimCluster& cluster, const WorkloadOptions& options);
/// Claims of volumes, and pods that use them.
std::unique_ptr<Workload> make_volumes(SimCluster& cluster, const WorkloadOptions& options);
/// Services of Deployments whose pods come and go.
std::unique_ptr<Workload> make_services(SimCluster& cluster, const WorkloadOptions& options);
/// Deployments whose pods use more or less than they are to, and autoscalers of these.
std::unique_ptr<Workload> make_autoscalers(SimCluster& cluster, const WorkloadOptions& options);
/// Namespaces that come and go with what is in them.
std::unique_ptr<Workload> make_namespaces(SimCluster& cluster, const WorkloadOptions& options);
/// More pods than there is room for, of classes that drive out others, or do not.
std::unique_ptr<Workload> make_priorities(SimCluster& cluster, const WorkloadOptions& options);
/// Pods of which a node has room for one: by memory, storage, or a port.
std::unique_ptr<Workload> make_packing(SimCluster& cluster, const WorkloadOptions& options);
std::unique_ptr<Workload> make_widgets(SimCluster& cluster, const WorkloadOptions& options);
std::unique_ptr<Workload> make_resizes(SimCluster& cluster, const WorkloadOptions& options);
/// Pods on nodes that are not there.
std::unique_ptr<Workload> make_leftovers(SimCluster& cluster, const WorkloadOptions& options);

}  // namespace kabuki::tools
