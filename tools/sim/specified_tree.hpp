#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "messages/bus/control.pb.h"
#include "runtime/supervisor.hpp"

namespace kabuki::tools {

/// What a host's tree is to be, by its specification: every actor's full name, and which of them are nodes, below
/// which there are pods.
struct SpecifiedTree {
  std::set<std::string> actors;
  std::set<std::string> nodes;
};

/// Made from the specification itself, down through all supervisors; nothing is started.
SpecifiedTree specified_tree(const std::string& host, const runtime::SupervisorSpec& spec);

/// The pods of each node, "default/web-1".
struct NodePods {
  std::set<std::string> live;   // that must have an actor
  std::set<std::string> ended;  // that may have one
};

/// What of `tree`, as a host told it, is not as specified: what is missing, extra, twice or in the wrong place, and
/// what does not run. `pods` is by node, "node-1".
std::vector<std::string> wrong_in_tree(const SpecifiedTree& specified, const bus::ActorInfo& tree,
                                       const std::map<std::string, NodePods>& pods);

}  // namespace kabuki::tools
