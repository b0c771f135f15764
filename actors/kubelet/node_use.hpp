#pragma once

#include <map>
#include <string>

#include "actors/kubelet/pod_table.hpp"
#include "messages/bus/metrics.pb.h"
#include "messages/object.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::kubelet {

/// What a node and the running containers of its pods use at `now`, as their recorded statuses and annotations say.
/// `mirrors`, by "namespace/name", are pods that only show what runs by itself: simulated like the others, for what
/// an actor really takes is not known. Pure; parses every pod.
bus::NodeUse node_use(const std::string& node, const PodTable& pods, const std::map<std::string, ObjectPtr>& mirrors,
                      io::WallTime now);

}  // namespace kabuki::kubelet
