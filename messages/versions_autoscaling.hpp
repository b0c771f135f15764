#pragma once

#include "messages/api/autoscaling/v1/metric.pb.h"
#include "messages/api/autoscaling/v2/horizontal_pod_autoscaler.pb.h"

// The parts of autoscalers that both versions have in other forms; for versions_autoscaling.cpp.

namespace kabuki {

void metric_to_v1(const ::k8s::io::api::autoscaling::v2::MetricSpec& from,
                  ::k8s::io::api::autoscaling::v1::MetricSpec* to);
void metric_from_v1(const ::k8s::io::api::autoscaling::v1::MetricSpec& from,
                    ::k8s::io::api::autoscaling::v2::MetricSpec* to);
void status_to_v1(const ::k8s::io::api::autoscaling::v2::MetricStatus& from,
                  ::k8s::io::api::autoscaling::v1::MetricStatus* to);
void status_from_v1(const ::k8s::io::api::autoscaling::v1::MetricStatus& from,
                    ::k8s::io::api::autoscaling::v2::MetricStatus* to);

/// Of either version into the other.
template <class From, class To>
void copy_reference(const From& from, To* to) {
  to->set_kind(from.kind());
  to->set_name(from.name());
  to->set_apiversion(from.apiversion());
}

}  // namespace kabuki
