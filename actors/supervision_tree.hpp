#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/actor.hpp"
#include "runtime/supervisor.hpp"

namespace kabuki::actors {

using ActorFactory = std::function<std::unique_ptr<runtime::Actor>()>;

/// What stands in a host's tree. What a host does not have is left empty: a worker has views, a member and kubelets.
struct TreeParts {
  std::vector<std::pair<std::string, ActorFactory>> shards;  // by name
  ActorFactory bus_api;                                      // the API server that serves actors
  std::vector<ActorFactory> http_api;                        // those that serve HTTP
  ActorFactory gateway;
  ActorFactory membership;  // elects, and leads on one host
  ActorFactory member;
  ActorFactory views;
  ActorFactory scheduler;           // as membership
  ActorFactory controllers;         // as membership
  ActorFactory load;                // a scaling test's
  runtime::SupervisorSpec kubelet;  // its children are the nodes
};

/// The whole tree of a host.
runtime::SupervisorSpec supervision_tree(TreeParts parts);

}  // namespace kabuki::actors
