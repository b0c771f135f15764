#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/scheduler/cluster.hpp"
#include "actors/scheduler/profile.hpp"
#include "runtime/io/random.hpp"

namespace kabuki::scheduler {

/// Where a pod goes, or why nowhere.
struct Placement {
  NodeSlot node = kNoNode;
  size_t examined = 0;  // slots looked at: the next search starts that much further on
  size_t nodes = 0;     // nodes there are
  /// Of a failure: how many nodes gave each of Kubernetes' reasons.
  std::map<std::string, size_t> reasons;
  /// Of a failure: a reason that is not any node's.
  std::string everywhere;
  /// Of a failure: nodes that would refuse the pod even without any other pod on them.
  size_t unresolvable = 0;
};

/// How many feasible nodes suffice among `nodes`: all below 100, then a share that falls from 50 % to 5 %, at least
/// 100. Kubernetes' percentageOfNodesToScore where `percentage` is 0.
size_t feasible_enough(size_t nodes, int64_t percentage = 0);

/// What a profile's filters have against nodes for one pod.
class Filters {
 public:
  Filters(const Cluster& cluster, const Profile& profile, const Candidate& pod);

  bool fit(NodeSlot node) const { return refusing(node) == nullptr; }
  /// The first that refuses the node; null where none does.
  const Filter* refusing(NodeSlot node) const;
  /// Why the pod fits nowhere, whatever the nodes.
  const std::string& everywhere() const { return everywhere_; }

 private:
  std::vector<std::unique_ptr<Filter>> filters_;
  std::string everywhere_;
};

/// Filters from slot `start` on, round the cluster, until enough feasible nodes are found; scores these by the
/// profile's plugins and breaks ties by `random`. `nominated`, where the pod fits it, is taken as it is. Pure but for
/// `random`, from which it draws only when there is a tie.
Placement place(const Cluster& cluster, const Profile& profile, const Candidate& pod, size_t start,
                io::Random& random, NodeSlot nominated = kNoNode);

/// The message of FailedScheduling, as kube-scheduler words it, without what preemption has to say.
std::string failure_message(const Placement& placement);
/// What preemption has to say where it found no victims.
std::string no_victims_message(const Placement& placement);

}  // namespace kabuki::scheduler
