#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "messages/api/core/v1/pod.pb.h"
#include "messages/bus/metrics.pb.h"
#include "messages/result.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::controllers {

using PodMessage = ::k8s::io::api::core::v1::Pod;

/// What a pod uses of one resource, in thousandths of its unit, on average over the window before `at_ns`.
struct PodMetric {
  int64_t value_milli = 0;
  int64_t at_ns = 0;  // wall time
  int64_t window_ns = 0;
  bool operator==(const PodMetric&) const = default;
};
using PodMetrics = std::map<std::string, PodMetric>;  // by the pod's name

/// How far use may be from its target before anything is done, as parts of the target.
struct Tolerances {
  double down = 0.1;
  double up = 0.1;
  bool within(double ratio) const { return 1.0 - down <= ratio && ratio <= 1.0 + up; }
};

/// One metric of an autoscaler, and all that is known of what it measures.
struct ReplicaQuestion {
  int32_t current = 0;    // replicas
  std::string resource;   // "cpu", "memory"
  std::string container;  // "": the pod as a whole
  Tolerances tolerances;
  const std::vector<PodMessage>& pods;  // that the target selects
  const bus::PodUses& uses;
  io::WallTime now;
  io::Duration cpu_initialization = std::chrono::minutes(5);
  io::Duration initial_readiness = std::chrono::seconds(30);
};

struct ReplicaProposal {
  int32_t replicas = 0;
  int32_t utilization = 0;    // percent of what is requested; 0 where the target is an amount
  int64_t average_milli = 0;  // per pod
  bool operator==(const ReplicaProposal&) const = default;
};

/// How many replicas bring the use of a resource to `target_percent` of what the pods request. Pods that are going or
/// failed do not count; those without metrics count against a change (as idle on the way up, as busy on the way
/// down), and so do those that are not ready, of cpu, on the way up. Errors say why nothing can be said.
/// Source: Kubernetes, "Horizontal Pod Autoscaling: Algorithm details", replica_calculator.go.
Result<ReplicaProposal> replicas_for_utilization(const ReplicaQuestion& question, int32_t target_percent);
/// The same for an average amount per pod.
Result<ReplicaProposal> replicas_for_average(const ReplicaQuestion& question, int64_t target_milli);

}  // namespace kabuki::controllers
