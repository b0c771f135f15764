#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "actors/api_server/write/write.hpp"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/policy/v1/pod_disruption_budget.pb.h"

namespace kabuki::api_server {

using DisruptionBudget = ::k8s::io::api::policy::v1::PodDisruptionBudget;

/// What must be written before a pod is evicted: its budget with one disruption less. Null when no budget counts it.
struct EvictionPermit {
  std::shared_ptr<DisruptionBudget> budget;
  /// The pod goes because it serves nobody: it must still be as it was judged when it is removed.
  bool while_unchanged = false;
};

/// Whether `pod` may be evicted under the budgets of its namespace. Errors: 429 with cause DisruptionBudget when its
/// budget is spent or has not been counted yet, 500 when several budgets claim it. Pure. Source: Kubernetes'
/// registry/core/pod/storage/eviction.go.
Result<EvictionPermit> permit_eviction(const ::k8s::io::api::core::v1::Pod& pod,
                                       const std::vector<DisruptionBudget>& budgets, io::WallTime now);

/// How an eviction reads and writes: the owner's ways, so that this needs no actor.
struct EvictionSteps {
  std::function<void(const Key&, std::function<void(Result<ObjectPtr>)>)> get;
  /// The disruption budgets of a namespace.
  std::function<void(const std::string& ns, std::function<void(Result<std::vector<ObjectPtr>>)>)> budgets;
  /// Carries out a write; the answer is the object's revision after it.
  std::function<void(Write, std::function<void(Result<uint64_t>)>)> write;
  std::function<io::WallTime()> now;
};

/// Reads the pod and its budgets, takes one disruption from the budget, notes on the pod that it is disrupted
/// (condition DisruptionTarget), and removes it as `removal` says. Tries again when somebody else has changed the
/// budget, or a pod that was not serving, meanwhile.
void evict(EvictionSteps steps, Write removal, std::function<void(Result<>)> done);

}  // namespace kabuki::api_server
