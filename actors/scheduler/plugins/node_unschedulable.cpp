#include "actors/scheduler/node_match.hpp"
#include "actors/scheduler/plugins/plugin.hpp"

namespace kabuki::scheduler {
namespace {

const Taint kCordon{"node.kubernetes.io/unschedulable", "", Taint::Effect::no_schedule};

/// spec.unschedulable, unless its taint is tolerated.
class NodeUnschedulable final : public Filter {
 public:
  explicit NodeUnschedulable(const Cluster& cluster) : nodes_(cluster.nodes) {}
  bool fits(NodeSlot node) const override { return !nodes_.unschedulable(node); }
  void explain(NodeSlot, std::vector<std::string>* reasons) const override {
    reasons->push_back("node(s) were unschedulable");
  }

 private:
  const NodeTable& nodes_;
};

std::unique_ptr<Filter> filter(const Cluster& cluster, const Candidate& pod) {
  if (tolerated(pod.demand, kCordon)) return nullptr;
  return std::make_unique<NodeUnschedulable>(cluster);
}

}  // namespace

const Plugin kNodeUnschedulable{.name = "NodeUnschedulable", .filter = filter};

}  // namespace kabuki::scheduler
