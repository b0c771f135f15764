#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "messages/api/coordination/v1/lease.pb.h"
#include "messages/api/core/v1/endpoints.pb.h"
#include "messages/object.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::api_server {

/// Where an API server is reached.
struct Server {
  std::string ip;
  int port = 0;
  auto operator<=>(const Server&) const = default;
};
using Servers = std::set<Server>;

/// What the Endpoints of Service default/kubernetes name.
Servers servers_of(const ::k8s::io::api::core::v1::Endpoints& endpoints);
/// `before` (empty: there are none) naming `servers`, one subset for each port.
::k8s::io::api::core::v1::Endpoints endpoints_of(::k8s::io::api::core::v1::Endpoints before, const Servers& servers);

/// The Lease by which `host`'s API server says that it serves at `server`: `before` (empty: a new one) renewed at
/// `now` for `duration`.
::k8s::io::api::coordination::v1::Lease presence_of(::k8s::io::api::coordination::v1::Lease before,
                                                    const std::string& host, const Server& server, io::WallTime now,
                                                    io::Duration duration);
inline constexpr const char* kPresenceNamespace = "kube-system";
/// Selects the Leases of API servers, as Kubernetes labels them.
inline constexpr const char* kPresenceSelector = "apiserver.kubernetes.io/identity=kube-apiserver";
std::string presence_name(const std::string& host);

/// Which API servers serve, as one of them sees it. A Lease counts for as long after *this* one has seen it change as
/// it says of itself, so that no clock but its own matters.
class Presence {
 public:
  struct Seen {
    Servers alive;
    std::vector<ObjectPtr> expired;  // their Leases
  };
  /// `leases` are all there are.
  Seen look(const std::vector<ObjectPtr>& leases, io::MonoTime now);

 private:
  struct Known {
    uint64_t revision = 0;
    io::MonoTime since;
  };
  std::map<std::string, Known> known_;  // by name
};

}  // namespace kabuki::api_server
