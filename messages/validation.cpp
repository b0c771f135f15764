#include "messages/validation.hpp"

#include "messages/api/apps/v1/deployment.pb.h"
#include "messages/api/apps/v1/replica_set.pb.h"
#include "messages/api/certificates/v1/certificate_signing_request.pb.h"
#include "messages/api/coordination/v1/lease.pb.h"
#include "messages/api/core/v1/config_map.pb.h"
#include "messages/api/core/v1/event.pb.h"
#include "messages/api/core/v1/namespace.pb.h"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/core/v1/secret.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/meta.hpp"
#include "messages/validation/rule.hpp"
#include "messages/validation/rules.hpp"
#include "messages/validation/special.hpp"

namespace kabuki {
namespace {

using namespace validation;
using google::protobuf::Message;
using Lease = ::k8s::io::api::coordination::v1::Lease;

template <class T, void (*check)(const T&, Findings*)>
void create(const Message& object, Findings* findings) {
  check(static_cast<const T&>(object), findings);
}

template <class T, void (*check)(const T&, const T&, std::string_view, Findings*)>
void change(const Message& old, const Message& now, std::string_view subresource, Findings* findings) {
  check(static_cast<const T&>(old), static_cast<const T&>(now), subresource, findings);
}

// What holds of every version of an object holds of the next one too.
template <class T, void (*check)(const T&, Findings*)>
void again(const Message&, const Message& now, std::string_view, Findings* findings) {
  check(static_cast<const T&>(now), findings);
}

struct Rules {
  KindId kind;
  void (*create)(const Message& object, Findings*);
  void (*change)(const Message& old, const Message& now, std::string_view subresource, Findings*);
};

// Kinds whose rules are functions, because most of their rules look at several fields. All others are data
// (validation/tables/, validation/special.cpp).
constexpr Rules kRules[] = {
    {kinds::kPod, create<core::Pod, check_pod>, change<core::Pod, check_pod_change>},
    {kinds::kNode, create<core::Node, check_node>, change<core::Node, check_node_change>},
    {kinds::kNamespace, create<core::Namespace, check_namespace>, again<core::Namespace, check_namespace>},
    {kinds::kConfigMap, create<core::ConfigMap, check_config_map>, change<core::ConfigMap, check_config_map_change>},
    {kinds::kSecret, create<core::Secret, check_secret>, change<core::Secret, check_secret_change>},
    {kinds::kService, create<core::Service, check_service>, change<core::Service, check_service_change>},
    {kinds::kEvent, create<core::Event, check_event>, again<core::Event, check_event>},
    {kinds::kLease, create<Lease, check_lease>, again<Lease, check_lease>},
    {kinds::kDeployment, create<apps::Deployment, check_deployment>,
     change<apps::Deployment, check_deployment_change>},
    {kinds::kReplicaSet, create<apps::ReplicaSet, check_replica_set>,
     change<apps::ReplicaSet, check_replica_set_change>},
    {kinds::kCertificateSigningRequest, create<certificates::CertificateSigningRequest, check_signing_request>,
     change<certificates::CertificateSigningRequest, check_signing_request_change>},
};

const Rules* functions_of(const Kind& kind) {
  for (const Rules& rules : kRules) {
    if (rules.kind == kind.id) return &rules;
  }
  return nullptr;
}

}  // namespace

bool validated_by_functions(const Kind& kind) { return functions_of(kind) != nullptr; }

std::vector<Cause> validate_create(const Kind& kind, const Message& object) {
  Findings findings;
  check_meta_create(kind, meta_of(object), &findings);
  if (const Rules* rules = functions_of(kind)) rules->create(object, &findings);
  check_rules(kind, nullptr, object, &findings);
  check_special(kind, object, &findings);
  return findings.take();
}

std::vector<Cause> validate_update(const Kind& kind, const Message& old, const Message& now,
                                   std::string_view subresource) {
  Findings findings;
  check_meta_update(meta_of(old), meta_of(now), &findings);
  if (const Rules* rules = functions_of(kind)) rules->change(old, now, subresource, &findings);
  // What does not touch the desired state need not judge it again.
  if (subresource.empty() && !same_desired_state(old, now)) {
    check_rules(kind, &old, now, &findings);
    check_special(kind, now, &findings);
    check_special_change(kind, old, now, &findings);
  }
  return findings.take();
}

}  // namespace kabuki
