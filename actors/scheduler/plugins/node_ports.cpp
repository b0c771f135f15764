#include <algorithm>

#include "actors/scheduler/plugins/plugin.hpp"

namespace kabuki::scheduler {
namespace {

constexpr const char* kEveryAddress = "0.0.0.0";

bool conflict(const HostPort& a, const HostPort& b) {
  return a.port == b.port && a.protocol == b.protocol &&
         (a.ip == b.ip || a.ip == kEveryAddress || b.ip == kEveryAddress);
}

class NodePorts final : public Filter {
 public:
  NodePorts(const Cluster& cluster, const Candidate& pod) : taken_(cluster.ports), wanted_(pod.demand.host_ports) {}
  bool fits(NodeSlot node) const override {
    const auto taken = taken_.find(node);
    if (taken == taken_.end()) return true;
    return std::none_of(wanted_.begin(), wanted_.end(), [&](const HostPort& wanted) {
      return std::any_of(taken->second.begin(), taken->second.end(),
                         [&](const HostPort& one) { return conflict(one, wanted); });
    });
  }
  void explain(NodeSlot, std::vector<std::string>* reasons) const override {
    reasons->push_back("node(s) didn't have free ports for the requested pod ports");
  }
  bool others_stand_in_the_way(NodeSlot) const override { return true; }

 private:
  const std::map<NodeSlot, std::multiset<HostPort>>& taken_;
  const std::vector<HostPort>& wanted_;
};

std::unique_ptr<Filter> filter(const Cluster& cluster, const Candidate& pod) {
  if (pod.demand.host_ports.empty()) return nullptr;
  return std::make_unique<NodePorts>(cluster, pod);
}

}  // namespace

const Plugin kNodePorts{.name = "NodePorts", .filter = filter};

}  // namespace kabuki::scheduler
