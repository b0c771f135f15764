// Who may do what, and in which order: roles, priorities, admission, flow control, certificates, devices.
#include "actors/api_server/table/cells.hpp"
#include "actors/api_server/table/human_duration.hpp"
#include "actors/api_server/table/printer.hpp"
#include "messages/api/admissionregistration/v1/mutating_policy.pb.h"
#include "messages/api/admissionregistration/v1/mutating_webhook.pb.h"
#include "messages/api/admissionregistration/v1/validating_policy.pb.h"
#include "messages/api/admissionregistration/v1/validating_webhook.pb.h"
#include "messages/api/apiregistration/v1/api_service.pb.h"
#include "messages/api/certificates/v1/certificate_signing_request.pb.h"
#include "messages/api/flowcontrol/v1/flow_schema.pb.h"
#include "messages/api/flowcontrol/v1/priority_level_configuration.pb.h"
#include "messages/api/node/v1/runtime_class.pb.h"
#include "messages/api/rbac/v1/role_binding.pb.h"
#include "messages/api/resource/v1/device_class.pb.h"
#include "messages/api/resource/v1/resource_claim.pb.h"
#include "messages/api/resource/v1/resource_claim_template.pb.h"
#include "messages/api/resource/v1/resource_slice.pb.h"
#include "messages/api/scheduling/v1/priority_class.pb.h"
#include "messages/meta.hpp"

namespace kabuki::api_server::table {
namespace {

namespace admission = ::k8s::io::api::admissionregistration::v1;
namespace flowcontrol = ::k8s::io::api::flowcontrol::v1;
namespace rbac = ::k8s::io::api::rbac::v1;
namespace resource = ::k8s::io::api::resource::v1;

constexpr const char* kUnset = "<unset>";
using google::protobuf::Message;

// Rows begin with the name, and end with the age but for a few.
template <class Object>
Row with_age(const Object& object, std::vector<Cell> between, io::WallTime now) {
  Row row{{object.metadata().name()}, {}};
  for (Cell& cell : between) row.cells.push_back(std::move(cell));
  row.cells.emplace_back(age_of(object.metadata().creationtimestamp(), now));
  return row;
}

template <class Binding>
Row binding_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const Binding&>(message);
  std::vector<std::string> users, groups, accounts;
  for (const auto& subject : object.subjects()) {
    if (subject.kind() == "User") users.push_back(subject.name());
    if (subject.kind() == "Group") groups.push_back(subject.name());
    if (subject.kind() == "ServiceAccount") accounts.push_back(subject.namespace_() + "/" + subject.name());
  }
  Row row = with_age(object, {object.roleref().kind() + "/" + object.roleref().name()}, now);
  for (auto* list : {&users, &groups, &accounts}) row.cells.emplace_back(with_more(*list, list->size(), ", "));
  return row;
}

Row priority_class_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const ::k8s::io::api::scheduling::v1::PriorityClass&>(message);
  Row row = with_age(object, {int64_t{object.value()}, object.globaldefault()}, now);
  row.cells.emplace_back(object.has_preemptionpolicy() ? object.preemptionpolicy() : "PreemptLowerPriority");
  return row;
}

Row runtime_class_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const ::k8s::io::api::node::v1::RuntimeClass&>(message);
  return with_age(object, {object.handler()}, now);
}

Row signing_request_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const ::k8s::io::api::certificates::v1::CertificateSigningRequest&>(message);
  bool approved = false, denied = false, failed = false;
  for (const auto& condition : object.status().conditions()) {
    approved = approved || condition.type() == "Approved";
    denied = denied || condition.type() == "Denied";
    failed = failed || condition.type() == "Failed";
  }
  std::string state = denied ? "Denied" : approved ? "Approved" : "Pending";
  if (failed) state += ",Failed";
  if (!object.status().certificate().empty()) state += ",Issued";
  const auto& spec = object.spec();
  const std::string life =
      spec.has_expirationseconds() ? human_duration(std::chrono::seconds(spec.expirationseconds())) : kNone;
  return {{object.metadata().name(), age_of(object.metadata().creationtimestamp(), now), or_none(spec.signername()),
           spec.username(), life, state},
          {}};
}

