#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actors/scheduler/cluster.hpp"

namespace kabuki::scheduler {

struct Profile;

/// The pod to be placed.
struct Candidate {
  const PodDemand& demand;
  std::string_view ns;
  std::string_view name;
  const Labels& labels;
};

/// What a plugin has against nodes for one pod. Made for one search; the cluster does not change meanwhile.
class Filter {
 public:
  virtual ~Filter() = default;
  virtual bool fits(NodeSlot node) const = 0;
  /// Of a node that does not fit: adds Kubernetes' reasons.
  virtual void explain(NodeSlot node, std::vector<std::string>* reasons) const = 0;
  /// Whether the node might fit if other pods left it.
  virtual bool others_stand_in_the_way(NodeSlot node) const { return false; }
  /// Why the pod fits nowhere, whatever the nodes; "" when that is not so.
  virtual std::string refuses_everywhere() const { return {}; }
};

/// How much a plugin likes nodes for one pod.
class Scorer {
 public:
  static constexpr int64_t kMax =
      1'000'000;  // finer than Kubernetes' 100, so that small pods spread over large nodes

  virtual ~Scorer() = default;
  /// 0 to kMax, or anything where normalize() brings it there.
  virtual int64_t score(NodeSlot node) const = 0;
  /// Sees the scores of all nodes that fit.
  virtual void normalize(std::vector<int64_t>* scores) const {}
};

/// One reason to place or not to place pods, under Kubernetes' name. What it makes for a pod is null where it has
/// nothing to say of it.
struct Plugin {
  std::string_view name;
  std::unique_ptr<Filter> (*filter)(const Cluster&, const Candidate&) = nullptr;
  std::unique_ptr<Scorer> (*scorer)(const Cluster&, const Candidate&, const Profile&,
                                    const std::vector<NodeSlot>& fitting) = nullptr;
  int64_t weight = 0;  // of its scores, by default
};

/// In the order in which filters are asked; a node is told the reasons of the first that refuses it.
const std::vector<Plugin>& all_plugins();

extern const Plugin kNodeUnschedulable, kTaintToleration, kNodeAffinity, kNodePorts, kNodeResourcesFit,
    kNodeResourcesBalancedAllocation, kVolumeRestrictions, kNodeVolumeLimits, kVolumeBinding, kVolumeZone,
    kPodTopologySpread, kInterPodAffinity, kImageLocality;

/// Brings scores to 0..kMax in proportion to the highest; the lowest is best where `reversed`.
void normalize_by_max(std::vector<int64_t>* scores, bool reversed);

}  // namespace kabuki::scheduler
