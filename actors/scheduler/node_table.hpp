#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "actors/scheduler/labels.hpp"
#include "actors/scheduler/pod_demand.hpp"

namespace k8s::io::api::core::v1 {
class Node;
}

namespace kabuki::scheduler {

struct Taint {
  enum class Effect { no_schedule, prefer_no_schedule, no_execute };
  std::string key;
  std::string value;
  Effect effect = Effect::no_schedule;
  auto operator<=>(const Taint&) const = default;
};

/// What the scheduler knows of a node beside what its pods take.
struct NodeFacts {
  int64_t cpu_milli = 0;  // allocatable
  int64_t memory_bytes = 0;
  int64_t pods = 0;
  bool unschedulable = false;
  std::vector<Taint> taints;
  Labels labels;
  std::map<std::string, int64_t> other;   // every other resource
  std::map<std::string, int64_t> images;  // bytes, by each of its names
  bool operator==(const NodeFacts&) const = default;
};

NodeFacts facts_of(const ::k8s::io::api::core::v1::Node& node);

/// Position of a node in the table; stays the same while the node or a pod on it is known.
using NodeSlot = uint32_t;
inline constexpr NodeSlot kNoNode = UINT32_MAX;

/// All nodes as a struct of arrays, so that a scan over thousands stays in cache. Pods may be counted on a node that
/// is not known (yet): such a slot has `present` 0 and is never chosen. Slots of forgotten nodes are used again,
/// lowest first. Not thread-safe.
class NodeTable {
 public:
  /// Adds the node or replaces what is known of it. True when placement can differ from before.
  bool put(const std::string& name, const NodeFacts& facts);
  void remove(const std::string& name);

  /// The slot of `name`, made when there is none.
  NodeSlot slot(const std::string& name);
  /// kNoNode where there is none.
  NodeSlot find(const std::string& name) const;

  void add_pod(NodeSlot slot, const PodDemand& demand);
  void remove_pod(NodeSlot slot, const PodDemand& demand);

  /// Slots ever used, present or not: the range of a scan.
  size_t slots() const { return present_.size(); }
  /// Nodes that exist.
  size_t size() const { return size_; }
  const std::string& name(NodeSlot slot) const { return names_[slot]; }
  const Labels& labels(NodeSlot slot) const { return labels_[slot]; }
  /// The distinct lists of taints; a node has the index of one. 0 is the empty list.
  const std::vector<std::vector<Taint>>& taint_lists() const { return taint_lists_; }

  bool present(NodeSlot s) const { return present_[s] != 0; }
  bool unschedulable(NodeSlot s) const { return unschedulable_[s] != 0; }
  uint32_t taint_list(NodeSlot s) const { return taint_list_[s]; }
  int64_t cpu_milli(NodeSlot s) const { return cpu_milli_[s]; }
  int64_t memory_bytes(NodeSlot s) const { return memory_bytes_[s]; }
  int64_t max_pods(NodeSlot s) const { return max_pods_[s]; }
  int64_t cpu_used(NodeSlot s) const { return cpu_used_[s]; }
  int64_t memory_used(NodeSlot s) const { return memory_used_[s]; }
  int64_t pods_used(NodeSlot s) const { return pods_used_[s]; }
  int64_t scored_cpu_used(NodeSlot s) const { return scored_cpu_used_[s]; }
  int64_t scored_memory_used(NodeSlot s) const { return scored_memory_used_[s]; }
  /// Of a resource that is neither cpu, memory nor pods: what the node has, and what its pods take.
  int64_t other(NodeSlot s, const std::string& resource) const;
  int64_t other_used(NodeSlot s, const std::string& resource) const;
  /// Bytes of an image that lies on the node; 0 where it does not.
  int64_t image_bytes(NodeSlot s, const std::string& image) const;
  /// How many nodes have that image.
  size_t nodes_with_image(const std::string& image) const;

 private:
  void forget_if_unused(NodeSlot slot);
  uint32_t intern(const std::vector<Taint>& taints);
  void put_images(NodeSlot slot, const std::map<std::string, int64_t>& images);

  std::map<std::string, NodeSlot, std::less<>> by_name_;
  std::vector<NodeSlot> free_;  // a heap: the lowest on top
  size_t size_ = 0;
  std::vector<std::string> names_;
  std::vector<uint8_t> present_, unschedulable_;
  std::vector<uint32_t> taint_list_;
  std::vector<int64_t> cpu_milli_, memory_bytes_, max_pods_;
  std::vector<int64_t> cpu_used_, memory_used_, pods_used_, scored_cpu_used_, scored_memory_used_;
  std::vector<Labels> labels_;
  std::vector<std::map<std::string, int64_t>> other_, other_used_, images_;
  std::map<std::string, size_t> image_nodes_;
  std::vector<std::vector<Taint>> taint_lists_{{}};
  std::map<std::vector<Taint>, uint32_t> taint_ids_{{{}, 0}};
};

}  // namespace kabuki::scheduler
