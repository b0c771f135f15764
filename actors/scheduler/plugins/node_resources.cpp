#include <algorithm>
#include <cmath>

#include "actors/scheduler/plugins/plugin.hpp"
#include "actors/scheduler/profile.hpp"

namespace kabuki::scheduler {
namespace {

class FitFilter final : public Filter {
 public:
  FitFilter(const Cluster& cluster, const Candidate& pod) : nodes_(cluster.nodes), demand_(pod.demand) {}

  bool fits(NodeSlot node) const override {
    if (nodes_.pods_used(node) >= nodes_.max_pods(node) || lacks_cpu(node) || lacks_memory(node)) return false;
    return std::none_of(demand_.other.begin(), demand_.other.end(),
                        [&](const auto& wanted) { return lacks(node, wanted.first, wanted.second); });
  }

  void explain(NodeSlot node, std::vector<std::string>* reasons) const override {
    if (nodes_.pods_used(node) >= nodes_.max_pods(node)) reasons->push_back("Too many pods");
    if (lacks_cpu(node)) reasons->push_back("Insufficient cpu");
    if (lacks_memory(node)) reasons->push_back("Insufficient memory");
    for (const auto& [resource, amount] : demand_.other) {
      if (lacks(node, resource, amount)) reasons->push_back("Insufficient " + resource);
    }
  }

  bool others_stand_in_the_way(NodeSlot node) const override {
    if (nodes_.max_pods(node) < 1 || demand_.cpu_milli > nodes_.cpu_milli(node) ||
        demand_.memory_bytes > nodes_.memory_bytes(node)) {
      return false;
    }
    return std::all_of(demand_.other.begin(), demand_.other.end(),
                       [&](const auto& wanted) { return wanted.second <= nodes_.other(node, wanted.first); });
  }

 private:
  bool lacks_cpu(NodeSlot node) const {
    return demand_.cpu_milli > 0 && demand_.cpu_milli > nodes_.cpu_milli(node) - nodes_.cpu_used(node);
  }
  bool lacks_memory(NodeSlot node) const {
    return demand_.memory_bytes > 0 && demand_.memory_bytes > nodes_.memory_bytes(node) - nodes_.memory_used(node);
  }
  bool lacks(NodeSlot node, const std::string& resource, int64_t amount) const {
    return amount > nodes_.other(node, resource) - nodes_.other_used(node, resource);
  }

  const NodeTable& nodes_;
  const PodDemand& demand_;
};

/// `part` of `whole` times kMax; a whole that is not there is used up. Memory times kMax would overflow an integer
/// from 9 TB on; a double keeps 53 bits, the same on every machine.
int64_t share(int64_t part, int64_t whole) {
  if (whole <= 0 || part >= whole) return Scorer::kMax;
  return static_cast<int64_t>(static_cast<double>(part) * Scorer::kMax / static_cast<double>(whole));
}

/// Least or most allocated, by the profile's weights.
class FitScorer final : public Scorer {
 public:
  FitScorer(const Cluster& cluster, const Candidate& pod, const Profile& profile)
      : nodes_(cluster.nodes), demand_(pod.demand), profile_(profile) {
    const auto weight = [&](const char* resource) {
      const auto it = profile.fit_weights.find(resource);
      return it == profile.fit_weights.end() ? 0 : it->second;
    };
    cpu_weight_ = weight("cpu");
    memory_weight_ = weight("memory");
  }

  int64_t score(NodeSlot node) const override {
    int64_t sum = 0, weights = 0;
    const auto add = [&](int64_t weight, int64_t used, int64_t allocatable) {
      if (weight == 0) return;
      const int64_t taken = share(used, allocatable);
      const bool most = profile_.fit == Profile::Fit::most_allocated;
      // What would not fit is the worst of both.
      sum += weight * (!most ? kMax - taken : used > allocatable ? 0 : taken);
      weights += weight;
    };
    add(cpu_weight_, nodes_.scored_cpu_used(node) + demand_.scored_cpu_milli, nodes_.cpu_milli(node));
    add(memory_weight_, nodes_.scored_memory_used(node) + demand_.scored_memory_bytes, nodes_.memory_bytes(node));
    for (const auto& [resource, amount] : demand_.other) {
      const auto weight = profile_.fit_weights.find(resource);
      if (weight == profile_.fit_weights.end()) continue;
      add(weight->second, nodes_.other_used(node, resource) + amount, nodes_.other(node, resource));
    }
    return weights == 0 ? 0 : sum / weights;
  }

 private:
  const NodeTable& nodes_;
  const PodDemand& demand_;
  const Profile& profile_;
  int64_t cpu_weight_ = 0;
  int64_t memory_weight_ = 0;
};

/// Prefers nodes whose cpu and memory would be used alike: one minus the standard deviation of the two shares, which
/// is half their difference.
class BalanceScorer final : public Scorer {
 public:
  BalanceScorer(const Cluster& cluster, const Candidate& pod) : nodes_(cluster.nodes), demand_(pod.demand) {}
  int64_t score(NodeSlot node) const override {
    const int64_t cpu = share(nodes_.cpu_used(node) + demand_.cpu_milli, nodes_.cpu_milli(node));
    const int64_t memory = share(nodes_.memory_used(node) + demand_.memory_bytes, nodes_.memory_bytes(node));
    return kMax - std::abs(cpu - memory) / 2;
  }

 private:
  const NodeTable& nodes_;
  const PodDemand& demand_;
};

std::unique_ptr<Filter> filter(const Cluster& cluster, const Candidate& pod) {
  return std::make_unique<FitFilter>(cluster, pod);
}
std::unique_ptr<Scorer> fit_scorer(const Cluster& cluster, const Candidate& pod, const Profile& profile,
                                   const std::vector<NodeSlot>&) {
  return std::make_unique<FitScorer>(cluster, pod, profile);
}
std::unique_ptr<Scorer> balance_scorer(const Cluster& cluster, const Candidate& pod, const Profile&,
                                       const std::vector<NodeSlot>&) {
  if (pod.demand.cpu_milli == 0 && pod.demand.memory_bytes == 0) return nullptr;
  return std::make_unique<BalanceScorer>(cluster, pod);
}

}  // namespace

const Plugin kNodeResourcesFit{.name = "NodeResourcesFit", .filter = filter, .scorer = fit_scorer, .weight = 1};
const Plugin kNodeResourcesBalancedAllocation{
    .name = "NodeResourcesBalancedAllocation", .scorer = balance_scorer, .weight = 1};

}  // namespace kabuki::scheduler
