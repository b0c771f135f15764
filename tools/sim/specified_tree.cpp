#include "tools/sim/specified_tree.hpp"

#include "actors/kubelet/node_actor.hpp"
#include "runtime/standing_children.hpp"

namespace kabuki::tools {
namespace {

using Lines = std::vector<std::string>;

void specify(const std::string& name, const runtime::Actor& actor, SpecifiedTree* tree) {
  tree->actors.insert(name);
  if (dynamic_cast<const kubelet::NodeActor*>(&actor)) tree->nodes.insert(name);
  const auto* parent = dynamic_cast<const runtime::StandingChildren*>(&actor);
  if (!parent) return;
  for (const auto& child : parent->standing_children()) specify(name + "/" + child.name, *child.actor, tree);
}

/// Every actor of a tree with the one that it was listed below.
void collect(const bus::ActorInfo& actor, const std::string& parent, std::multimap<std::string, std::string>* found,
             Lines* wrong) {
  found->emplace(actor.name(), parent);
  if (actor.state() != "running") wrong->push_back(actor.name() + " is " + actor.state());
  if (actor.more_children() > 0) {
    wrong->push_back(actor.name() + " does not list " + std::to_string(actor.more_children()) + " of its children");
  }
  for (const auto& child : actor.children()) collect(child, actor.name(), found, wrong);
}

/// The specified actor above `name`: of a pod its node, of all else what stands before the last slash.
std::string place_of(const std::string& name, const SpecifiedTree& specified) {
  if (specified.actors.contains(name)) {
    const size_t slash = name.rfind('/');
    return slash == std::string::npos ? "" : name.substr(0, slash);
  }
  const size_t pods = name.find("/pods/");
  return pods == std::string::npos ? "" : name.substr(0, pods);
}

}  // namespace

SpecifiedTree specified_tree(const std::string& host, const runtime::SupervisorSpec& spec) {
  SpecifiedTree tree;
  specify(host, *runtime::make_supervisor(spec), &tree);
  return tree;
}

Lines wrong_in_tree(const SpecifiedTree& specified, const bus::ActorInfo& tree,
                    const std::map<std::string, NodePods>& pods) {
  Lines wrong;
  std::multimap<std::string, std::string> found;
  collect(tree, "", &found, &wrong);

  std::set<std::string> wanted = specified.actors;
  std::set<std::string> allowed;
  for (const std::string& node : specified.nodes) {
    const auto of_node = pods.find(node.substr(node.rfind('/') + 1));
    if (of_node == pods.end()) continue;
    for (const std::string& pod : of_node->second.live) wanted.insert(node + "/pods/" + pod);
    for (const std::string& pod : of_node->second.ended) allowed.insert(node + "/pods/" + pod);
  }
  for (const std::string& name : wanted) {
    if (!found.contains(name)) wrong.push_back(name + " is missing");
  }
  for (auto it = found.begin(); it != found.end(); ++it) {
    const auto& [name, parent] = *it;
    if (it != found.begin() && std::prev(it)->first == name) {
      wrong.push_back(name + " is there twice");
    } else if (!wanted.contains(name) && !allowed.contains(name)) {
      wrong.push_back(name + " is not in the specification");
    } else if (parent != place_of(name, specified)) {
      wrong.push_back(name + " stands below " + parent);
    }
  }
  return wrong;
}

}  // namespace kabuki::tools
