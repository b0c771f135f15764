#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "actors/scheduler/node_table.hpp"
#include "actors/scheduler/pod_demand.hpp"
#include "runtime/io/random.hpp"

namespace kabuki::scheduler {

/// Where a pod goes, or why nowhere.
struct Placement {
  NodeSlot node = kNoNode;
  size_t examined = 0;  // slots looked at: the next search starts that much further on
  size_t nodes = 0;     // nodes there are
  /// Of a failure: how many nodes gave each of Kubernetes' reasons.
  std::map<std::string, size_t> reasons;
  /// Of a failure: nodes that would refuse the pod even without any other pod on them.
  size_t unresolvable = 0;
};

/// How many feasible nodes suffice among `nodes`: all below 100, then a share that falls from 50 % to 5 %, at least
/// 100. Kubernetes' percentageOfNodesToScore left at its default.
size_t feasible_enough(size_t nodes);

/// Filters from slot `start` on, round the table, until enough feasible nodes are found; scores these by how much of
/// their cpu and memory stays free (fewer untolerated PreferNoSchedule taints first) and breaks ties by `random`.
/// Pure but for `random`, from which it draws only when there is a tie.
Placement place(const NodeTable& nodes, const PodDemand& demand, size_t start, io::Random& random);

/// Whether the toleration covers the taint.
bool tolerates(const Toleration& toleration, const Taint& taint);

/// Whether nodeSelector and required node affinity hold for a node of this name and labels.
bool selects(const PodDemand& demand, const std::string& name,
             const std::vector<std::pair<std::string, std::string>>& labels);

/// The message of FailedScheduling, as kube-scheduler words it. Preemption is reported as having found no victims.
std::string failure_message(const Placement& placement, const PodDemand& demand);

}  // namespace kabuki::scheduler