Row flow_schema_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const flowcontrol::FlowSchema&>(message);
  const auto& spec = object.spec();
  std::string dangling = "?";
  for (const auto& condition : object.status().conditions()) {
    if (condition.type() == "Dangling") dangling = condition.status();
  }
  Row row = with_age(object,
                     {spec.prioritylevelconfiguration().name(), int64_t{spec.matchingprecedence()},
                      spec.has_distinguishermethod() ? spec.distinguishermethod().type() : kNone},
                     now);
  row.cells.emplace_back(dangling);
  return row;
}

Row priority_level_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const flowcontrol::PriorityLevelConfiguration&>(message);
  const auto& spec = object.spec();
  Cell shares = kNone, queues = kNone, hand = kNone, length = kNone;
  if (spec.has_limited()) {
    shares = int64_t{spec.limited().nominalconcurrencyshares()};
    if (spec.limited().limitresponse().has_queuing()) {
      const auto& queuing = spec.limited().limitresponse().queuing();
      queues = int64_t{queuing.queues()};
      hand = int64_t{queuing.handsize()};
      length = int64_t{queuing.queuelengthlimit()};
    }
  } else if (spec.has_exempt()) {
    shares = int64_t{spec.exempt().nominalconcurrencyshares()};
  }
  return with_age(object, {spec.type(), shares, queues, hand, length}, now);
}

template <class Webhooks>
Row webhook_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const Webhooks&>(message);
  return with_age(object, {int64_t{object.webhooks_size()}}, now);
}

template <class Spec>
std::string parameters_kind(const Spec& spec) {
  return spec.has_paramkind() ? spec.paramkind().apiversion() + "/" + spec.paramkind().kind() : kUnset;
}

Row mutating_policy_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const admission::MutatingAdmissionPolicy&>(message);
  return with_age(object, {int64_t{object.spec().mutations_size()}, parameters_kind(object.spec())}, now);
}

Row validating_policy_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const admission::ValidatingAdmissionPolicy&>(message);
  return with_age(object, {int64_t{object.spec().validations_size()}, parameters_kind(object.spec())}, now);
}

template <class Binding>
Row policy_binding_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const Binding&>(message);
  const auto& reference = object.spec().paramref();
  std::string parameters = kUnset;
  if (object.spec().has_paramref()) {
    parameters = reference.namespace_().empty() ? reference.name() : reference.namespace_() + "/" + reference.name();
    if (reference.has_selector()) parameters += selector_text(reference.selector());
  }
  return with_age(object, {object.spec().policyname(), parameters}, now);
}

Row api_service_row(const Message& message, io::WallTime now) {
  const auto& object =
      static_cast<const ::k8s::io::kube_aggregator::pkg::apis::apiregistration::v1::APIService&>(message);
  const auto& service = object.spec().service();
  std::string available = "Unknown";
  for (const auto& condition : object.status().conditions()) {
    if (condition.type() != "Available") continue;
    available = condition.status();
    if (available != "True") available += " (" + condition.reason() + ")";
  }
  return with_age(
      object, {object.spec().has_service() ? service.namespace_() + "/" + service.name() : "Local", available}, now);
}

Row device_class_row(const Message& message, io::WallTime now) {
  return with_age(static_cast<const resource::DeviceClass&>(message), {}, now);
}

Row resource_claim_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const resource::ResourceClaim&>(message);
  std::vector<std::string> states;
  if (object.metadata().has_deletiontimestamp()) states.push_back("deleted");
  if (object.status().has_allocation()) states.push_back("allocated");
  if (!object.status().has_allocation() && states.empty()) states.push_back("pending");
  if (object.status().reservedfor_size() > 0) states.push_back("reserved");
  return with_age(object, {joined(states)}, now);
}

Row resource_claim_template_row(const Message& message, io::WallTime now) {
  return with_age(static_cast<const resource::ResourceClaimTemplate&>(message), {}, now);
}

Row resource_slice_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const resource::ResourceSlice&>(message);
  const auto& spec = object.spec();
  return with_age(object, {spec.has_nodename() ? spec.nodename() : kUnset, spec.driver(), spec.pool().name()}, now);
}

std::vector<Column> binding_columns() {
  return {name_column(),
          {"Role", "string", "The role that is given."},
          age_column(),
          {"Users", "string", "The users who have it.", true},
          {"Groups", "string", "The groups that have it.", true},
          {"ServiceAccounts", "string", "The service accounts that have it.", true}};
}

