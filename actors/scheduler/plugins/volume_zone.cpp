#include <algorithm>

#include "actors/scheduler/labels.hpp"
#include "actors/scheduler/plugins/plugin.hpp"

namespace kabuki::scheduler {
namespace {

constexpr std::string_view kBetween = "__";

/// Whether `value` is one of "a__b".
bool is_among(std::string_view set, std::string_view value) {
  while (true) {
    const size_t end = set.find(kBetween);
    if (set.substr(0, end) == value) return true;
    if (end == std::string_view::npos) return false;
    set.remove_prefix(end + kBetween.size());
  }
}

/// Volumes may still be labelled as nodes once were.
std::string_view name_of_today(std::string_view label) {
  if (label == "failure-domain.beta.kubernetes.io/zone") return "topology.kubernetes.io/zone";
  if (label == "failure-domain.beta.kubernetes.io/region") return "topology.kubernetes.io/region";
  return label;
}

/// Volumes with labels of a zone or region are reached from nodes with the same ones.
class VolumeZone final : public Filter {
 public:
  VolumeZone(const Cluster& cluster, const Candidate& pod) : nodes_(cluster.nodes) {
    for (const std::string& name : pod.demand.claims) {
      const ClaimFacts* claim = cluster.volumes.claim(pod.ns, name);
      if (!claim) continue;
      const auto volume = cluster.volumes.volumes.find(claim->volume);
      if (volume == cluster.volumes.volumes.end()) continue;
      for (const auto& zone : volume->second.zones) zones_.push_back(&zone);
    }
  }
  bool is_idle() const { return zones_.empty(); }

  bool fits(NodeSlot node) const override {
    const Labels& labels = nodes_.labels(node);
    // A cluster of a single zone need not say so.
    if (std::none_of(std::begin(kZoneLabels), std::end(kZoneLabels),
                     [&](const char* label) { return find_label(labels, label); })) {
      return true;
    }
    return std::all_of(zones_.begin(), zones_.end(), [&](const auto* zone) {
      const std::string* value = find_label(labels, zone->first);
      if (!value) value = find_label(labels, name_of_today(zone->first));
      return value && is_among(zone->second, *value);
    });
  }
  void explain(NodeSlot, std::vector<std::string>* reasons) const override {
    reasons->push_back("node(s) had no available volume zone");
  }

 private:
  const NodeTable& nodes_;
  std::vector<const Labels::value_type*> zones_;
};

std::unique_ptr<Filter> filter(const Cluster& cluster, const Candidate& pod) {
  if (pod.demand.claims.empty()) return nullptr;
  auto filter = std::make_unique<VolumeZone>(cluster, pod);
  if (filter->is_idle()) return nullptr;
  return filter;
}

}  // namespace

const Plugin kVolumeZone{.name = "VolumeZone", .filter = filter};

}  // namespace kabuki::scheduler
