#include "actors/scheduler/node_match.hpp"
#include "actors/scheduler/plugins/plugin.hpp"

namespace kabuki::scheduler {
namespace {

class NodeAffinityFilter final : public Filter {
 public:
  NodeAffinityFilter(const Cluster& cluster, const Candidate& pod) : nodes_(cluster.nodes), demand_(pod.demand) {}
  bool fits(NodeSlot node) const override { return selects(demand_, nodes_.name(node), nodes_.labels(node)); }
  void explain(NodeSlot, std::vector<std::string>* reasons) const override {
    reasons->push_back("node(s) didn't match Pod's node affinity/selector");
  }

 private:
  const NodeTable& nodes_;
  const PodDemand& demand_;
};

class NodeAffinityScorer final : public Scorer {
 public:
  NodeAffinityScorer(const Cluster& cluster, const Candidate& pod) : nodes_(cluster.nodes), demand_(pod.demand) {}
  int64_t score(NodeSlot node) const override {
    int64_t sum = 0;
    for (const NodeTerm& term : demand_.preferred_nodes) {
      // A preferred term without requirements matches every node; a required one none.
      const bool any = term.labels.empty() && term.fields.empty();
      if (any || holds(term, nodes_.name(node), nodes_.labels(node))) sum += term.weight;
    }
    return sum;
  }
  void normalize(std::vector<int64_t>* scores) const override { normalize_by_max(scores, false); }

 private:
  const NodeTable& nodes_;
  const PodDemand& demand_;
};

std::unique_ptr<Filter> filter(const Cluster& cluster, const Candidate& pod) {
  if (pod.demand.node_selector.empty() && !pod.demand.has_affinity) return nullptr;
  return std::make_unique<NodeAffinityFilter>(cluster, pod);
}

std::unique_ptr<Scorer> scorer(const Cluster& cluster, const Candidate& pod, const Profile&,
                               const std::vector<NodeSlot>&) {
  if (pod.demand.preferred_nodes.empty()) return nullptr;
  return std::make_unique<NodeAffinityScorer>(cluster, pod);
}

}  // namespace

const Plugin kNodeAffinity{.name = "NodeAffinity", .filter = filter, .scorer = scorer, .weight = 2};

}  // namespace kabuki::scheduler
