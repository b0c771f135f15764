#pragma once

#include <string>

#include "messages/object.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::api_server {

/// The parts of a control plane that Kubernetes' ComponentStatus tells of, and whose health is told here: the leaders
/// named by two Leases in kube-system, and the store.
inline constexpr const char* kSchedulerComponent = "scheduler";
inline constexpr const char* kControllersComponent = "controller-manager";
inline constexpr const char* kStoreComponent = "etcd-0";

/// Why the leader whose Lease this is (null: there is none) cannot be said to be at work at `now`; "" when it can:
/// it has renewed the Lease within the time for which it holds. `name` is the Lease's.
std::string lease_failure(const std::string& name, const ObjectPtr& lease, io::WallTime now);

/// A ComponentStatus, healthy when `failure` is "".
ObjectPtr component_status(const std::string& name, const std::string& failure);

}  // namespace kabuki::api_server
