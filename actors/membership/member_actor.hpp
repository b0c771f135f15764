#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "messages/bus/control.pb.h"
#include "runtime/actor.hpp"
#include "runtime/host.hpp"

namespace kabuki::membership {

/// What a host says of itself when it joins.
struct MemberOptions {
  std::string endpoint;    // where others reach it; "" where the network knows
  std::string public_key;  // "" without keys
  uint32_t pid = 0;
  uint32_t nodes = 0;
  bool control_plane = false;
  /// Hears of the hosts that there are whenever that changes, inside the actor: to be kept for the next start.
  std::function<void(const bus::Members&)> learned;
};

/// On every host: says every 2 s to @membership that this incarnation runs, and applies what it is told of the other
/// hosts and roles. When nobody answers as @membership, it asks the control-plane hosts that it knows who leads.
/// Points
/// @api-server at another control-plane host when its own goes silent, or serves nothing because it does not reach
/// the store. Refuses what is older than the term it has heard of last, and what no control-plane host says. When a
/// later incarnation of this host has started, it fails, and so, in the end, does its host.
std::unique_ptr<runtime::Actor> make_member(MemberOptions options);

/// Makes the hosts in `members` reachable from `host` and resolvable the roles they hold; forgets those that were in
/// `before` and no longer are. Roles that `host` itself holds are its own matter; @api-server is chosen, `silent`
/// hosts last. Thread-safe; also for a host that has not been started yet.
void apply_members(runtime::Host& host, const bus::Members& before, const bus::Members& members,
                   const std::set<std::string>& silent = {});

}  // namespace kabuki::membership
