#pragma once

#include <string>
#include <vector>

#include "actors/controllers/plan.hpp"
#include "messages/api/discovery/v1/endpoint_slice.pb.h"

namespace kabuki::controllers {

using EndpointSlice = ::k8s::io::api::discovery::v1::EndpointSlice;

inline constexpr const char* kServiceNameLabel = "kubernetes.io/service-name";
inline constexpr const char* kSliceManagerLabel = "endpointslice.kubernetes.io/managed-by";

/// Endpoints that may share slices: of one address type, behind the same ports.
struct SliceGroup {
  std::string address_type;
  std::vector<::k8s::io::api::discovery::v1::EndpointPort> ports;
  std::vector<::k8s::io::api::discovery::v1::Endpoint> endpoints;  // none: one empty slice stands for them
};

/// Adds to `plan` the writes after which the slices hold exactly `groups`, with few of them: what stays, stays in its
/// slice; what is new fills slices that change anyway, then one that has the room for all the rest, then new ones;
/// a slice that is not needed becomes a new one before it is deleted. `model` is a slice without endpoints: its
/// labels and annotations are those of every slice. Groups differ in type or ports. Source: Kubernetes'
/// endpointslice reconciler.
void pack_slices(const EndpointSlice& model, const std::vector<ObjectPtr>& existing,
                 const std::vector<SliceGroup>& groups, int most_per_slice, Plan* plan);

}  // namespace kabuki::controllers
