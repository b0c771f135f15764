#pragma once

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

/// Returns what makes EndpointSlices of Endpoints that no selector made, so that who reads slices sees them too:
/// those of a service without a selector, unless the label endpointslice.kubernetes.io/skip-mirror says no. Source:
/// Kubernetes' controller/endpointslicemirroring.
Plan reconcile_endpoint_slice_mirroring(const View& view, const Key& endpoints);

Controller endpoint_slice_mirroring_controller();

}  // namespace kabuki::controllers
