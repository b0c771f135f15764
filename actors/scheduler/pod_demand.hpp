#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "messages/selectors.hpp"

namespace k8s::io::api::core::v1 {
class PodSpec;
}

namespace kabuki::scheduler {

/// A node selector requirement: `key op values`, with Kubernetes' operators.
struct NodeRequirement {
  enum class Operator { in, not_in, exists, does_not_exist, greater, less };
  std::string key;
  Operator op = Operator::in;
  std::vector<std::string> values;
  bool operator==(const NodeRequirement&) const = default;
};

/// All requirements of a term must hold. A term without any matches no node.
struct NodeTerm {
  std::vector<NodeRequirement> labels;
  std::vector<NodeRequirement> fields;  // metadata.name alone exists
  int32_t weight = 0;                   // of a preferred term
  bool operator==(const NodeTerm&) const = default;
};

struct Toleration {
  std::string key;  // "" with `exists` tolerates every key
  bool exists = false;
  std::string value;
  std::string effect;  // "" is every effect
  bool operator==(const Toleration&) const = default;
};

/// A port of the node that a container takes. Two conflict with the same port and protocol where either takes it on
/// all addresses ("0.0.0.0") or both on the same.
struct HostPort {
  std::string ip;
  std::string protocol;
  int32_t port = 0;
  auto operator<=>(const HostPort&) const = default;
};

/// Which other pods a term of pod affinity, or a spread constraint, is about.
struct PodSelector {
  bool nothing = false;  // no selector was given
  LabelSelector labels;
  /// Keys whose value must be (or not be) the same as the placed pod's own.
  std::vector<std::string> same_label_keys;
  std::vector<std::string> other_label_keys;
  bool operator==(const PodSelector& o) const;
};

/// A term of pod affinity or anti-affinity.
struct PodTerm {
  std::string topology_key;
  PodSelector pods;
  std::vector<std::string> namespaces;  // and those that the selector matches; the pod's own where neither is given
  std::optional<LabelSelector> namespace_selector;
  int32_t weight = 0;  // of a preferred term
  bool operator==(const PodTerm& o) const;
};

struct SpreadConstraint {
  std::string topology_key;
  int32_t max_skew = 1;
  bool hard = true;  // DoNotSchedule
  PodSelector pods;
  int32_t min_domains = 1;
  bool honor_affinity = true;  // count only nodes that the pod's node affinity and selector match
  bool honor_taints = false;   // ... and whose taints it tolerates
  bool operator==(const SpreadConstraint&) const = default;
};

/// What placing a pod needs to know of its spec; shared by all pods of one template.
struct PodDemand {
  int64_t cpu_milli = 0;
  int64_t memory_bytes = 0;
  /// As above, where a container that asks for nothing counts 100m and 200 MB: only for scoring.
  int64_t scored_cpu_milli = 0;
  int64_t scored_memory_bytes = 0;
  /// Every other resource, by name; sorted.
  std::vector<std::pair<std::string, int64_t>> other;
  int32_t priority = 0;
  bool may_preempt = true;  // preemptionPolicy is not Never
  bool gated = false;       // has scheduling gates: not to be placed yet
  std::string scheduler_name;
  std::vector<std::pair<std::string, std::string>> node_selector;  // sorted
  bool has_affinity = false;
  std::vector<NodeTerm> affinity;  // required: any term
  std::vector<NodeTerm> preferred_nodes;
  std::vector<Toleration> tolerations;
  std::vector<HostPort> host_ports;  // sorted
  std::vector<PodTerm> pod_affinity, pod_anti_affinity;
  std::vector<PodTerm> preferred_pods;  // anti-affinity has a negative weight
  std::vector<SpreadConstraint> spread;
  std::vector<std::string> images;  // one per container
  std::vector<std::string> claims;  // PersistentVolumeClaims
  bool operator==(const PodDemand&) const = default;

  /// Whether pods like this one bear on where others may go.
  bool has_pod_terms() const {
    return !pod_affinity.empty() || !pod_anti_affinity.empty() || !preferred_pods.empty();
  }
};

using DemandPtr = std::shared_ptr<const PodDemand>;

/// Projects a spec. Requests follow Kubernetes' formula: the containers and sidecars together, or the init container
/// that needs most beside the sidecars started before it, whichever is more; pod-level requests win; plus overhead.
PodDemand demand_of(const ::k8s::io::api::core::v1::PodSpec& spec);

/// Remembers the demands of recent specs by their bytes, so that pods of one template are parsed once and share one
/// demand. Bounded. Not thread-safe.
class DemandCache {
 public:
  /// `spec` is an encoded PodSpec; what differs between pods of one template (its node, its hostname, its account's
  /// token) is not compared. Malformed bytes give an empty demand.
  DemandPtr demand(std::string_view spec);
  size_t size() const { return by_key_.size(); }

 private:
  std::unordered_map<std::string, DemandPtr> by_key_;  // only looked up
  std::string key_;
};

}  // namespace kabuki::scheduler
