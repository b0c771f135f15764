#include <algorithm>

#include "actors/scheduler/node_match.hpp"
#include "actors/scheduler/plugins/plugin.hpp"

namespace kabuki::scheduler {
namespace {

/// Bound claims must be reachable from the node. A claim whose class waits for its first pod is provisioned where
/// that goes; any other unbound one must be bound before.
class VolumeBinding final : public Filter {
 public:
  VolumeBinding(const Cluster& cluster, const Candidate& pod)
      : nodes_(cluster.nodes), everywhere_(look_at_claims(cluster.volumes, pod)) {}

  bool is_idle() const { return everywhere_.empty() && volumes_.empty(); }

  bool fits(NodeSlot node) const override {
    return everywhere_.empty() && std::all_of(volumes_.begin(), volumes_.end(), [&](const VolumeFacts* volume) {
             return std::any_of(
                 volume->reachable_from.begin(), volume->reachable_from.end(),
                 [&](const NodeTerm& term) { return holds(term, nodes_.name(node), nodes_.labels(node)); });
           });
  }
  void explain(NodeSlot, std::vector<std::string>* reasons) const override {
    reasons->push_back("node(s) had volume node affinity conflict");
  }
  std::string refuses_everywhere() const override { return everywhere_; }

 private:
  /// Collects the volumes whose place matters; says what keeps the pod from every node.
  std::string look_at_claims(const Volumes& known, const Candidate& pod) {
    for (const std::string& name : pod.demand.claims) {
      const auto claim = known.claims.find(std::string(pod.ns) + "/" + name);
      if (claim == known.claims.end()) return "persistentvolumeclaim \"" + name + "\" not found";
      if (claim->second.ending) return "persistentvolumeclaim \"" + name + "\" is being deleted";
      if (claim->second.volume.empty()) {
        const auto waits = known.waiting_classes.find(claim->second.storage_class);
        if (waits == known.waiting_classes.end() || !waits->second) {
          return "pod has unbound immediate PersistentVolumeClaims";
        }
        continue;
      }
      const auto volume = known.volumes.find(claim->second.volume);
      if (volume == known.volumes.end()) return "persistentvolume \"" + claim->second.volume + "\" not found";
      if (volume->second.restricted) volumes_.push_back(&volume->second);
    }
    return {};
  }

  const NodeTable& nodes_;
  std::vector<const VolumeFacts*> volumes_;
  std::string everywhere_;
};

std::unique_ptr<Filter> filter(const Cluster& cluster, const Candidate& pod) {
  if (pod.demand.claims.empty()) return nullptr;
  auto filter = std::make_unique<VolumeBinding>(cluster, pod);
  if (filter->is_idle()) return nullptr;
  return filter;
}

}  // namespace

const Plugin kVolumeBinding{.name = "VolumeBinding", .filter = filter};

}  // namespace kabuki::scheduler
