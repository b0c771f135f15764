#pragma once

#include <string>

#include "actors/scheduler/labels.hpp"
#include "actors/scheduler/node_table.hpp"
#include "actors/scheduler/pod_demand.hpp"

namespace kabuki::scheduler {

/// Whether the toleration covers the taint.
bool tolerates(const Toleration& toleration, const Taint& taint);
/// Whether any of the pod's tolerations does.
bool tolerated(const PodDemand& demand, const Taint& taint);

/// Whether all of a term holds for a node of this name and labels.
bool holds(const NodeTerm& term, const std::string& name, const Labels& labels);

/// Whether nodeSelector and required node affinity do.
bool selects(const PodDemand& demand, const std::string& name, const Labels& labels);

}  // namespace kabuki::scheduler
