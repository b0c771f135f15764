#pragma once

#include <google/protobuf/map.h>
#include <string>

#include "messages/kinds.hpp"
#include "messages/validation/findings.hpp"

namespace k8s::io::apimachinery::pkg::apis::meta::v1 {
class LabelSelector;
class ObjectMeta;
}  // namespace k8s::io::apimachinery::pkg::apis::meta::v1
namespace k8s::io::apimachinery::pkg::util::intstr {
class IntOrString;
}
namespace k8s::io::api::core::v1 {
class Affinity;
class ConfigMap;
class EphemeralContainer;
class Event;
class Namespace;
class Node;
class Pod;
class PodSpec;
class PodTemplateSpec;
class Secret;
class Service;
}  // namespace k8s::io::api::core::v1
namespace k8s::io::api::apps::v1 {
class Deployment;
class ReplicaSet;
}  // namespace k8s::io::api::apps::v1
namespace k8s::io::api::coordination::v1 {
class Lease;
}
namespace k8s::io::api::certificates::v1 {
class CertificateSigningRequest;
}

// The rules of each family; messages/validation.cpp says which kind has which.
// Source: Kubernetes' pkg/apis/*/validation and the observed answers of a kube-apiserver.
namespace kabuki::validation {

namespace core = ::k8s::io::api::core::v1;
namespace apps = ::k8s::io::api::apps::v1;
namespace certificates = ::k8s::io::api::certificates::v1;
namespace meta = ::k8s::io::apimachinery::pkg::apis::meta::v1;
using StringMap = google::protobuf::Map<std::string, std::string>;
using IntOrString = ::k8s::io::apimachinery::pkg::util::intstr::IntOrString;

void check_meta_create(const Kind& kind, const meta::ObjectMeta& meta, Findings* findings);
void check_meta_update(const meta::ObjectMeta& old, const meta::ObjectMeta& now, Findings* findings);
void check_labels(const StringMap& labels, const FieldPath& path, Findings* findings);
void check_annotations(const StringMap& annotations, const FieldPath& path, Findings* findings);
void check_label_selector(const meta::LabelSelector& selector, const FieldPath& path, Findings* findings);
/// A port's number or name.
void check_port_reference(const IntOrString& port, const FieldPath& path, Findings* findings);

void check_pod_spec(const core::PodSpec& spec, const FieldPath& path, Findings* findings);
/// Containers, init containers and ephemeral containers; their names are unique among all of them.
void check_containers(const core::PodSpec& spec, const FieldPath& path, Findings* findings);
/// What an ephemeral container may not have that others may; and its target, which must be there.
void check_ephemeral_container(const core::EphemeralContainer& ephemeral, const core::PodSpec& spec,
                               const FieldPath& path, Findings* findings);
void check_affinity(const core::Affinity& affinity, const FieldPath& path, Findings* findings);
void check_volumes(const core::PodSpec& spec, const FieldPath& path, Findings* findings);
void check_pod_template(const core::PodTemplateSpec& pod_template, const FieldPath& path, Findings* findings);
void check_pod(const core::Pod& pod, Findings* findings);
void check_pod_change(const core::Pod& old, const core::Pod& now, std::string_view subresource, Findings* findings);

/// Of pods/ephemeralcontainers: containers are added, never changed or taken away.
void check_ephemeral_containers_change(const core::Pod& old, const core::Pod& now, Findings* findings);
/// Of pods/resize: cpu and memory may change, not what makes the pod's quality of service.
void check_resize(const core::Pod& old, const core::Pod& now, Findings* findings);

void check_deployment(const apps::Deployment& deployment, Findings* findings);
void check_deployment_change(const apps::Deployment& old, const apps::Deployment& now, std::string_view subresource,
                             Findings* findings);
void check_replica_set(const apps::ReplicaSet& set, Findings* findings);
void check_replica_set_change(const apps::ReplicaSet& old, const apps::ReplicaSet& now, std::string_view subresource,
                              Findings* findings);

void check_service(const core::Service& service, Findings* findings);
void check_service_change(const core::Service& old, const core::Service& now, std::string_view subresource,
                          Findings* findings);

void check_config_map(const core::ConfigMap& map, Findings* findings);
void check_config_map_change(const core::ConfigMap& old, const core::ConfigMap& now, std::string_view subresource,
                             Findings* findings);
void check_secret(const core::Secret& secret, Findings* findings);
void check_secret_change(const core::Secret& old, const core::Secret& now, std::string_view subresource,
                         Findings* findings);
void check_namespace(const core::Namespace& space, Findings* findings);
void check_node(const core::Node& node, Findings* findings);
void check_node_change(const core::Node& old, const core::Node& now, std::string_view subresource,
                       Findings* findings);
void check_event(const core::Event& event, Findings* findings);
void check_lease(const ::k8s::io::api::coordination::v1::Lease& lease, Findings* findings);

/// Of `spec.request` only its PEM.
void check_signing_request(const certificates::CertificateSigningRequest& request, Findings* findings);
void check_signing_request_change(const certificates::CertificateSigningRequest& old,
                                  const certificates::CertificateSigningRequest& now, std::string_view subresource,
                                  Findings* findings);

}  // namespace kabuki::validation
