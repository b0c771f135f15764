#pragma once

#include <memory>

#include "actors/write.hpp"
#include "runtime/actor.hpp"

namespace kabuki::membership {

/// Names of the two actors within their hosts.
inline constexpr const char* kMembershipName = "membership";
inline constexpr const char* kMemberName = "member";

/// Holds the role @membership: lets hosts in, grants incarnations, says who is up and who holds which role. Its table
/// is the ConfigMap kube-system/kabuki-members, written by compare-and-swap through the API server before a Join is
/// answered. Answers Join (JoinReply) and GetMembers (Members); tells Members to every host on each change. A Join
/// from another host is believed only about that host itself; one from this host comes from its door, which has
/// proven it.
struct MembershipOptions {
  /// Told to every host that joins: how often its nodes renew their leases.
  io::Duration lease_period = std::chrono::seconds(10);
  actors::Fence fence;  // of its writes
};
std::unique_ptr<runtime::Actor> make_membership(MembershipOptions options = {});

}  // namespace kabuki::membership
