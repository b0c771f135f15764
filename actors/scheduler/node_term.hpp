#pragma once

#include <cstdint>

#include "actors/scheduler/pod_demand.hpp"

namespace k8s::io::api::core::v1 {
class NodeSelectorTerm;
}

namespace kabuki::scheduler {

/// Reads a term of node affinity, of a pod or of a volume.
NodeTerm term_of(const ::k8s::io::api::core::v1::NodeSelectorTerm& message, int32_t weight = 0);

}  // namespace kabuki::scheduler
