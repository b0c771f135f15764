#pragma once

#include "messages/bus/metrics.pb.h"
#include "messages/object.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::api_server {

/// A node's sample as NodeMetrics of metrics.k8s.io/v1beta1, with the node's name and labels. Source: metrics-server.
ObjectPtr node_metrics(const Object& node, const bus::NodeUse& sample, io::Duration window, io::WallTime now);

/// A pod's part of its node's sample as PodMetrics, with the pod's name and labels. Null when the sample is of
/// another pod of that name.
ObjectPtr pod_metrics(const Object& pod, const bus::PodUse& use, int64_t at_ns, io::Duration window,
                      io::WallTime now);

}  // namespace kabuki::api_server
