#pragma once

#include <optional>
#include <vector>

#include "messages/api/core/v1/endpoints.pb.h"

namespace kabuki::controllers {

/// One address behind one port of a service.
struct SubsetEntry {
  ::k8s::io::api::core::v1::EndpointAddress address;
  std::optional<::k8s::io::api::core::v1::EndpointPort> port;  // none: a headless service without ports
  bool ready = false;
};

using Subsets = std::vector<::k8s::io::api::core::v1::EndpointSubset>;

/// Puts together what shares its addresses, all sorted: each port is in exactly one subset, and an address that any
/// of its sources calls not ready is not ready. Source: Kubernetes' endpoints.RepackSubsets.
Subsets repack(const std::vector<SubsetEntry>& entries);

/// Cuts to `most` addresses, ready ones first, from every subset its share; whether there were too many.
bool truncate(size_t most, Subsets* subsets);

}  // namespace kabuki::controllers
