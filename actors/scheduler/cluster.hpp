#pragma once

#include <map>
#include <set>
#include <string>

#include "actors/scheduler/node_table.hpp"
#include "actors/scheduler/pod_groups.hpp"
#include "actors/scheduler/volumes.hpp"

namespace kabuki::scheduler {

/// Everything that decides where a pod may go: nodes with what their pods take, pods by group, ports and claims
/// taken, volumes, labels of namespaces. Not thread-safe.
struct Cluster {
  NodeTable nodes;
  PodGroups groups;
  std::map<NodeSlot, std::multiset<HostPort>> ports;  // taken
  /// How many pods of a node use a claim, by "namespace/name".
  std::map<NodeSlot, std::map<std::string, uint32_t>> claims;
  std::map<std::string, Labels> namespaces;
  Volumes volumes;

  void place(NodeSlot node, const PodDemand& demand, GroupId group) {
    nodes.add_pod(node, demand);
    groups.place(group, node);
    if (!demand.host_ports.empty()) ports[node].insert(demand.host_ports.begin(), demand.host_ports.end());
    for (const std::string& name : demand.claims) ++claims[node][groups[group].ns + "/" + name];
  }
  void remove(NodeSlot node, const PodDemand& demand, GroupId group) {
    if (!demand.host_ports.empty()) {
      auto& taken = ports[node];
      for (const HostPort& port : demand.host_ports) taken.erase(taken.find(port));
      if (taken.empty()) ports.erase(node);
    }
    for (const std::string& name : demand.claims) {
      auto& used = claims[node];
      const auto found = used.find(groups[group].ns + "/" + name);
      if (--found->second == 0) used.erase(found);
      if (used.empty()) claims.erase(node);
    }
    groups.remove(group, node);
    nodes.remove_pod(node, demand);
  }
};

}  // namespace kabuki::scheduler
