#pragma once

#include <memory>

#include "actors/api_server/write/write.hpp"

namespace k8s::io::api::autoscaling::v1 {
class Scale;
}

namespace kabuki::api_server {

using Scale = ::k8s::io::api::autoscaling::v1::Scale;

/// The autoscaling/v1 Scale view of an object with spec.replicas, status.replicas and spec.selector; its metadata is
/// the object's (name, namespace, uid, resourceVersion, creationTimestamp). Asserts that the kind has a scale.
Scale scale_of(const Kind& kind, const google::protobuf::Message& object);

/// Writes of /scale: only spec.replicas goes over to the object. The decision's object is the scaled object, not the
/// Scale.
Result<Decision> update_scale(const Write& write, const ObjectPtr& current, const google::protobuf::Message& old,
                              const WriteContext& context);
Result<Decision> patch_scale(const Write& write, const ObjectPtr& current, const google::protobuf::Message& old,
                             const WriteContext& context);

}  // namespace kabuki::api_server
