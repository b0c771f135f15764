#include "actors/scheduler/pod_groups.hpp"

#include <cassert>

namespace kabuki::scheduler {

std::string PodGroups::key_of(std::string_view ns, const Labels& labels, bool ending, const PodDemand* terms) {
  std::string key(ns);
  for (const auto& [name, value] : labels) key.append(1, '\0').append(name).append(1, '=').append(value);
  key.append(1, '\0').append(ending ? "-" : "+");
  // Terms are the same where the demand is: the cache shares it among pods of a template.
  if (terms) key.append(reinterpret_cast<const char*>(&terms), sizeof terms);
  return key;
}

GroupId PodGroups::join(std::string_view ns, Labels labels, bool ending, const DemandPtr& demand) {
  const PodDemand* terms = demand->has_pod_terms() ? demand.get() : nullptr;
  const auto [it, fresh] = by_key_.try_emplace(key_of(ns, labels, ending, terms), 0);
  if (fresh) {
    if (free_.empty()) {
      it->second = static_cast<GroupId>(groups_.size());
      groups_.emplace_back();
    } else {
      it->second = free_.back();
      free_.pop_back();
    }
    PodGroup& group = groups_[it->second];
    group.ns = ns;
    group.labels = std::move(labels);
    group.ending = ending;
    if (terms) {
      group.terms = demand;
      with_terms_.insert(it->second);
    }
  }
  ++groups_[it->second].members;
  return it->second;
}

void PodGroups::leave(GroupId id) {
  PodGroup& group = groups_[id];
  assert(group.members > 0);
  if (--group.members > 0) return;
  by_key_.erase(key_of(group.ns, group.labels, group.ending, group.terms.get()));
  with_terms_.erase(id);
  group = PodGroup();
  free_.push_back(id);
}

void PodGroups::remove(GroupId id, NodeSlot node) {
  auto& on = groups_[id].on;
  const auto it = on.find(node);
  assert(it != on.end() && it->second > 0);
  if (--it->second == 0) on.erase(it);
}

}  // namespace kabuki::scheduler
