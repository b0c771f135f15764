#include "actors/scheduler/placement.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

namespace kabuki::scheduler {
namespace {

constexpr size_t kMinFeasible = 100;
// Finer than Kubernetes' 0..100, so that small pods spread over large nodes too.
constexpr int64_t kFullScore = 1'000'000;

enum Refusal : uint32_t {
  kUnschedulable = 1,
  kTaint = 2,
  kAffinity = 4,
  kPods = 8,
  kCpu = 16,
  kMemory = 32,
};

const Taint kUnschedulableTaint{"node.kubernetes.io/unschedulable", "", Taint::Effect::no_schedule};

std::string_view effect_name(Taint::Effect effect) {
  switch (effect) {
    case Taint::Effect::no_schedule:
      return "NoSchedule";
    case Taint::Effect::prefer_no_schedule:
      return "PreferNoSchedule";
    case Taint::Effect::no_execute:
      return "NoExecute";
  }
  return "";
}

bool tolerated(const PodDemand& demand, const Taint& taint) {
  return std::any_of(demand.tolerations.begin(), demand.tolerations.end(),
                     [&](const Toleration& toleration) { return tolerates(toleration, taint); });
}

/// What one pod makes of the table's lists of taints: found once per list, not per node.
class TaintJudge {
 public:
  TaintJudge(const NodeTable& nodes, const PodDemand& demand) {
    const auto& lists = nodes.taint_lists();
    verdicts_.resize(lists.size());
    for (size_t i = 1; i < lists.size(); ++i) {
      for (const Taint& taint : lists[i]) {
        if (tolerated(demand, taint)) continue;
        if (taint.effect == Taint::Effect::prefer_no_schedule) {
          ++verdicts_[i].disliked;
        } else if (!verdicts_[i].refused) {
          verdicts_[i].refused = &taint;
        }
      }
    }
  }
  const Taint* refused(uint32_t list) const { return verdicts_[list].refused; }
  int64_t disliked(uint32_t list) const { return verdicts_[list].disliked; }

 private:
  struct Verdict {
    const Taint* refused = nullptr;
    int64_t disliked = 0;
  };
  std::vector<Verdict> verdicts_;
};

/// One search for one pod.
class Search {
 public:
  Search(const NodeTable& nodes, const PodDemand& demand)
      : nodes_(nodes),
        demand_(demand),
        taints_(nodes, demand),
        tolerates_unschedulable_(tolerated(demand, kUnschedulableTaint)),
        selective_(!demand.node_selector.empty() || demand.has_affinity) {}

  /// Every reason of the first filter that refuses, as Refusal bits; 0 when the pod fits.
  uint32_t refusals(NodeSlot s) const {
    if (nodes_.unschedulable(s) && !tolerates_unschedulable_) return kUnschedulable;
    if (nodes_.taint_list(s) != 0 && taints_.refused(nodes_.taint_list(s))) return kTaint;
    if (selective_ && !selects(demand_, nodes_.name(s), nodes_.labels(s))) return kAffinity;
    uint32_t bits = 0;
    if (nodes_.pods_used(s) + 1 > nodes_.max_pods(s)) bits |= kPods;
    if (demand_.cpu_milli > 0 && demand_.cpu_milli > nodes_.cpu_milli(s) - nodes_.cpu_used(s)) bits |= kCpu;
    if (demand_.memory_bytes > 0 && demand_.memory_bytes > nodes_.memory_bytes(s) - nodes_.memory_used(s)) {
      bits |= kMemory;
    }
    return bits;
  }

  int64_t score(NodeSlot s) const {
    const int64_t cpu = left(nodes_.cpu_milli(s), nodes_.scored_cpu_used(s) + demand_.scored_cpu_milli);
    const int64_t memory = left(nodes_.memory_bytes(s), nodes_.scored_memory_used(s) + demand_.scored_memory_bytes);
    return (cpu + memory) / 2 - kFullScore * taints_.disliked(nodes_.taint_list(s));
  }

  void explain(Placement* placement) const {
    std::array<size_t, 6> counts{};
    std::vector<size_t> by_taints(nodes_.taint_lists().size());
    for (NodeSlot s = 0; s < nodes_.slots(); ++s) {
      if (!nodes_.present(s)) continue;
      const uint32_t bits = refusals(s);
      placement->unresolvable += unresolvable(s, bits);
      if (bits & kTaint) ++by_taints[nodes_.taint_list(s)];
      for (size_t bit = 0; bit < counts.size(); ++bit) counts[bit] += bits >> bit & 1;
    }
    auto tell = [&](Refusal refusal, const char* why) {
      size_t bit = 0;
      while (1u << bit != refusal) ++bit;
      if (counts[bit] > 0) placement->reasons[why] += counts[bit];
    };
    tell(kUnschedulable, "node(s) were unschedulable");
    tell(kAffinity, "node(s) didn't match Pod's node affinity/selector");
    tell(kPods, "Too many pods");
    tell(kCpu, "Insufficient cpu");
    tell(kMemory, "Insufficient memory");
    for (uint32_t list = 0; list < by_taints.size(); ++list) {
      if (by_taints[list] == 0) continue;
      const Taint& taint = *taints_.refused(list);
      placement->reasons["node(s) had untolerated taint {" + taint.key + ": " + taint.value + "}"] += by_taints[list];
    }
  }

 private:
  static int64_t left(int64_t allocatable, int64_t used) {
    if (allocatable <= 0 || used >= allocatable) return 0;
    // Memory times the full score would overflow from 9 TB on; a double keeps 53 bits, the same on every machine.
    return static_cast<int64_t>(static_cast<double>(allocatable - used) * kFullScore /
                                static_cast<double>(allocatable));
  }

