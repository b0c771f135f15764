#pragma once

#include "actors/controllers/controller.hpp"
#include "actors/controllers/slice_packing.hpp"

namespace kabuki::controllers {

inline constexpr int kMostEndpointsPerSlice = 100;

/// Returns what brings the EndpointSlices of a service up to date with the pods that its selector matches, one set of
/// slices per address family. They are owned by their service and go with it. Source: Kubernetes'
/// controller/endpointslice.
Plan reconcile_endpoint_slices(const View& view, const Key& service);

Controller endpoint_slice_controller();

/// The slices of a service that `manager` keeps and `owner` controls.
std::vector<ObjectPtr> slices_of(const View& view, const Object& owner, std::string_view service,
                                 std::string_view manager);

}  // namespace kabuki::controllers
