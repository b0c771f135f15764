#pragma once

#include <google/protobuf/map.h>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "messages/quantity.hpp"

namespace k8s::io::apimachinery::pkg::api::resource {
class Quantity;
}
namespace k8s::io::api::core::v1 {
class PodSpec;
}

namespace kabuki::quota {

/// Amounts by resource, in the order in which Kubernetes prints them.
using Amounts = std::map<std::string, Quantity>;
using QuantityMap = google::protobuf::Map<std::string, ::k8s::io::apimachinery::pkg::api::resource::Quantity>;

/// What is no quantity is left out: validation has refused it before.
Amounts read_amounts(const QuantityMap& map);
void write_amounts(const Amounts& amounts, QuantityMap* map);

void add_to(Amounts* sum, const Amounts& more);
/// Never below zero; what `sum` does not have stays absent.
void take_from(Amounts* sum, const Amounts& less);
/// Those of `amounts` whose resource is in `names`.
Amounts masked(const Amounts& amounts, const Amounts& names);
/// "cpu=1,memory=2Gi": as a kube-apiserver prints them in its refusals.
std::string text_of(const Amounts& amounts);

/// What a pod as a whole requests and is limited to: all containers, init containers and sidecars as they overlap in
/// time, and its overhead. A limit counts only where it is set. Source: Kubernetes, "Sidecar containers, resource
/// sharing".
Amounts pod_requests(const ::k8s::io::api::core::v1::PodSpec& spec);
Amounts pod_limits(const ::k8s::io::api::core::v1::PodSpec& spec);

}  // namespace kabuki::quota
