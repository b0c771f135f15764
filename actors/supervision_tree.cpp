#include "actors/supervision_tree.hpp"

#include <utility>

namespace kabuki::actors {
namespace {

using runtime::ChildSpec;
using runtime::Restart;
using runtime::Strategy;
using runtime::supervisor_child;
using runtime::SupervisorSpec;

// A component may fail ten times in ten seconds before its group is thought to be broken as a whole.
constexpr int kIntensity = 10;
constexpr std::chrono::seconds kPeriod{10};

ChildSpec worker(std::string name, ActorFactory make) { return {.name = std::move(name), .make = std::move(make)}; }

SupervisorSpec group(std::vector<ChildSpec> children) {
  return {
      .strategy = Strategy::one_for_one, .intensity = kIntensity, .period = kPeriod, .children = std::move(children)};
}

}  // namespace

// host-1
//   store        pods, leases, events, objects          one shard may be down, the others serve
//   api-server   bus, http-0, http-1, ..., gateway      hold nothing; each restarts alone
//   membership   leader                                 which hosts there are
//   member                                              tells this host who the others are
//   views                                               what the actors of this host see of the API
//   scheduler    leader
//   controllers  deployment, replica-set, ...
//   kubelet      node-1, node-2, ...; below each node its pods
//
// Every control-plane host has all of it; membership, scheduler and controllers are electors, and what is below them
// runs on the host that holds their Lease. Other hosts have member, views and kubelet.
//
// Everyone finds everyone by name and asks again, so nothing need restart because another did: one for one, all over.
SupervisorSpec supervision_tree(TreeParts parts) {
  std::vector<ChildSpec> shards, api, tree;
  for (auto& [name, make] : parts.shards) shards.push_back(worker(name, make));
  if (parts.bus_api) api.push_back(worker("bus", parts.bus_api));
  for (size_t i = 0; i < parts.http_api.size(); ++i) {
    api.push_back(worker("http-" + std::to_string(i), parts.http_api[i]));
  }
  if (parts.gateway) api.push_back(worker("gateway", parts.gateway));

  if (!shards.empty()) tree.push_back(supervisor_child("store", group(std::move(shards))));
  if (!api.empty()) tree.push_back(supervisor_child("api-server", group(std::move(api))));
  if (parts.membership) tree.push_back(worker("membership", parts.membership));
  if (parts.member) tree.push_back(worker("member", parts.member));
  if (parts.views) tree.push_back(worker("views", parts.views));
  if (parts.scheduler) tree.push_back(worker("scheduler", parts.scheduler));
  if (parts.controllers) tree.push_back(worker("controllers", parts.controllers));
  tree.push_back(supervisor_child("kubelet", std::move(parts.kubelet)));
  if (parts.load) tree.push_back(worker("load", parts.load));
  return group(std::move(tree));
}

}  // namespace kabuki::actors
