#include "actors/scheduler/placement.hpp"

#include <algorithm>

namespace kabuki::scheduler {
namespace {

constexpr size_t kMinFeasible = 100;

std::string count_reasons(size_t nodes, const std::map<std::string, size_t>& reasons) {
  std::vector<std::string> parts;
  for (const auto& [reason, count] : reasons) parts.push_back(std::to_string(count) + " " + reason);
  std::sort(parts.begin(), parts.end());
  std::string out = "0/" + std::to_string(nodes) + " nodes are available:";
  for (size_t i = 0; i < parts.size(); ++i) out += (i == 0 ? " " : ", ") + parts[i];
  return out + ".";
}

std::vector<int64_t> scores_of(const Cluster& cluster, const Profile& profile, const Candidate& pod,
                               const std::vector<NodeSlot>& fitting) {
  std::vector<int64_t> totals(fitting.size()), scores(fitting.size());
  for (const auto& [plugin, weight] : profile.scorers) {
    const auto scorer = plugin->scorer(cluster, pod, profile, fitting);
    if (!scorer) continue;
    for (size_t i = 0; i < fitting.size(); ++i) scores[i] = scorer->score(fitting[i]);
    scorer->normalize(&scores);
    for (size_t i = 0; i < fitting.size(); ++i) totals[i] += weight * scores[i];
  }
  return totals;
}

NodeSlot best_of(const std::vector<NodeSlot>& fitting, const std::vector<int64_t>& scores, io::Random& random) {
  size_t best = 0;
  uint64_t ties = 1;
  for (size_t i = 1; i < fitting.size(); ++i) {
    if (scores[i] > scores[best]) {
      best = i;
      ties = 1;
    } else if (scores[i] == scores[best] && random.below(++ties) == 0) {
      best = i;
    }
  }
  return fitting[best];
}

void explain(const NodeTable& nodes, const Filters& filters, Placement* placement) {
  placement->everywhere = filters.everywhere();
  if (!placement->everywhere.empty()) {
    placement->unresolvable = placement->nodes;
    return;
  }
  std::vector<std::string> reasons;
  for (NodeSlot node = 0; node < nodes.slots(); ++node) {
    if (!nodes.present(node)) continue;
    const Filter* filter = filters.refusing(node);
    reasons.clear();
    filter->explain(node, &reasons);
    for (const std::string& reason : reasons) ++placement->reasons[reason];
    placement->unresolvable += !filter->others_stand_in_the_way(node);
  }
}

}  // namespace

size_t feasible_enough(size_t nodes, int64_t percentage) {
  if (nodes < kMinFeasible) return nodes;
  const size_t percent = percentage > 0 ? static_cast<size_t>(percentage) : nodes / 125 >= 45 ? 5 : 50 - nodes / 125;
  return std::min(std::max(nodes * percent / 100, kMinFeasible), nodes);
}

Filters::Filters(const Cluster& cluster, const Profile& profile, const Candidate& pod) {
  for (const Plugin* plugin : profile.filters) {
    auto filter = plugin->filter(cluster, pod);
    if (!filter) continue;
    if (everywhere_.empty()) everywhere_ = filter->refuses_everywhere();
    filters_.push_back(std::move(filter));
  }
}

const Filter* Filters::refusing(NodeSlot node) const {
  for (const auto& filter : filters_) {
    if (!filter->fits(node)) return filter.get();
  }
  return nullptr;
}

Placement place(const Cluster& cluster, const Profile& profile, const Candidate& pod, size_t start,
                io::Random& random, NodeSlot nominated) {
  const NodeTable& nodes = cluster.nodes;
  const Filters filters(cluster, profile, pod);
  Placement placement;
  placement.nodes = nodes.size();
  if (filters.everywhere().empty()) {
    if (nominated != kNoNode && nodes.present(nominated) && filters.fit(nominated)) {
      placement.node = nominated;
      return placement;
    }
    const size_t slots = nodes.slots();
    const size_t enough = feasible_enough(nodes.size(), profile.percentage_of_nodes_to_score);
    std::vector<NodeSlot> fitting;
    for (; placement.examined < slots && fitting.size() < enough; ++placement.examined) {
      const auto node = static_cast<NodeSlot>((start + placement.examined) % slots);
      if (nodes.present(node) && filters.fit(node)) fitting.push_back(node);
    }
    if (fitting.size() == 1) placement.node = fitting[0];
    if (fitting.size() > 1) placement.node = best_of(fitting, scores_of(cluster, profile, pod, fitting), random);
  }
  if (placement.node == kNoNode) explain(nodes, filters, &placement);
  return placement;
}

std::string failure_message(const Placement& placement) {
  if (placement.nodes == 0) return "no nodes available to schedule pods";
  if (placement.everywhere.empty()) return count_reasons(placement.nodes, placement.reasons);
  return "0/" + std::to_string(placement.nodes) + " nodes are available: " + placement.everywhere + ".";
}

std::string no_victims_message(const Placement& placement) {
  std::map<std::string, size_t> why_not;
  if (placement.unresolvable > 0) why_not["Preemption is not helpful for scheduling"] = placement.unresolvable;
  const size_t rest = placement.nodes - placement.unresolvable;
  if (rest > 0) why_not["No preemption victims found for incoming pod"] = rest;
  return count_reasons(placement.nodes, why_not);
}

}  // namespace kabuki::scheduler
