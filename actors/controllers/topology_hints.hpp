#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "actors/controllers/view.hpp"
#include "messages/api/core/v1/service.pb.h"
#include "messages/api/discovery/v1/endpoint_slice.pb.h"

namespace kabuki::controllers {

using EndpointMessage = ::k8s::io::api::discovery::v1::Endpoint;

/// How much processor the ready nodes of each zone have.
struct ZoneCapacity {
  std::map<std::string, int64_t> cpu_milli;
  bool known = true;  // of every ready node, control planes apart, zone and processor are known
  bool operator==(const ZoneCapacity&) const = default;

  static ZoneCapacity of(const View& view);
  /// What a node adds to it: "" for nothing.
  static std::string share_of(const Object& node);
};

/// Whether a service asks for hints in proportion to the zones' processors (service.kubernetes.io/topology-mode:
/// Auto). Then spec.trafficDistribution says nothing.
bool wants_proportional_hints(const Object& service);

/// Gives each ready endpoint a hint so that every zone has endpoints in proportion to its processor: its own zone,
/// but where a zone has too many some are lent to others. `before` are the zones hinted so far by address: who is
/// lent stays so if possible. Returns "", or, without touching anything, why hints cannot be given. Source:
/// Kubernetes' endpointslice/topologycache; there those of slices that do not change are left as they are.
std::string hint_in_proportion(const ZoneCapacity& capacity, const std::map<std::string, std::string>& before,
                               const std::vector<EndpointMessage*>& endpoints);

/// The hint that spec.trafficDistribution asks for: the zone the endpoint is in, and its node for PreferSameNode.
void hint_by_distribution(std::string_view distribution, EndpointMessage* endpoint);

}  // namespace kabuki::controllers
