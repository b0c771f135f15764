#pragma once

#include <google/protobuf/message.h>
#include <string>
#include <string_view>

#include "actors/quota/amounts.hpp"
#include "messages/kinds.hpp"
#include "runtime/io/time.hpp"

namespace k8s::io::api::core::v1 {
class ResourceQuota;
class ResourceQuotaSpec;
}  // namespace k8s::io::api::core::v1

namespace kabuki::quota {

using ResourceQuota = ::k8s::io::api::core::v1::ResourceQuota;
using ResourceQuotaSpec = ::k8s::io::api::core::v1::ResourceQuotaSpec;

/// Whether objects of this kind count towards quotas: all that live in namespaces, but events.
bool is_counted(const Kind& kind);
/// Whether a client's update of such an object can make it take more.
bool can_grow(KindId kind);

/// What one object takes, under all names that a quota may bound: "pods", "requests.cpu", "count/pods", ... A pod
/// that is over, or whose time to end has passed at `now`, takes no more than its place in the store. Source:
/// Kubernetes, "Resource Quotas"; pkg/quota/v1/evaluator/core.
Amounts usage_of(const Kind& kind, const google::protobuf::Message& object, io::WallTime now);

/// Those of `hard` that an object of the kind can take.
Amounts bounds_for(const Kind& kind, const Amounts& hard);

/// Whether the object is in all scopes that the quota names. What has no scopes (all but pods and claims) is in none.
bool in_scopes(const ResourceQuotaSpec& spec, const Kind& kind, const google::protobuf::Message& object);

/// Of a pod under a quota of cpu or memory: which containers do not say what they take,
/// "limits.cpu for: a,b; ...", as Kubernetes writes it; "" when all do.
std::string unspecified(const Amounts& bounds, const Kind& kind, const google::protobuf::Message& object);

}  // namespace kabuki::quota
