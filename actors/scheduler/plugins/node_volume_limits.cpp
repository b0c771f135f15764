#include <algorithm>
#include <map>
#include <set>

#include "actors/scheduler/plugins/plugin.hpp"

namespace kabuki::scheduler {
namespace {

/// What a claim takes of a driver's limit: a volume, or one that is yet to be made.
struct Attachment {
  std::string driver;
  std::string handle;
};

Attachment attachment_of(const Volumes& known, const std::string& key) {
  const auto claim = known.claims.find(key);
  if (claim == known.claims.end()) return {};
  if (const auto volume = known.volumes.find(claim->second.volume); volume != known.volumes.end()) {
    return {volume->second.driver, volume->second.handle};
  }
  const ClassFacts* storage = known.class_of(claim->second);
  if (!storage || !storage->provisions()) return {};
  return {storage->provisioner, "claim " + key};
}

/// No more volumes of a driver than its CSINode says that a node can have; one that several pods use is one. A pod
/// that adds none may come where there are too many already.
class NodeVolumeLimits final : public Filter {
 public:
  NodeVolumeLimits(const Cluster& cluster, const Candidate& pod) : cluster_(cluster) {
    for (const std::string& name : pod.demand.claims) {
      Attachment one = attachment_of(cluster.volumes, std::string(pod.ns) + "/" + name);
      if (!one.driver.empty()) wanted_[one.driver].insert(std::move(one.handle));
    }
  }
  bool is_idle() const { return wanted_.empty(); }

  bool fits(NodeSlot node) const override {
    const auto limits = cluster_.volumes.limits.find(cluster_.nodes.name(node));
    if (limits == cluster_.volumes.limits.end()) return true;
    return std::all_of(wanted_.begin(), wanted_.end(), [&](const auto& of_driver) {
      const auto limit = limits->second.find(of_driver.first);
      return limit == limits->second.end() || within(limit->second, node, of_driver.first, of_driver.second);
    });
  }
  void explain(NodeSlot, std::vector<std::string>* reasons) const override {
    reasons->push_back("node(s) exceed max volume count");
  }
  bool others_stand_in_the_way(NodeSlot) const override { return true; }

 private:
  bool within(int32_t limit, NodeSlot node, const std::string& driver, const std::set<std::string>& wanted) const {
    std::set<std::string> handles;
    if (const auto used = cluster_.claims.find(node); used != cluster_.claims.end()) {
      for (const auto& [key, count] : used->second) {
        Attachment one = attachment_of(cluster_.volumes, key);
        if (one.driver == driver) handles.insert(std::move(one.handle));
      }
    }
    const size_t before = handles.size();
    handles.insert(wanted.begin(), wanted.end());
    return handles.size() == before || handles.size() <= static_cast<size_t>(limit);
  }

  const Cluster& cluster_;
  std::map<std::string, std::set<std::string>> wanted_;  // handles by driver
};

std::unique_ptr<Filter> filter(const Cluster& cluster, const Candidate& pod) {
  if (pod.demand.claims.empty() || cluster.volumes.limits.empty()) return nullptr;
  auto filter = std::make_unique<NodeVolumeLimits>(cluster, pod);
  if (filter->is_idle()) return nullptr;
  return filter;
}

}  // namespace

const Plugin kNodeVolumeLimits{.name = "NodeVolumeLimits", .filter = filter};

}  // namespace kabuki::scheduler
