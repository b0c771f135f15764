#include "actors/scheduler/plugins/plugin.hpp"

#include <algorithm>

namespace kabuki::scheduler {

const std::vector<Plugin>& all_plugins() {
  static const std::vector<Plugin> plugins{kNodeUnschedulable, kTaintToleration,  kNodeAffinity,
                                           kNodePorts,         kNodeResourcesFit, kVolumeRestrictions,
                                           kNodeVolumeLimits,  kVolumeBinding,    kVolumeZone,
                                           kPodTopologySpread, kInterPodAffinity, kNodeResourcesBalancedAllocation,
                                           kImageLocality};
  return plugins;
}

void normalize_by_max(std::vector<int64_t>* scores, bool reversed) {
  int64_t max = 0;
  for (const int64_t score : *scores) max = std::max(max, score);
  for (int64_t& score : *scores) {
    const int64_t part = max == 0 ? 0 : score * Scorer::kMax / max;
    score = reversed ? Scorer::kMax - part : part;
  }
}

}  // namespace kabuki::scheduler
