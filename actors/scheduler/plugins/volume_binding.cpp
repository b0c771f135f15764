#include <algorithm>

#include "actors/scheduler/node_match.hpp"
#include "actors/scheduler/plugins/plugin.hpp"

namespace kabuki::scheduler {
namespace {

/// A claim whose class waits for its first pod.
struct Unbound {
  const ClaimFacts* claim = nullptr;
  const ClassFacts* storage = nullptr;
  std::vector<const VolumeFacts*> candidates;  // volumes that are there, and free
};

/// Bound claims must be reachable from the node. One whose class waits for its first pod needs a free volume that is
/// reachable, or a node that the class provisions for; any other unbound one must be bound before.
class VolumeBinding final : public Filter {
 public:
  VolumeBinding(const Cluster& cluster, const Candidate& pod)
      : nodes_(cluster.nodes), everywhere_(look_at_claims(cluster.volumes, pod)) {}

  bool is_idle() const { return everywhere_.empty() && volumes_.empty() && unbound_.empty(); }

  bool fits(NodeSlot node) const override {
    return everywhere_.empty() && bound_fit(node) && !already_elsewhere(node) && unbound_fit(node);
  }
  void explain(NodeSlot node, std::vector<std::string>* reasons) const override {
    if (!bound_fit(node)) reasons->push_back("node(s) had volume node affinity conflict");
    if (already_elsewhere(node) || !unbound_fit(node)) {
      reasons->push_back("node(s) didn't find available persistent volumes to bind");
    }
  }
  std::string refuses_everywhere() const override { return everywhere_; }

 private:
  bool any_holds(const std::vector<NodeTerm>& terms, NodeSlot node) const {
    return std::any_of(terms.begin(), terms.end(),
                       [&](const NodeTerm& term) { return holds(term, nodes_.name(node), nodes_.labels(node)); });
  }
  bool reachable(const VolumeFacts& volume, NodeSlot node) const {
    return !volume.restricted || any_holds(volume.reachable_from, node);
  }
  bool bound_fit(NodeSlot node) const {
    return std::all_of(volumes_.begin(), volumes_.end(),
                       [&](const VolumeFacts* volume) { return reachable(*volume, node); });
  }
  bool already_elsewhere(NodeSlot node) const {
    return std::any_of(unbound_.begin(), unbound_.end(), [&](const Unbound& one) {
      return !one.claim->selected_node.empty() && one.claim->selected_node != nodes_.name(node);
    });
  }
  bool unbound_fit(NodeSlot node) const {
    std::vector<const VolumeFacts*> taken;  // by other claims of the pod
    return std::all_of(unbound_.begin(), unbound_.end(), [&](const Unbound& one) {
      for (const VolumeFacts* volume : one.candidates) {
        if (!reachable(*volume, node) || std::find(taken.begin(), taken.end(), volume) != taken.end()) continue;
        taken.push_back(volume);
        return true;
      }
      return one.storage->provisions() &&
             (one.storage->topologies.empty() || any_holds(one.storage->topologies, node));
    });
  }

  /// Collects the volumes whose place matters; says what keeps the pod from every node.
  std::string look_at_claims(const Volumes& known, const Candidate& pod) {
    for (const std::string& name : pod.demand.claims) {
      const ClaimFacts* claim = known.claim(pod.ns, name);
      if (!claim) return "persistentvolumeclaim \"" + name + "\" not found";
      if (claim->ending) return "persistentvolumeclaim \"" + name + "\" is being deleted";
      if (claim->volume.empty()) {
        const ClassFacts* storage = known.class_of(*claim);
        if (!storage || !storage->waits) return "pod has unbound immediate PersistentVolumeClaims";
        add_unbound(known, *claim, *storage);
        continue;
      }
      const auto volume = known.volumes.find(claim->volume);
      if (volume == known.volumes.end()) return "persistentvolume \"" + claim->volume + "\" not found";
      if (volume->second.restricted) volumes_.push_back(&volume->second);
    }
    return {};
  }

  void add_unbound(const Volumes& known, const ClaimFacts& claim, const ClassFacts& storage) {
    const bool anywhere = storage.provisions() && storage.topologies.empty() && claim.selected_node.empty();
    if (anywhere) return;
    Unbound one{&claim, &storage, {}};
    // Labels of volumes are not kept: the volume controller chooses by a claim's selector.
    for (const auto& [name, volume] : known.volumes) {
      if (!claim.has_selector && may_serve(volume, claim)) one.candidates.push_back(&volume);
    }
    unbound_.push_back(std::move(one));
  }

  const NodeTable& nodes_;
  std::vector<const VolumeFacts*> volumes_;
  std::vector<Unbound> unbound_;
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