std::vector<Column> webhook_columns() {
  return {name_column(), {"Webhooks", "integer", "How many webhooks there are."}, age_column()};
}

std::vector<Column> policy_binding_columns() {
  return {name_column(),
          {"PolicyName", "string", "The policy that is in force by this."},
          {"ParamRef", "string", "The parameters of the policy."},
          age_column()};
}

}  // namespace

Printer role_binding_printer() { return {binding_columns(), binding_row<rbac::RoleBinding>}; }
Printer cluster_role_binding_printer() { return {binding_columns(), binding_row<rbac::ClusterRoleBinding>}; }

Printer priority_class_printer() {
  return {{name_column(),
           {"Value", "integer", "The priority; higher goes first."},
           {"Global-Default", "boolean", "Whether pods without a class get this one."},
           age_column(),
           {"PreemptionPolicy", "string", "Whether pods of this class push others off."}},
          priority_class_row};
}

Printer runtime_class_printer() {
  return {{name_column(), {"Handler", "string", "The runtime's configuration."}, age_column()}, runtime_class_row};
}

Printer signing_request_printer() {
  return {{name_column(),
           age_column(),
           {"SignerName", "string", "Who is asked to sign."},
           {"Requestor", "string", "Who asks."},
           {"RequestedDuration", "string", "For how long."},
           {"Condition", "string", "What has been decided."}},
          signing_request_row};
}

Printer flow_schema_printer() {
  return {{name_column(),
           {"PriorityLevel", "string", "The level that these requests get."},
           {"MatchingPrecedence", "integer", "Lower is tried first."},
           {"DistinguisherMethod", "string", "What tells one flow from another."},
           age_column(),
           {"MissingPL", "string", "Whether the level does not exist."}},
          flow_schema_row};
}

Printer priority_level_printer() {
  return {{name_column(),
           {"Type", "string", "Limited or Exempt."},
           {"NominalConcurrencyShares", "string", "The level's share of all requests under way."},
           {"Queues", "string", "How many queues the level has."},
           {"HandSize", "string", "How many queues a flow is dealt."},
           {"QueueLengthLimit", "string", "How many requests a queue holds."},
           age_column()},
          priority_level_row};
}

Printer mutating_webhook_printer() {
  return {webhook_columns(), webhook_row<admission::MutatingWebhookConfiguration>};
}
Printer validating_webhook_printer() {
  return {webhook_columns(), webhook_row<admission::ValidatingWebhookConfiguration>};
}

Printer mutating_policy_printer() {
  return {{name_column(),
           {"Mutations", "integer", "How many mutations the policy has."},
           {"ParamKind", "string", "The kind of its parameters."},
           age_column()},
          mutating_policy_row};
}

Printer validating_policy_printer() {
  return {{name_column(),
           {"Validations", "integer", "How many validations the policy has."},
           {"ParamKind", "string", "The kind of its parameters."},
           age_column()},
          validating_policy_row};
}

Printer mutating_policy_binding_printer() {
  return {policy_binding_columns(), policy_binding_row<admission::MutatingAdmissionPolicyBinding>};
}
Printer validating_policy_binding_printer() {
  return {policy_binding_columns(), policy_binding_row<admission::ValidatingAdmissionPolicyBinding>};
}

Printer api_service_printer() {
  return {{name_column(),
           {"Service", "string", "Who serves this group."},
           {"Available", "string", "Whether it answers."},
           age_column()},
          api_service_row};
}

Printer device_class_printer() { return {{name_column(), age_column()}, device_class_row}; }

Printer resource_claim_printer() {
  return {{name_column(), {"State", "string", "How far the claim is."}, age_column()}, resource_claim_row};
}

Printer resource_claim_template_printer() { return {{name_column(), age_column()}, resource_claim_template_row}; }

Printer resource_slice_printer() {
  return {{name_column(),
           {"Node", "string", "The node that the devices are at."},
           {"Driver", "string", "The driver of the devices."},
           {"Pool", "string", "The pool that the slice is part of."},
           age_column()},
          resource_slice_row};
}

}  // namespace kabuki::api_server::table
