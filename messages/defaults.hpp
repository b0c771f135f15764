#pragma once

#include "messages/kinds.hpp"

namespace k8s::io::api::core::v1 {
class PodSpec;
}

namespace kabuki {

/// Fills in what the client left out, as Kubernetes does before it validates: only absent fields change, and applying
/// it again changes nothing. Source: the API reference's "defaults to"; pkg/apis/*/v1/defaults.go.
void apply_defaults(const Kind& kind, google::protobuf::Message* object);

/// What pods and pod templates share.
void apply_pod_spec_defaults(k8s::io::api::core::v1::PodSpec* spec);

/// What a pod gets beyond that, and a template does not: requests from limits, host ports, service links.
void apply_pod_only_defaults(k8s::io::api::core::v1::PodSpec* spec);

}  // namespace kabuki
