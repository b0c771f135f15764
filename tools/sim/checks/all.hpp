#pragma once

#include "tools/sim/history.hpp"
#include "tools/sim/observed.hpp"
#include "tools/sim/workload.hpp"

namespace kabuki::tools {

// What must hold of a cluster at rest, each in a file of its name; what is found wrong.

/// What stands for each of the clients' objects is there and well, and there is no pod that nobody wants.
Lines wrong_pods(const Observed& observed, const Workloads& workloads);
/// The last acknowledged state of each object of the clients' is what is served.
Lines lost_writes(const Observed& observed, const Workloads& workloads);
/// The API server serves what is stored.
Lines served_wrongly(const Observed& observed, const History& history);
/// Every host's views hold what they are to hold: a control-plane host's everything, a worker's the pods of its
/// nodes.
Lines wrong_views(const Observed& observed, const History& history);
/// Every node is ready, without taints, with a podCIDR.
Lines wrong_nodes(const Observed& observed);
/// Every host's tree is what its specification and the pods of its nodes make it.
Lines wrong_trees(const Observed& observed);
/// Every object that has owners has one that is there.
Lines orphans(const Observed& observed);
/// The Endpoints and EndpointSlices of every service that has a selector are its ready pods.
Lines wrong_endpoints(const Observed& observed);
/// Every object's namespace is there.
Lines homeless(const Observed& observed);

}  // namespace kabuki::tools
