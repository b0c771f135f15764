#pragma once

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

/// Returns what brings the Endpoints of a service up to date with the pods that its selector matches; Endpoints of
/// services without a selector are their makers' matter. Those that this controller made go with their service.
/// Source: Kubernetes' controller/endpoint.
Plan reconcile_endpoints(const View& view, const Key& service);

Controller endpoints_controller();

}  // namespace kabuki::controllers
