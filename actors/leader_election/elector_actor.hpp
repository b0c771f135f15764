#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/leader_election/election.hpp"
#include "actors/write.hpp"
#include "runtime/actor.hpp"
#include "runtime/supervisor.hpp"

namespace kabuki::leader_election {

/// The namespace of the Leases; it is made where it is missing.
inline constexpr const char* kLeaseNamespace = "kube-system";

struct ElectorOptions {
  std::string lease;  // its name
  ElectionOptions election;
  /// What runs while this host leads; asked anew for each term. Writes of theirs carry the fence.
  std::function<std::vector<runtime::ChildSpec>(const actors::Fence&)> led;
  /// They are restarted one for one; more restarts than that within `period` end the elector.
  int intensity = 10;
  io::Duration period = std::chrono::seconds(10);
  /// A role that one of the children holds while it leads; "" for none. The host's table of roles follows the Lease
  /// also where another host leads.
  std::string role;
  std::string role_child;
  runtime::Address api = runtime::role(runtime::roles::kApiServer);
};

/// Owns one Lease on behalf of its host: writes it by compare-and-swap through the API server, starts its children
/// when it wins, and kills them at once when it has lost or could not renew in time. Its own end ends them, too, and
/// comes after theirs; so its next life takes the Lease back at once, under a new term. A host that stops gives the
/// Lease up. Answers GetLeader.
std::unique_ptr<runtime::Actor> make_elector(ElectorOptions options);

}  // namespace kabuki::leader_election
