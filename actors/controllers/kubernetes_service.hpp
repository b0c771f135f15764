#pragma once

#include <functional>
#include <string>

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

/// Service default/kubernetes, through which pods find the API server.
struct KubernetesService {
  std::string address = "10.96.0.1";
  /// What services get their addresses from; the ServiceCIDR `kubernetes` says so.
  std::string range = "10.96.0.0/16";
  /// Of the API server of who leads; 0 while it does not listen yet. Null: there is no API server to be reached.
  std::function<int()> port;
};

/// Returns what is missing of the service, and of the EndpointSlices that say what its Endpoints say: one for each
/// port and family of addresses, the first named `kubernetes`. The Endpoints are the API servers' own
/// (actors/api_server/presence), since no selector finds them.
Plan reconcile_kubernetes_service(const View& view, const Key& service, const KubernetesService& options);

/// Returns what is missing of the ServiceCIDR `kubernetes`: itself, or that it is Ready.
Plan reconcile_service_range(const View& view, const Key& range, const KubernetesService& options,
                             const Instant& now);

Controller kubernetes_service_controller(KubernetesService options);

}  // namespace kabuki::controllers