  bool unresolvable(NodeSlot s, uint32_t bits) const {
    return (bits & (kUnschedulable | kTaint | kAffinity)) ||
           ((bits & kCpu) && demand_.cpu_milli > nodes_.cpu_milli(s)) ||
           ((bits & kMemory) && demand_.memory_bytes > nodes_.memory_bytes(s));
  }

  const NodeTable& nodes_;
  const PodDemand& demand_;
  const TaintJudge taints_;
  const bool tolerates_unschedulable_;
  const bool selective_;
};

const std::string* find_label(const std::vector<std::pair<std::string, std::string>>& labels,
                              const std::string& key) {
  auto it = std::lower_bound(labels.begin(), labels.end(), key,
                             [](const auto& label, const std::string& wanted) { return label.first < wanted; });
  return it != labels.end() && it->first == key ? &it->second : nullptr;
}

std::optional<int64_t> integer(const std::string& text) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool holds(const NodeRequirement& requirement, const std::string* actual) {
  using Operator = NodeRequirement::Operator;
  auto listed = [&] {
    return std::find(requirement.values.begin(), requirement.values.end(), *actual) != requirement.values.end();
  };
  switch (requirement.op) {
    case Operator::in:
      return actual && listed();
    case Operator::not_in:
      return !actual || !listed();
    case Operator::exists:
      return actual != nullptr;
    case Operator::does_not_exist:
      return actual == nullptr;
    case Operator::greater:
    case Operator::less: {
      if (!actual || requirement.values.size() != 1) return false;
      const auto have = integer(*actual);
      const auto bound = integer(requirement.values[0]);
      if (!have || !bound) return false;
      return requirement.op == Operator::greater ? *have > *bound : *have < *bound;
    }
  }
  return false;
}

bool holds(const NodeTerm& term, const std::string& name,
           const std::vector<std::pair<std::string, std::string>>& labels) {
  if (term.labels.empty() && term.fields.empty()) return false;
  for (const auto& requirement : term.labels) {
    if (!holds(requirement, find_label(labels, requirement.key))) return false;
  }
  for (const auto& requirement : term.fields) {
    if (!holds(requirement, requirement.key == "metadata.name" ? &name : nullptr)) return false;
  }
  return true;
}

std::string count_reasons(size_t nodes, const std::map<std::string, size_t>& reasons) {
  std::vector<std::string> parts;
  for (const auto& [reason, count] : reasons) parts.push_back(std::to_string(count) + " " + reason);
  std::sort(parts.begin(), parts.end());
  std::string out = "0/" + std::to_string(nodes) + " nodes are available:";
  for (size_t i = 0; i < parts.size(); ++i) out += (i == 0 ? " " : ", ") + parts[i];
  return out + ".";
}

}  // namespace

size_t feasible_enough(size_t nodes) {
  if (nodes < kMinFeasible) return nodes;
  const size_t percent = nodes / 125 >= 45 ? 5 : 50 - nodes / 125;
  return std::max(nodes * percent / 100, kMinFeasible);
}

bool tolerates(const Toleration& toleration, const Taint& taint) {
  if (!toleration.effect.empty() && toleration.effect != effect_name(taint.effect)) return false;
  if (!toleration.key.empty() && toleration.key != taint.key) return false;
  return toleration.exists || toleration.value == taint.value;
}

bool selects(const PodDemand& demand, const std::string& name,
             const std::vector<std::pair<std::string, std::string>>& labels) {
  for (const auto& [key, value] : demand.node_selector) {
    const std::string* actual = find_label(labels, key);
    if (!actual || *actual != value) return false;
  }
  if (!demand.has_affinity) return true;
  return std::any_of(demand.affinity.begin(), demand.affinity.end(),
                     [&](const NodeTerm& term) { return holds(term, name, labels); });
}

Placement place(const NodeTable& nodes, const PodDemand& demand, size_t start, io::Random& random) {
  const Search search(nodes, demand);
  const size_t slots = nodes.slots();
  const size_t enough = feasible_enough(nodes.size());
  Placement placement;
  placement.nodes = nodes.size();
  size_t feasible = 0;
  int64_t best = 0;
  uint64_t ties = 0;
  for (; placement.examined < slots && feasible < enough; ++placement.examined) {
    const auto s = static_cast<NodeSlot>((start + placement.examined) % slots);
    if (!nodes.present(s) || search.refusals(s) != 0) continue;
    ++feasible;
    const int64_t score = search.score(s);
    if (placement.node == kNoNode || score > best) {
      placement.node = s;
      best = score;
      ties = 1;
    } else if (score == best && random.below(++ties) == 0) {
      placement.node = s;
    }
  }
  if (placement.node == kNoNode) search.explain(&placement);
  return placement;
}

std::string failure_message(const Placement& placement, const PodDemand& demand) {
  if (placement.nodes == 0) return "no nodes available to schedule pods";
  std::string out = count_reasons(placement.nodes, placement.reasons) + " preemption: ";
  if (!demand.may_preempt) return out + "not eligible due to preemptionPolicy=Never.";
  std::map<std::string, size_t> why_not;
  if (placement.unresolvable > 0) why_not["Preemption is not helpful for scheduling"] = placement.unresolvable;
  const size_t rest = placement.nodes - placement.unresolvable;
  if (rest > 0) why_not["No preemption victims found for incoming pod"] = rest;
  return out + count_reasons(placement.nodes, why_not);
}

}  // namespace kabuki::scheduler
