#include <algorithm>

#include "actors/scheduler/node_match.hpp"
#include "actors/scheduler/plugins/plugin.hpp"

namespace kabuki::scheduler {
namespace {

/// What the pod makes of each list of taints there is: found once per list, not per node.
struct Verdict {
  const Taint* refused = nullptr;  // the first that is not tolerated
  int64_t disliked = 0;            // PreferNoSchedule that are not
};

std::vector<Verdict> judge(const Cluster& cluster, const PodDemand& demand) {
  const auto& lists = cluster.nodes.taint_lists();
  std::vector<Verdict> verdicts(lists.size());
  for (size_t i = 0; i < lists.size(); ++i) {
    for (const Taint& taint : lists[i]) {
      if (tolerated(demand, taint)) continue;
      if (taint.effect == Taint::Effect::prefer_no_schedule) {
        ++verdicts[i].disliked;
      } else if (!verdicts[i].refused) {
        verdicts[i].refused = &taint;
      }
    }
  }
  return verdicts;
}

class TaintFilter final : public Filter {
 public:
  TaintFilter(const Cluster& cluster, std::vector<Verdict> verdicts)
      : nodes_(cluster.nodes), verdicts_(std::move(verdicts)) {}
  bool fits(NodeSlot node) const override { return !verdicts_[nodes_.taint_list(node)].refused; }
  void explain(NodeSlot node, std::vector<std::string>* reasons) const override {
    const Taint& taint = *verdicts_[nodes_.taint_list(node)].refused;
    reasons->push_back("node(s) had untolerated taint {" + taint.key + ": " + taint.value + "}");
  }

 private:
  const NodeTable& nodes_;
  const std::vector<Verdict> verdicts_;
};

class TaintScorer final : public Scorer {
 public:
  TaintScorer(const Cluster& cluster, std::vector<Verdict> verdicts)
      : nodes_(cluster.nodes), verdicts_(std::move(verdicts)) {}
  int64_t score(NodeSlot node) const override { return verdicts_[nodes_.taint_list(node)].disliked; }
  void normalize(std::vector<int64_t>* scores) const override { normalize_by_max(scores, true); }

 private:
  const NodeTable& nodes_;
  const std::vector<Verdict> verdicts_;
};

std::unique_ptr<Filter> filter(const Cluster& cluster, const Candidate& pod) {
  auto verdicts = judge(cluster, pod.demand);
  if (std::none_of(verdicts.begin(), verdicts.end(), [](const Verdict& v) { return v.refused; })) return nullptr;
  return std::make_unique<TaintFilter>(cluster, std::move(verdicts));
}

std::unique_ptr<Scorer> scorer(const Cluster& cluster, const Candidate& pod, const Profile&,
                               const std::vector<NodeSlot>&) {
  auto verdicts = judge(cluster, pod.demand);
  if (std::none_of(verdicts.begin(), verdicts.end(), [](const Verdict& v) { return v.disliked > 0; })) return nullptr;
  return std::make_unique<TaintScorer>(cluster, std::move(verdicts));
}

}  // namespace

const Plugin kTaintToleration{.name = "TaintToleration", .filter = filter, .scorer = scorer, .weight = 3};

}  // namespace kabuki::scheduler
