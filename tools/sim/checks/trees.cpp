#include <map>

#include "messages/api/core/v1/pod.pb.h"
#include "tools/sim/checks/all.hpp"
#include "tools/sim/workloads/pods.hpp"

namespace kabuki::tools {
namespace {

/// What one control-plane host has below its elector, by the elector's name within its host.
constexpr const char* kLed[] = {"membership", "scheduler", "controllers"};

/// The specification without what only a leader has, where the host does not lead. Counts who does.
SpecifiedTree without_followers(SpecifiedTree specified, const bus::ActorInfo& tree,
                                std::map<std::string, int>* leaders) {
  for (const auto& actor : tree.children()) {
    for (const char* led : kLed) {
      if (actor.name() != tree.name() + "/" + led) continue;
      const bool leads = actor.health().starts_with("leads ");
      (*leaders)[led] += leads;
      if (!leads) std::erase_if(specified.actors, [&](auto& name) { return name.starts_with(actor.name() + "/"); });
    }
  }
  return specified;
}

}  // namespace

Lines wrong_trees(const Observed& observed) {
  std::map<std::string, NodePods> pods;
  for (const auto& [key, pod] : observed.all_of<Pod>(kinds::kPod)) {
    if (pod.spec().nodename().empty()) continue;
    NodePods& of_node = pods[pod.spec().nodename()];
    (has_ended(pod) ? of_node.ended : of_node.live).insert(key.ns + "/" + key.name);
  }
  Lines wrong;
  std::map<std::string, int> leaders;
  for (const auto& [host, specified] : observed.specified) {
    auto found = observed.trees.find(host);
    if (found == observed.trees.end()) {
      wrong.push_back(host + " does not answer");
      continue;
    }
    const SpecifiedTree now = without_followers(specified, found->second, &leaders);
    for (auto& line : wrong_in_tree(now, found->second, pods)) wrong.push_back(std::move(line));
  }
  for (const char* led : kLed) {
    if (leaders[led] != 1) wrong.push_back(std::to_string(leaders[led]) + " hosts lead " + led);
  }
  return wrong;
}

}  // namespace kabuki::tools
