#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/flat_hash_map.h>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "actors/scheduler/labels.hpp"
#include "actors/scheduler/node_table.hpp"
#include "actors/scheduler/pod_demand.hpp"

namespace kabuki::scheduler {

using GroupId = uint32_t;

/// Pods that affinity and spreading cannot tell apart, and how many of them are on each node.
struct PodGroup {
  std::string ns;
  Labels labels;
  bool ending = false;  // being deleted
  DemandPtr terms;      // where the pods have terms of affinity of their own
  size_t members = 0;
  absl::btree_map<NodeSlot, uint32_t> on;
};

/// All pods by group: what a selector chooses is found by looking at each group once, not at each pod. Pods of one
/// template are one group. Not thread-safe.
class PodGroups {
 public:
  /// The group of such a pod, with one member more.
  GroupId join(std::string_view ns, Labels labels, bool ending, const DemandPtr& demand);
  void leave(GroupId id);
  void place(GroupId id, NodeSlot node) { ++groups_[id].on[node]; }
  void remove(GroupId id, NodeSlot node);

  const PodGroup& operator[](GroupId id) const { return groups_[id]; }
  /// By id; some may have no members.
  const std::vector<PodGroup>& all() const { return groups_; }
  const std::set<GroupId>& with_terms() const { return with_terms_; }

 private:
  static std::string key_of(std::string_view ns, const Labels& labels, bool ending, const PodDemand* terms);

  std::vector<PodGroup> groups_;
  std::vector<GroupId> free_;
  std::set<GroupId> with_terms_;
  absl::flat_hash_map<std::string, GroupId> by_key_;  // only looked up
};

}  // namespace kabuki::scheduler
