#include "actors/kubelet/node_status.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>

#include "actors/kubelet/limits.hpp"
#include "messages/encode.hpp"
#include "overlay/cidr.hpp"
#include "runtime/io/random.hpp"

namespace kabuki::kubelet {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr uint32_t kFirstAddress = 172u << 24 | 16u << 16;
constexpr uint64_t kAddresses = uint64_t{1} << 20;
constexpr int32_t kKubeletPort = 10250;

struct ConditionText {
  const char* type;
  const char* status;
  const char* reason;
  const char* message;
};
constexpr ConditionText kReady = {"Ready", "True", "KubeletReady", "kubelet is posting ready status"};

/// Each without, and with, the pressure.
constexpr ConditionText kMemory[] = {
    {"MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"},
    {"MemoryPressure", "True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available"}};
constexpr ConditionText kDisk[] = {
    {"DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"},
    {"DiskPressure", "True", "KubeletHasDiskPressure", "kubelet has disk pressure"}};
constexpr ConditionText kPids[] = {
    {"PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"},
    {"PIDPressure", "True", "KubeletHasInsufficientPID", "kubelet has insufficient PID available"}};

void set_condition(const ConditionText& text, io::WallTime now, NodeMessage* node) {
  ::k8s::io::api::core::v1::NodeCondition* condition = nullptr;
  for (auto& known : *node->mutable_status()->mutable_conditions()) {
    if (known.type() == text.type) condition = &known;
  }
  if (!condition) {
    condition = node->mutable_status()->add_conditions();
    condition->set_type(text.type);
  }
  if (condition->status() != text.status) {
    condition->mutable_lasttransitiontime()->set_seconds(now.ns / kSecond);
  }
  condition->set_status(text.status);
  condition->set_reason(text.reason);
  condition->set_message(text.message);
  condition->mutable_lastheartbeattime()->set_seconds(now.ns / kSecond);
}

void set_address(const char* type, const std::string& address, NodeMessage* node) {
  for (auto& known : *node->mutable_status()->mutable_addresses()) {
    if (known.type() == type) return known.set_address(address);
  }
  auto* added = node->mutable_status()->add_addresses();
  added->set_type(type);
  added->set_address(address);
}

}  // namespace

std::string simulated_node_address(uint64_t n) {
  assert(n + 2 < kAddresses);
  return overlay::Ipv4{kFirstAddress + 1 + static_cast<uint32_t>(n)}.text();
}

NodeMessage new_node(const NodeOptions& options, const std::string& host) {
  NodeMessage node;
  node.mutable_metadata()->set_name(options.name);
  auto& labels = *node.mutable_metadata()->mutable_labels();
  for (const auto& [key, value] : options.labels) labels[key] = value;
  labels["kubernetes.io/hostname"] = options.name;
  labels["kubernetes.io/os"] = "linux";
  labels["kubernetes.io/arch"] = "amd64";
  (*node.mutable_metadata()->mutable_annotations())[std::string(kHostAnnotation)] = host;
  return node;
}

void set_node_status(const NodeOptions& options, io::WallTime now, NodeMessage* node, const Pressure& pressure) {
  auto* status = node->mutable_status();
  // An extended resource may have been advertised by somebody else, in the capacity alone.
  auto& capacity = *status->mutable_capacity();
  for (auto it = capacity.begin(); it != capacity.end();) {
    it = it->first.find('/') == std::string::npos ? capacity.erase(it) : std::next(it);
  }
  for (const auto& [resource, amount] : options.capacity) capacity[resource].set_string(amount);
  *status->mutable_allocatable() = capacity;
  set_condition(kMemory[pressure.memory], now, node);
  set_condition(kDisk[pressure.disk], now, node);
  set_condition(kPids[pressure.pids], now, node);
  set_condition(kReady, now, node);
  set_address("InternalIP", options.address, node);
  set_address("Hostname", options.name, node);
  status->mutable_daemonendpoints()->mutable_kubeletendpoint()->set_port(kKubeletPort);
  io::Random identity = io::Random(0).split(options.name);
  auto* info = status->mutable_nodeinfo();
  info->set_machineid(identity.uuid());
  info->set_systemuuid(identity.uuid());
  info->set_bootid(identity.uuid());
  info->set_kernelversion("simulated");
  info->set_osimage("Kabuki simulated node");
  info->set_containerruntimeversion("simulated://" + std::string(kKubeletVersion.substr(1)));
  info->set_kubeletversion(std::string(kKubeletVersion));
  info->set_operatingsystem("linux");
  info->set_architecture("amd64");
}

Pressure recorded_pressure(const NodeMessage& node) {
  Pressure out;
  for (const auto& condition : node.status().conditions()) {
    if (condition.status() != "True") continue;
    out.memory = out.memory || condition.type() == "MemoryPressure";
    out.disk = out.disk || condition.type() == "DiskPressure";
    out.pids = out.pids || condition.type() == "PIDPressure";
  }
  return out;
}

bool node_status_current(const NodeOptions& options, const NodeMessage& node, const Pressure& pressure) {
  NodeMessage wanted = node;
  NodeMessage recorded = node;
  set_node_status(options, {}, &wanted, pressure);
  for (NodeMessage* one : {&wanted, &recorded}) {
    for (auto& condition : *one->mutable_status()->mutable_conditions()) condition.clear_lastheartbeattime();
  }
  return serialize(wanted) == serialize(recorded);
}

LeaseMessage node_lease(const NodeOptions& options, io::WallTime now) {
  LeaseMessage lease;
  lease.mutable_metadata()->set_name(options.name);
  lease.mutable_metadata()->set_namespace_(std::string(kLeaseNamespace));
  lease.mutable_spec()->set_holderidentity(options.name);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(4 * options.lease_period).count();
  lease.mutable_spec()->set_leasedurationseconds(static_cast<int32_t>(std::max<int64_t>(1, seconds)));
  auto* renewed = lease.mutable_spec()->mutable_renewtime();
  renewed->set_seconds(now.ns / kSecond);
  renewed->set_nanos(static_cast<int32_t>(now.ns % kSecond / 1000 * 1000));
  return lease;
}

}  // namespace kabuki::kubelet
