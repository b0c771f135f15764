#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "actors/membership/member_actor.hpp"
#include "actors/supervision_tree.hpp"

namespace kabuki::actors {

/// What every host has: a member of the cluster, views of the API, and kubelets.
struct NodeHostOptions {
  std::string host;  // `host-3`
  int nodes = 3;
  size_t pods_per_node = 110;
  std::map<std::string, std::string> resources;  // amounts of what else each node has, such as extended resources
  io::Duration lease_period = std::chrono::seconds(10);
  /// A control-plane host's views hold every kind whole; another's only what its kubelets need.
  bool all_views = false;
  /// A control-plane host shows its components as static pods of its first node.
  bool static_pods = false;
  membership::MemberOptions member;
};

/// The cluster's first host, which has the control plane.
inline constexpr const char* kFirstHost = "host-1";

/// `node-2` on the first host, `host-3-node-2` on any other: unique in the cluster. Counted from 1.
std::string node_name(const std::string& host, size_t number);

/// How often nodes renew their leases so that one may be silent for `grace`: Kubernetes' ratio of 10 s to 40 s.
inline io::Duration lease_period(io::Duration grace) { return grace / 4; }

/// Adds these parts to a host's tree.
void add_node_host(const NodeHostOptions& options, TreeParts* parts);

}  // namespace kabuki::actors
