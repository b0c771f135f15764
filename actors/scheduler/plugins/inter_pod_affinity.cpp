#include <algorithm>
#include <map>

#include "actors/scheduler/plugins/plugin.hpp"
#include "actors/scheduler/pod_match.hpp"
#include "actors/scheduler/profile.hpp"

namespace kabuki::scheduler {
namespace {

/// A topology key and one of its values.
using Domain = std::pair<std::string, std::string>;
using Counts = std::map<Domain, int64_t>;

void count(const Cluster& cluster, const PodGroup& group, const std::string& key, int64_t weight, Counts* counts) {
  for (const auto& [node, pods] : group.on) {
    if (!cluster.nodes.present(node)) continue;
    if (const auto* value = find_label(cluster.nodes.labels(node), key)) (*counts)[{key, *value}] += weight * pods;
  }
}

bool wants(const Cluster& cluster, const Candidate& pod, const PodTerm& term, const PodGroup& group) {
  return is_about(term, pod.ns, pod.labels, group.ns, group.labels, cluster.namespaces);
}

bool is_wanted(const Cluster& cluster, const Candidate& pod, const PodTerm& term, const PodGroup& by) {
  return is_about(term, by.ns, by.labels, pod.ns, pod.labels, cluster.namespaces);
}

class AffinityFilter final : public Filter {
 public:
  AffinityFilter(const Cluster& cluster, const Candidate& pod) : nodes_(cluster.nodes), demand_(pod.demand) {
    for (const GroupId id : cluster.groups.with_terms()) {
      const PodGroup& group = cluster.groups[id];
      for (const PodTerm& term : group.terms->pod_anti_affinity) {
        if (is_wanted(cluster, pod, term, group)) count(cluster, group, term.topology_key, 1, &kept_off_);
      }
    }
    const auto& near = demand_.pod_affinity;
    const auto& apart = demand_.pod_anti_affinity;
    if (near.empty() && apart.empty()) return;
    for (const PodGroup& group : cluster.groups.all()) {
      if (group.members == 0) continue;
      const bool friends = !near.empty() && std::all_of(near.begin(), near.end(), [&](const PodTerm& term) {
        return wants(cluster, pod, term, group);
      });
      for (const PodTerm& term : near) {
        if (friends) count(cluster, group, term.topology_key, 1, &friends_);
      }
      for (const PodTerm& term : apart) {
        if (wants(cluster, pod, term, group)) count(cluster, group, term.topology_key, 1, &foes_);
      }
    }
    // The first of pods that want to be near each other has to go somewhere.
    PodGroup self{.ns = std::string(pod.ns), .labels = pod.labels};
    is_first_ = friends_.empty() && std::all_of(near.begin(), near.end(),
                                                [&](const PodTerm& term) { return wants(cluster, pod, term, self); });
  }

  bool is_idle() const { return kept_off_.empty() && demand_.pod_affinity.empty() && foes_.empty(); }

  bool fits(NodeSlot node) const override { return near_friends(node) && !near_foes(node) && !kept_off(node); }

  void explain(NodeSlot node, std::vector<std::string>* reasons) const override {
    reasons->push_back(!near_friends(node) ? "node(s) didn't match pod affinity rules"
                       : near_foes(node)   ? "node(s) didn't match pod anti-affinity rules"
                                           : "node(s) didn't satisfy existing pods anti-affinity rules");
  }

  bool others_stand_in_the_way(NodeSlot node) const override { return near_friends(node); }

 private:
  bool near_friends(NodeSlot node) const {
    return std::all_of(demand_.pod_affinity.begin(), demand_.pod_affinity.end(), [&](const PodTerm& term) {
      const auto* value = find_label(nodes_.labels(node), term.topology_key);
      return value && (is_first_ || friends_.contains({term.topology_key, *value}));
    });
  }
  bool near_foes(NodeSlot node) const {
    return std::any_of(demand_.pod_anti_affinity.begin(), demand_.pod_anti_affinity.end(), [&](const PodTerm& term) {
      const auto* value = find_label(nodes_.labels(node), term.topology_key);
      return value && foes_.contains({term.topology_key, *value});
    });
  }
  bool kept_off(NodeSlot node) const {
    return std::any_of(kept_off_.begin(), kept_off_.end(), [&](const auto& entry) {
      const auto* value = find_label(nodes_.labels(node), entry.first.first);
      return value && *value == entry.first.second;
    });
  }

  const NodeTable& nodes_;
  const PodDemand& demand_;
  Counts kept_off_;  // domains of pods that do not want this one near
  Counts friends_;   // of pods that all affinity terms want
  Counts foes_;      // of pods that an anti-affinity term does not want
  bool is_first_ = false;
};

class AffinityScorer final : public Scorer {
 public:
  AffinityScorer(const Cluster& cluster, const Candidate& pod, int64_t weight_of_required) : nodes_(cluster.nodes) {
    if (!pod.demand.preferred_pods.empty()) {
      for (const PodGroup& group : cluster.groups.all()) {
        if (group.members == 0) continue;
        for (const PodTerm& term : pod.demand.preferred_pods) {
          if (wants(cluster, pod, term, group)) count(cluster, group, term.topology_key, term.weight, &liked_);
        }
      }
    }
    for (const GroupId id : cluster.groups.with_terms()) {
      const PodGroup& group = cluster.groups[id];
      for (const PodTerm& term : group.terms->preferred_pods) {
        if (is_wanted(cluster, pod, term, group)) count(cluster, group, term.topology_key, term.weight, &liked_);
      }
      if (weight_of_required == 0) continue;
      for (const PodTerm& term : group.terms->pod_affinity) {
        if (!is_wanted(cluster, pod, term, group)) continue;
        count(cluster, group, term.topology_key, weight_of_required, &liked_);
      }
    }
  }

  bool is_idle() const { return liked_.empty(); }

  int64_t score(NodeSlot node) const override {
    int64_t sum = 0;
    for (const auto& [domain, weight] : liked_) {
      const auto* value = find_label(nodes_.labels(node), domain.first);
      if (value && *value == domain.second) sum += weight;
    }
    return sum;
  }

  void normalize(std::vector<int64_t>* scores) const override {
    const auto [min, max] = std::minmax_element(scores->begin(), scores->end());
    const int64_t least = *min, range = *max - *min;
    for (int64_t& score : *scores) score = range == 0 ? 0 : kMax * (score - least) / range;
  }

 private:
  const NodeTable& nodes_;
  Counts liked_;
};

std::unique_ptr<Filter> filter(const Cluster& cluster, const Candidate& pod) {
  if (!pod.demand.has_pod_terms() && cluster.groups.with_terms().empty()) return nullptr;
  auto filter = std::make_unique<AffinityFilter>(cluster, pod);
  if (filter->is_idle()) return nullptr;
  return filter;
}

std::unique_ptr<Scorer> scorer(const Cluster& cluster, const Candidate& pod, const Profile& profile,
                               const std::vector<NodeSlot>&) {
  if (pod.demand.preferred_pods.empty() && cluster.groups.with_terms().empty()) return nullptr;
  auto scorer = std::make_unique<AffinityScorer>(cluster, pod, profile.hard_pod_affinity_weight);
  if (scorer->is_idle()) return nullptr;
  return scorer;
}

}  // namespace

const Plugin kInterPodAffinity{.name = "InterPodAffinity", .filter = filter, .scorer = scorer, .weight = 2};

}  // namespace kabuki::scheduler
