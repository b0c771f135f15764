#include <algorithm>
#include <map>

#include "actors/scheduler/node_match.hpp"
#include "actors/scheduler/plugins/plugin.hpp"
#include "actors/scheduler/pod_match.hpp"

namespace kabuki::scheduler {
namespace {

constexpr std::string_view kHostname = "kubernetes.io/hostname";

/// Pods of one constraint by domain: the value of its topology key.
struct Domains {
  const SpreadConstraint* constraint = nullptr;
  std::map<std::string, int64_t, std::less<>> pods;  // a domain without pods is there, with 0
};

bool has_keys(const Labels& labels, const std::vector<Domains>& all) {
  return std::all_of(all.begin(), all.end(),
                     [&](const Domains& one) { return find_label(labels, one.constraint->topology_key); });
}

/// Whether the constraint counts this node, of which the pod may want nothing to know.
bool counted(const Cluster& cluster, const Candidate& pod, const SpreadConstraint& constraint, NodeSlot node) {
  const NodeTable& nodes = cluster.nodes;
  if (constraint.honor_affinity && !selects(pod.demand, nodes.name(node), nodes.labels(node))) return false;
  if (!constraint.honor_taints) return true;
  const auto& taints = nodes.taint_lists()[nodes.taint_list(node)];
  return std::all_of(taints.begin(), taints.end(), [&](const Taint& taint) {
    return taint.effect == Taint::Effect::prefer_no_schedule || tolerated(pod.demand, taint);
  });
}

/// The pod's hard or soft constraints with the domains of the nodes that count; `where` restricts the domains.
std::vector<Domains> domains_of(const Cluster& cluster, const Candidate& pod, bool hard,
                                const std::vector<NodeSlot>* where) {
  std::vector<Domains> all;
  for (const auto& constraint : pod.demand.spread) {
    if (constraint.hard == hard) all.push_back({&constraint});
  }
  const NodeTable& nodes = cluster.nodes;
  const auto see = [&](NodeSlot node) {
    if (!nodes.present(node) || !has_keys(nodes.labels(node), all)) return;
    for (Domains& one : all) {
      if (where || counted(cluster, pod, *one.constraint, node)) {
        one.pods.try_emplace(*find_label(nodes.labels(node), one.constraint->topology_key), 0);
      }
    }
  };
  if (where) {
    for (const NodeSlot node : *where) see(node);
  } else {
    for (NodeSlot node = 0; node < nodes.slots(); ++node) see(node);
  }
  for (const PodGroup& group : cluster.groups.all()) {
    if (group.members == 0 || group.ending || group.ns != pod.ns) continue;
    for (Domains& one : all) {
      if (!selects(one.constraint->pods, pod.labels, group.labels)) continue;
      for (const auto& [node, count] : group.on) {
        if (!nodes.present(node) || !has_keys(nodes.labels(node), all)) continue;
        if (!counted(cluster, pod, *one.constraint, node)) continue;
        const auto domain = one.pods.find(*find_label(nodes.labels(node), one.constraint->topology_key));
        if (domain != one.pods.end()) domain->second += count;
      }
    }
  }
  return all;
}

class SpreadFilter final : public Filter {
 public:
  SpreadFilter(const Cluster& cluster, const Candidate& pod)
      : nodes_(cluster.nodes), constraints_(domains_of(cluster, pod, true, nullptr)) {
    for (const Domains& one : constraints_) {
      int64_t least = one.pods.empty() ? 0 : INT64_MAX;
      for (const auto& [domain, pods] : one.pods) least = std::min(least, pods);
      if (static_cast<int64_t>(one.pods.size()) < one.constraint->min_domains) least = 0;
      const bool self = selects(one.constraint->pods, pod.labels, pod.labels);
      most_.push_back(least + one.constraint->max_skew - (self ? 1 : 0));
    }
  }

  bool fits(NodeSlot node) const override { return has_keys(nodes_.labels(node), constraints_) && even(node); }

  void explain(NodeSlot node, std::vector<std::string>* reasons) const override {
    const bool labelled = has_keys(nodes_.labels(node), constraints_);
    reasons->push_back(labelled ? "node(s) didn't match pod topology spread constraints"
                                : "node(s) didn't match pod topology spread constraints (missing required label)");
  }

