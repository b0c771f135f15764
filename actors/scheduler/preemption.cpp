#include "actors/scheduler/preemption.hpp"

#include <algorithm>
#include <tuple>

namespace kabuki::scheduler {
namespace {

constexpr size_t kMinCandidates = 100;
constexpr size_t kCandidateShare = 10;  // one in ten nodes

struct Choice {
  Preemption preemption;
  int64_t breaches = 0;
  int64_t highest = 0;
  int64_t sum = 0;
  int64_t latest = 0;  // earliest start among the most important victims

  /// Smaller is better.
  auto rank() const { return std::tuple(breaches, highest, sum, preemption.victims.size(), -latest); }
};

bool covers(const Budget& budget, const PodGroup& group) {
  return !budget.nothing && budget.ns == group.ns &&
         budget.selector.matches([&](std::string_view key) { return find_label(group.labels, key); });
}

/// One node: everything of lower priority leaves, then comes back for as long as the pod still fits.
class Trial {
 public:
  Trial(Cluster* cluster, const Profile& profile, const Candidate& pod, NodeSlot node, std::vector<Occupant> lower,
        std::vector<Budget> budgets)
      : cluster_(*cluster),
        profile_(profile),
        pod_(pod),
        node_(node),
        lower_(std::move(lower)),
        budgets_(std::move(budgets)) {}

  std::optional<Choice> run() {
    for (const Occupant& one : lower_) leave(one);
    std::optional<Choice> choice;
    if (fits()) choice = keep_what_fits();
    for (const Occupant& one : gone_) back(one);
    return choice;
  }

 private:
  void leave(const Occupant& one) {
    cluster_.remove(node_, *one.demand, one.group);
    gone_.push_back(one);
  }
  void back(const Occupant& one) { cluster_.place(node_, *one.demand, one.group); }
  bool fits() const {
    const Filters filters(cluster_, profile_, pod_);
    return filters.everywhere().empty() && filters.fit(node_);
  }

  bool breaches_a_budget(const Occupant& one) {
    bool breach = false;
    for (Budget& budget : budgets_) {
      if (!covers(budget, cluster_.groups[one.group])) continue;
      breach |= --budget.allowed < 0;
    }
    return breach;
  }

  Choice keep_what_fits() {
    std::sort(lower_.begin(), lower_.end(), [](const Occupant& a, const Occupant& b) {
      return std::tuple(-int64_t{a.priority}, a.started, a.id) < std::tuple(-int64_t{b.priority}, b.started, b.id);
    });
    std::vector<Occupant> guarded, others;
    for (const Occupant& one : lower_) (breaches_a_budget(one) ? guarded : others).push_back(one);
    Choice choice;
    choice.preemption.node = node_;
    std::vector<Occupant> victims;
    gone_.clear();
    const auto spare = [&](const Occupant& one) {
      back(one);
      if (fits()) return true;
      leave(one);
      victims.push_back(one);
      return false;
    };
    for (const Occupant& one : guarded) choice.breaches += !spare(one);
    for (const Occupant& one : others) spare(one);
    std::stable_sort(victims.begin(), victims.end(),
                     [](const Occupant& a, const Occupant& b) { return a.priority > b.priority; });
    choice.highest = victims.empty() ? INT64_MIN : victims[0].priority;
    choice.latest = INT64_MAX;
    for (const Occupant& one : victims) {
      choice.preemption.victims.push_back(one.id);
      choice.sum += int64_t{one.priority} - INT32_MIN;  // so that many unimportant ones weigh more than few
      if (one.priority == choice.highest) choice.latest = std::min(choice.latest, one.started);
    }
    return choice;
  }

  Cluster& cluster_;
  const Profile& profile_;
  const Candidate& pod_;
  const NodeSlot node_;
  std::vector<Occupant> lower_;
  std::vector<Budget> budgets_;
  std::vector<Occupant> gone_;
};

}  // namespace

std::optional<Preemption> preempt(Cluster* cluster, const Profile& profile, const Candidate& pod, size_t start,
                                  const std::vector<Budget>& budgets,
                                  const std::function<std::vector<Occupant>(NodeSlot)>& on_node) {
  const NodeTable& nodes = cluster->nodes;
  std::vector<NodeSlot> candidates;
  {
    const Filters filters(*cluster, profile, pod);
    if (!filters.everywhere().empty()) return std::nullopt;
    for (size_t i = 0; i < nodes.slots(); ++i) {
      const auto node = static_cast<NodeSlot>((start + i) % nodes.slots());
      if (!nodes.present(node)) continue;
      const Filter* filter = filters.refusing(node);
      if (filter && filter->others_stand_in_the_way(node)) candidates.push_back(node);
    }
  }
  const size_t enough = std::max(nodes.size() / kCandidateShare, kMinCandidates);
  std::optional<Choice> best;
  size_t found = 0;
  for (const NodeSlot node : candidates) {
    std::vector<Occupant> lower = on_node(node);
    std::erase_if(lower, [&](const Occupant& one) { return one.priority >= pod.demand.priority; });
    if (lower.empty()) continue;
    auto choice = Trial(cluster, profile, pod, node, std::move(lower), budgets).run();
    if (!choice) continue;
    if (!best || choice->rank() < best->rank()) best = std::move(choice);
    if (++found == enough) break;
  }
  if (!best) return std::nullopt;
  return best->preemption;
}

}  // namespace kabuki::scheduler
