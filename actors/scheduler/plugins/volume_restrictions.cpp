#include <algorithm>

#include "actors/scheduler/plugins/plugin.hpp"

namespace kabuki::scheduler {
namespace {

constexpr const char* kOncePod = "ReadWriteOncePod";

/// A claim with the access mode ReadWriteOncePod serves one pod of the cluster.
class VolumeRestrictions final : public Filter {
 public:
  VolumeRestrictions(const Cluster& cluster, const Candidate& pod) {
    for (const std::string& name : pod.demand.claims) {
      const ClaimFacts* claim = cluster.volumes.claim(pod.ns, name);
      if (!claim) continue;
      const auto& modes = claim->access_modes;
      if (std::find(modes.begin(), modes.end(), kOncePod) == modes.end()) continue;
      const std::string key = std::string(pod.ns) + "/" + name;
      taken_ = taken_ || std::any_of(cluster.claims.begin(), cluster.claims.end(),
                                     [&](const auto& on_node) { return on_node.second.contains(key); });
    }
  }
  bool is_idle() const { return !taken_; }

  bool fits(NodeSlot) const override { return false; }
  void explain(NodeSlot, std::vector<std::string>* reasons) const override {
    reasons->push_back(
        "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode");
  }
  bool others_stand_in_the_way(NodeSlot) const override { return true; }

 private:
  bool taken_ = false;
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