  bool others_stand_in_the_way(NodeSlot node) const override { return has_keys(nodes_.labels(node), constraints_); }

 private:
  bool even(NodeSlot node) const {
    for (size_t i = 0; i < constraints_.size(); ++i) {
      const auto& pods = constraints_[i].pods;
      const auto domain = pods.find(*find_label(nodes_.labels(node), constraints_[i].constraint->topology_key));
      if ((domain == pods.end() ? 0 : domain->second) > most_[i]) return false;
    }
    return true;
  }

  const NodeTable& nodes_;
  const std::vector<Domains> constraints_;
  std::vector<int64_t> most_;  // pods that a domain may have for one more
};

/// ln(x) for x >= 1, from nothing but exact and correctly rounded operations: the same on every machine, which the
/// library's is not.
double natural_logarithm(double x) {
  constexpr double kLn2 = 0.69314718055994530942;
  int twos = 0;
  for (; x >= 2; x /= 2) ++twos;
  const double z = (x - 1) / (x + 1);
  double power = z, sum = 0;
  for (int k = 1; k < 60; k += 2, power *= z * z) sum += power / k;
  return 2 * sum + kLn2 * twos;
}

class SpreadScorer final : public Scorer {
 public:
  SpreadScorer(const Cluster& cluster, const Candidate& pod, const std::vector<NodeSlot>& fitting)
      : nodes_(cluster.nodes), constraints_(domains_of(cluster, pod, false, &fitting)) {
    const auto labelled = std::count_if(fitting.begin(), fitting.end(),
                                        [&](NodeSlot node) { return has_keys(nodes_.labels(node), constraints_); });
    for (const Domains& one : constraints_) {
      const bool by_host = one.constraint->topology_key == kHostname;
      const auto size = by_host ? static_cast<size_t>(labelled) : one.pods.size();
      weights_.push_back(natural_logarithm(static_cast<double>(size) + 2));
    }
  }

  int64_t score(NodeSlot node) const override {
    if (!has_keys(nodes_.labels(node), constraints_)) return kIgnored;
    double sum = 0;
    for (size_t i = 0; i < constraints_.size(); ++i) {
      const auto& constraint = *constraints_[i].constraint;
      const auto pods = constraints_[i].pods.find(*find_label(nodes_.labels(node), constraint.topology_key))->second;
      sum += static_cast<double>(pods) * weights_[i] + (constraint.max_skew - 1);
    }
    return static_cast<int64_t>(sum + 0.5);
  }

  void normalize(std::vector<int64_t>* scores) const override {
    int64_t min = INT64_MAX, max = 0;
    for (const int64_t score : *scores) {
      if (score == kIgnored) continue;
      min = std::min(min, score);
      max = std::max(max, score);
    }
    for (int64_t& score : *scores) score = score == kIgnored ? 0 : max == 0 ? kMax : kMax * (max + min - score) / max;
  }

 private:
  static constexpr int64_t kIgnored = -1;
  const NodeTable& nodes_;
  const std::vector<Domains> constraints_;
  std::vector<double> weights_;
};

bool has(const Candidate& pod, bool hard) {
  const auto& all = pod.demand.spread;
  return std::any_of(all.begin(), all.end(), [&](const SpreadConstraint& one) { return one.hard == hard; });
}

std::unique_ptr<Filter> filter(const Cluster& cluster, const Candidate& pod) {
  if (!has(pod, true)) return nullptr;
  return std::make_unique<SpreadFilter>(cluster, pod);
}

std::unique_ptr<Scorer> scorer(const Cluster& cluster, const Candidate& pod, const Profile&,
                               const std::vector<NodeSlot>& fitting) {
  if (!has(pod, false)) return nullptr;
  return std::make_unique<SpreadScorer>(cluster, pod, fitting);
}

}  // namespace

const Plugin kPodTopologySpread{.name = "PodTopologySpread", .filter = filter, .scorer = scorer, .weight = 2};

}  // namespace kabuki::scheduler
