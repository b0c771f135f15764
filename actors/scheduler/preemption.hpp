#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "actors/scheduler/placement.hpp"
#include "messages/selectors.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::scheduler {

/// A pod on a node, as preemption looks at it.
struct Occupant {
  uint32_t id = 0;
  int32_t priority = 0;
  int64_t started = 0;  // wall clock, s; later ones are more willingly given up
  DemandPtr demand;
  GroupId group = 0;
};

/// How many more pods that a budget covers may be given up.
struct Budget {
  std::string ns;
  LabelSelector selector;
  bool nothing = false;  // selects none
  int64_t allowed = 0;
};

struct Preemption {
  NodeSlot node = kNoNode;
  std::vector<uint32_t> victims;  // ids of occupants, the most important first
};

/// Finds the node on which the pod fits once the fewest and least important pods of lower priority have gone: with
/// the fewest breaches of budgets, then the least priority of the most important victim, then the smallest sum of
/// priorities, then the fewest victims, then the latest start of the most important ones, then the first from `start`
/// on. Looks at a tenth of the nodes, at least 100. Leaves `cluster` as it was.
std::optional<Preemption> preempt(Cluster* cluster, const Profile& profile, const Candidate& pod, size_t start,
                                  const std::vector<Budget>& budgets,
                                  const std::function<std::vector<Occupant>(NodeSlot)>& on_node);

}  // namespace kabuki::scheduler
