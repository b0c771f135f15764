#pragma once

#include <optional>
#include <string>

#include "actors/kubelet/lifecycle/view.hpp"

namespace kabuki::kubelet {

/// What the downward API says of a field of a pod: `metadata.name`, `metadata.labels['app']`, `status.podIP`, ...
/// None: it has no such field.
std::optional<std::string> pod_field(const PodMessage& pod, const std::string& path);

/// The same of a container's resources (`limits.cpu`), in units of the divisor, rounded up. A limit that is not set
/// counts as the request.
std::optional<std::string> resource_field(const PodView& pod, const ContainerMessage& own,
                                          const ::k8s::io::api::core::v1::ResourceFieldSelector& selector);

}  // namespace kabuki::kubelet
