#pragma once

#include <functional>
#include <string>

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

/// Service default/kubernetes, through which pods find the API server.
struct KubernetesService {
  std::string address = "10.96.0.1";  // of the service
  std::string server = "127.0.0.1";   // where the API server of who leads is reached
  /// Its port; 0 while it does not listen yet. Null: there is no API server to be reached.
  std::function<int()> port;
};

/// Returns what is missing of the service, its Endpoints and its EndpointSlice, all named `kubernetes`: they are kept
/// by hand, since no selector finds an API server.
Plan reconcile_kubernetes_service(const View& view, const Key& service, const KubernetesService& options);

Controller kubernetes_service_controller(KubernetesService options);

}  // namespace kabuki::controllers
