#pragma once

#include <string>

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

struct NodeIpamOptions {
  std::string cluster_cidr = "10.0.0.0/8";
  int node_mask = 24;
  /// Service addresses are never given to a node.
  std::string service_cidr = "10.96.0.0/12";
};

/// Gives every node without spec.podCIDR the lowest range that no node has, up to 500 nodes at once. One key for all
/// nodes: the write barrier then guarantees that no two plans hand out the same range.
Plan reconcile_node_ipam(const View& view, const NodeIpamOptions& options);

Controller node_ipam_controller(NodeIpamOptions options);

}  // namespace kabuki::controllers
