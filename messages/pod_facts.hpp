#pragma once

#include <string>

namespace k8s::io::api::core::v1 {
class PodSpec;
}

namespace kabuki {

/// Guaranteed, Burstable or BestEffort, from the cpu and memory of all containers.
/// Source: Kubernetes, "Pod Quality of Service Classes".
std::string qos_class(const ::k8s::io::api::core::v1::PodSpec& spec);

}  // namespace kabuki
