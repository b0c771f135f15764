#pragma once

#include "actors/kubelet/pod_table.hpp"
#include "messages/bus/metrics.pb.h"
#include "runtime/io/time.hpp"

namespace kabuki::kubelet {

/// What a node and the running containers of its pods use at `now`, as their recorded statuses and annotations say.
/// Pure; parses every pod.
bus::NodeUse node_use(const std::string& node, const PodTable& pods, io::WallTime now);

}  // namespace kabuki::kubelet
