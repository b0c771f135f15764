#include <algorithm>

#include "actors/scheduler/plugins/plugin.hpp"

namespace kabuki::scheduler {
namespace {

constexpr const char* kOncePod = "ReadWriteOncePod";

/// A claim with the access mode ReadWriteOncePod serves one pod of the cluster.
class VolumeRestrictions final : public Filter {
 public:
  VolumeRestrictions(const Cluster& cluster, const Candidate& pod) : cluster_(cluster) {
    for (const std::string& name : pod.demand.claims) {
      const ClaimFacts* claim = cluster.volumes.claim(pod.ns, name);
      if (!claim) continue;
      const auto& modes = claim->access_modes;
      if (std::find(modes.begin(), modes.end(), kOncePod) == modes.end()) continue;
      claims_.push_back(std::string(pod.ns) + "/" + name);
    }
  }
  bool is_idle() const { return claims_.empty(); }

  bool fits(NodeSlot) const override {
    return std::none_of(cluster_.claims.begin(), cluster_.claims.end(), [&](const auto& on_node) {
      return std::any_of(claims_.begin(), claims_.end(),
                         [&](const std::string& claim) { return on_node.second.contains(claim); });
    });
  }
  void explain(NodeSlot, std::vector<std::string>* reasons) const override {
    reasons->push_back(
        "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode");
  }
  bool others_stand_in_the_way(NodeSlot) const override { return true; }

 private:
  const Cluster& cluster_;
  std::vector<std::string> claims_;
};

std::unique_ptr<Filter> filter(const Cluster& cluster, const Candidate& pod) {
  if (pod.demand.claims.empty()) return nullptr;
  auto filter = std::make_unique<VolumeRestrictions>(cluster, pod);
  if (filter->is_idle()) return nullptr;
  return filter;
}

}  // namespace

const Plugin kVolumeRestrictions{.name = "VolumeRestrictions", .filter = filter};

}  // namespace kabuki::scheduler
