#pragma once

#include <memory>

#include "tools/sim/invariant.hpp"

namespace kabuki::tools {

// Each in a file of its name.

/// `nodes-not-overfull`: no pod comes to a node that has not as much as its pods ask for: of any resource, of pods,
/// of host ports.
std::unique_ptr<Invariant> nodes_not_overfull();
/// `identities`: of a StatefulSet's identity there is one pod at a time: none goes while its containers are recorded
/// as running on a node that is there. And, of an ordered one, none comes before those below it have been ready.
std::unique_ptr<Invariant> identities();
/// `jobs-exact`: a Job never counts more ends than it asked for or had, never counts back, and an end that it has
/// come to is final.
std::unique_ptr<Invariant> jobs_exact();
/// `cron-once`: a CronJob makes one Job for each of its times.
std::unique_ptr<Invariant> cron_once();
/// `recreate-apart`: of a Deployment with strategy Recreate the pods of two templates never live at once.
std::unique_ptr<Invariant> recreate_apart();
/// `budgets-kept`: no eviction leaves fewer healthy pods than a disruption budget needs.
std::unique_ptr<Invariant> budgets_kept();
/// `quota-kept`: no pod comes where the quota of its namespace allows no more.
std::unique_ptr<Invariant> quota_kept();
/// `volumes-once`: a claim keeps its volume, and no other claim has it meanwhile.
std::unique_ptr<Invariant> volumes_once();
/// `preempts-lower`: a pod is driven out only for one of higher priority that may drive out others.
std::unique_ptr<Invariant> preempts_lower();
/// `service-addresses`: no two services have one clusterIP.
std::unique_ptr<Invariant> service_addresses();

}  // namespace kabuki::tools
