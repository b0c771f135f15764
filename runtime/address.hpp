#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace kabuki::runtime {

/// Names an actor. Either a full name, `host-3/kubelet/node-17/pods/default/web-1`, whose first part is the host,
/// or a role, `@api-server`, which means whoever holds it now. Resolved at delivery, never earlier, so that it
/// outlives every restart of what it names.
struct Address {
  std::string text;

  bool is_role() const { return !text.empty() && text.front() == '@'; }
  /// The host's name; "" for a role.
  std::string_view host() const;
  /// The name within its host (`kubelet/node-17/...`); for a role without the @.
  std::string_view local() const;
  auto operator<=>(const Address&) const = default;
};

inline Address role(std::string_view name) { return {"@" + std::string(name)}; }

namespace roles {
inline constexpr std::string_view kApiServer = "api-server";
inline constexpr std::string_view kMembership = "membership";
/// Followed by the shard's name: `shard/pods`.
inline constexpr std::string_view kShardPrefix = "shard/";
}  // namespace roles

}  // namespace kabuki::runtime
