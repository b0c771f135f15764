#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "actors/kubelet/pressure.hpp"
#include "messages/api/coordination/v1/lease.pb.h"
#include "messages/api/core/v1/node.pb.h"
#include "runtime/io/time.hpp"

namespace kabuki::kubelet {

using NodeMessage = ::k8s::io::api::core::v1::Node;
using LeaseMessage = ::k8s::io::api::coordination::v1::Lease;

/// A node as its kubelet declares it.
struct NodeOptions {
  std::string name;
  std::string address;  // InternalIP; see simulated_node_address
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> capacity = {
      {"cpu", "8"}, {"ephemeral-storage", "100Gi"}, {"memory", "16Gi"}, {"pods", "110"}};
  /// How often the lease is renewed; it is given out for four times as long.
  io::Duration lease_period = std::chrono::seconds(10);
};

/// The annotation of a Node that says which host its kubelet runs on.
inline constexpr std::string_view kHostAnnotation = "kabuki.io/host";
inline constexpr std::string_view kLeaseNamespace = "kube-node-lease";
/// The Kubernetes release whose API this is.
inline constexpr std::string_view kKubeletVersion = "v1.36.0";

/// The n-th address of 172.16.0.0/12, from 0: 172.16.0.1, ...; the same for the same n. Asserts n < 2^20 - 2.
std::string simulated_node_address(uint64_t n);

/// The Node to register, without status.
NodeMessage new_node(const NodeOptions& options, const std::string& host);

/// Sets what of `node` is its kubelet's: capacity, addresses, nodeInfo, daemon endpoints, and the conditions
/// Ready, MemoryPressure, DiskPressure and PIDPressure. A condition that does not change keeps the time of its
/// transition; what others have written is kept, and so is the capacity of resources with a domain in their name:
/// all of it is allocatable.
void set_node_status(const NodeOptions& options, io::WallTime now, NodeMessage* node, const Pressure& pressure = {});

/// The pressure that the recorded conditions tell of.
Pressure recorded_pressure(const NodeMessage& node);

/// Whether the recorded status says what `set_node_status` would say, but for the heartbeat times.
bool node_status_current(const NodeOptions& options, const NodeMessage& node, const Pressure& pressure = {});

/// The node's lease, renewed at `now`.
LeaseMessage node_lease(const NodeOptions& options, io::WallTime now);

}  // namespace kabuki::kubelet
