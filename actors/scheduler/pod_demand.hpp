#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

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
  bool operator==(const NodeTerm&) const = default;
};

struct Toleration {
  std::string key;  // "" with `exists` tolerates every key
  bool exists = false;
  std::string value;
  std::string effect;  // "" is every effect
  bool operator==(const Toleration&) const = default;
};

/// What placing a pod needs to know of its spec; shared by all pods of one template.
struct PodDemand {
  int64_t cpu_milli = 0;
  int64_t memory_bytes = 0;
  /// As above, where a container that asks for nothing counts 100m and 200 MB: only for scoring.
  int64_t scored_cpu_milli = 0;
  int64_t scored_memory_bytes = 0;
  int32_t priority = 0;
  bool may_preempt = true;  // preemptionPolicy is not Never
  bool gated = false;       // has scheduling gates: not to be placed yet
  std::string scheduler_name;
  std::vector<std::pair<std::string, std::string>> node_selector;  // sorted
  bool has_affinity = false;
  std::vector<NodeTerm> affinity;  // required: any term
  std::vector<Toleration> tolerations;
  bool operator==(const PodDemand&) const = default;
};

using DemandPtr = std::shared_ptr<const PodDemand>;

/// Projects a spec. Requests follow Kubernetes' formula: the containers and sidecars together, or the init container
/// that needs most beside the sidecars started before it, whichever is more; pod-level requests win; plus overhead.
PodDemand demand_of(const ::k8s::io::api::core::v1::PodSpec& spec);

/// Remembers the demands of recent specs by their bytes, so that pods of one template are parsed once and share one
/// demand. Bounded. Not thread-safe.
class DemandCache {
 public:
  /// `spec` is an encoded PodSpec; what differs between pods of one template (the node's name) is not compared.
  /// Malformed bytes give an empty demand.
  DemandPtr demand(std::string_view spec);
  size_t size() const { return by_spec_.size(); }

 private:
  std::unordered_map<std::string, DemandPtr> by_spec_;  // only looked up
  std::string stripped_;
};

}  // namespace kabuki::scheduler
