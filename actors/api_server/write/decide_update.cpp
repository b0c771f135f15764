#include <google/protobuf/util/message_differencer.h>

#include "actors/api_server/write/admission/admission.hpp"
#include "actors/api_server/write/arena_message.hpp"
#include "actors/api_server/write/scale.hpp"
#include "actors/api_server/write/service_address.hpp"
#include "actors/api_server/write/service_ports.hpp"
#include "actors/api_server/write/splice.hpp"
#include "actors/api_server/write/write.hpp"
#include "actors/quota/ledger.hpp"
#include "messages/api/certificates/v1/certificate_signing_request.pb.h"
#include "messages/api/core/v1/namespace.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/core/v1/resource_quota.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/apply/managed_fields.hpp"
#include "messages/defaults.hpp"
#include "messages/meta.hpp"
#include "messages/patch/patch_message.hpp"
#include "messages/status.hpp"
#include "messages/validation.hpp"

namespace kabuki::api_server {
namespace {

using google::protobuf::Message;

/// What no client may change, whatever it sends.
void restore_system_metadata(const ObjectMeta& old, ObjectMeta* meta) {
  meta->set_name(old.name());
  meta->set_namespace_(old.namespace_());
  meta->set_uid(old.uid());
  meta->set_resourceversion(old.resourceversion());
  meta->set_generation(old.generation());
  meta->set_generatename(old.generatename());
  *meta->mutable_creationtimestamp() = old.creationtimestamp();
  if (!old.has_creationtimestamp()) meta->clear_creationtimestamp();
  meta->clear_deletiontimestamp();
  if (old.has_deletiontimestamp()) *meta->mutable_deletiontimestamp() = old.deletiontimestamp();
  meta->clear_deletiongraceperiodseconds();
  if (old.has_deletiongraceperiodseconds()) {
    meta->set_deletiongraceperiodseconds(old.deletiongraceperiodseconds());
  }
  meta->clear_selflink();
}

using Request = ::k8s::io::api::certificates::v1::CertificateSigningRequest;

/// /approval changes nothing but the conditions of a signing request.
void copy_conditions(const Message& from, Message* to) {
  auto* status = static_cast<Request*>(to)->mutable_status();
  *status->mutable_conditions() = static_cast<const Request&>(from).status().conditions();
  if (status->ByteSizeLong() == 0) static_cast<Request*>(to)->clear_status();
}

/// A condition that does not say since when it holds holds from now on, or since it last became so.
void date_conditions(const Request& old, const WriteContext& context, Request* next) {
  for (auto& condition : *next->mutable_status()->mutable_conditions()) {
    if (!condition.has_lastupdatetime()) *condition.mutable_lastupdatetime() = time_of(context.now.ns);
    if (condition.has_lasttransitiontime()) continue;
    *condition.mutable_lasttransitiontime() = time_of(context.now.ns);
    for (const auto& before : old.status().conditions()) {
      if (before.type() == condition.type() && before.status() == condition.status() &&
          before.has_lasttransitiontime()) {
        *condition.mutable_lasttransitiontime() = before.lasttransitiontime();
      }
    }
  }
}

/// /ephemeralcontainers adds containers to a pod.
void copy_ephemeral_containers(const Message& from, Message* to) {
  using Pod = ::k8s::io::api::core::v1::Pod;
  *static_cast<Pod*>(to)->mutable_spec()->mutable_ephemeralcontainers() =
      static_cast<const Pod&>(from).spec().ephemeralcontainers();
}

template <class Containers>
void copy_resources(const Containers& from, Containers* to) {
  for (auto& container : *to) {
    for (const auto& wanted : from) {
      if (wanted.name() != container.name()) continue;
      container.clear_resources();
      if (wanted.has_resources()) *container.mutable_resources() = wanted.resources();
    }
  }
}

/// /resize changes what the containers of a pod may use.
void copy_container_resources(const Message& from, Message* to) {
  using Pod = ::k8s::io::api::core::v1::Pod;
  const auto& wanted = static_cast<const Pod&>(from).spec();
  auto* spec = static_cast<Pod*>(to)->mutable_spec();
  copy_resources(wanted.containers(), spec->mutable_containers());
  copy_resources(wanted.initcontainers(), spec->mutable_initcontainers());
}

/// Of some kinds /status leaves all metadata as it is; of the others clients may change theirs there too. Source: the
/// strategies of Kubernetes' registry.
bool status_keeps_metadata(KindId kind) {
  return kind == kinds::kCertificateSigningRequest || kind == kinds::kFlowSchema ||
         kind == kinds::kPriorityLevelConfiguration || kind == kinds::kCustomResourceDefinition ||
         kind == kinds::kAPIService || kind == kinds::kResourceClaim || kind == kinds::kValidatingAdmissionPolicy;
}

/// What a client's /status says of metadata. Components send there what they have seen last, which may be old.
void copy_open_metadata(const Write& write, const ObjectMeta& from, ObjectMeta* to) {
  const KindId kind = write.kind->id;
  if (!write.always_record || status_keeps_metadata(kind)) return;
  *to->mutable_annotations() = from.annotations();
  *to->mutable_finalizers() = from.finalizers();
  *to->mutable_managedfields() = from.managedfields();
  if (kind != kinds::kDeployment) *to->mutable_labels() = from.labels();
  if (kind != kinds::kPod) *to->mutable_ownerreferences() = from.ownerreferences();
}

/// They stand among the annotations, but belong to the status.
void copy_reservations(const Message& from, Message* to) {
  quota::copy_reservations(static_cast<const quota::ResourceQuota&>(from), static_cast<quota::ResourceQuota*>(to));
}

/// Each endpoint changes its part: /status the status, /finalize a namespace's finalizers, the main one all the rest.
std::shared_ptr<Message> keep_other_parts(const Write& write, const Message& old, std::shared_ptr<Message> next) {
  if (write.subresource == "status") {
    std::shared_ptr<Message> kept = make_in_arena(old);
    kept->CopyFrom(old);
    copy_part(*next, "status", kept.get());
    if (write.kind->id == kinds::kResourceQuota) copy_reservations(*next, kept.get());
    copy_open_metadata(write, meta_of(*next), mutable_meta(kept.get()));
    return kept;
  }
  if (write.subresource == "finalize") {
    std::shared_ptr<Message> kept = make_in_arena(old);
    kept->CopyFrom(old);
    copy_part(*next, "spec", kept.get());
    return kept;
  }
  if (write.subresource == "ephemeralcontainers" || write.subresource == "resize") {
    std::shared_ptr<Message> kept = make_in_arena(old);
    kept->CopyFrom(old);
    (write.subresource == "resize" ? copy_container_resources : copy_ephemeral_containers)(*next, kept.get());
    return kept;
  }
  if (write.subresource == "approval") {
    std::shared_ptr<Message> kept = make_in_arena(old);
    kept->CopyFrom(old);
    copy_conditions(*next, kept.get());
    return kept;
  }
  if (write.kind->has_status) copy_part(old, "status", next.get());
  if (write.kind->id == kinds::kResourceQuota) copy_reservations(old, next.get());
  // A namespace's spec holds only its finalizers, which are /finalize's.
  if (write.kind->id == kinds::kNamespace) copy_part(old, "spec", next.get());
  // What was asked to be signed is not exchanged afterwards.
  if (write.kind->id == kinds::kCertificateSigningRequest) copy_part(old, "spec", next.get());
  return next;
}

/// An object that is being deleted ends with its last finalizer; a pod only by its kubelet's last word.
bool ends_now(const Kind& kind, const Message& object) {
  const ObjectMeta& meta = meta_of(object);
  if (!meta.has_deletiontimestamp() || meta.finalizers_size() > 0) return false;
  if (kind.id == kinds::kNamespace) {
    return static_cast<const ::k8s::io::api::core::v1::Namespace&>(object).spec().finalizers_size() == 0;
  }
  return !meta.has_deletiongraceperiodseconds() || meta.deletiongraceperiodseconds() == 0;
}

Result<> check_name(const Write& write, const ObjectMeta& meta) {
  if (meta.name() != write.key.name) {
    return bad_request("the name of the object (" + meta.name() + ") does not match the name on the URL (" +
                       write.key.name + ")");
  }
  if (!meta.namespace_().empty() && meta.namespace_() != write.key.ns) {
    return bad_request("the namespace of the object (" + meta.namespace_() +
                       ") does not match the namespace on the URL (" + write.key.ns + ")");
  }
  return {};
}

}  // namespace

Result<Decision> finish_update(const Write& write, const ObjectPtr& current, const Message& old,
                               std::shared_ptr<Message> next, const WriteContext& context) {
  const Kind& kind = *write.kind;
  next = keep_other_parts(write, old, std::move(next));
  restore_system_metadata(meta_of(old), mutable_meta(next.get()));
  if (kind.id == kinds::kCertificateSigningRequest && static_cast<const Request&>(*next).status().conditions_size()) {
    date_conditions(static_cast<const Request&>(old), context, static_cast<Request*>(next.get()));
  }
  const bool changes_pod = write.subresource == "ephemeralcontainers" || write.subresource == "resize";
  if (write.subresource.empty() || changes_pod) apply_defaults(kind, next.get());
  if (kind.id == kinds::kService && write.subresource.empty()) {
    using Service = ::k8s::io::api::core::v1::Service;
    auto* service = static_cast<Service*>(next.get());
    settle_service_address(static_cast<const Service&>(old), write.spare_address, service);
    settle_node_ports(static_cast<const Service&>(old), write.spare_ports, service);
  }

  const Admission admission{.write = write, .context = context, .object = next.get(), .old = &old};
  if (write.subresource.empty()) {
    if (auto admitted = admit(admission); !admitted) return admitted.error();
  }
  if (auto causes = validate_update(kind, old, *next, write.subresource); !causes.empty()) {
    return invalid(kind, write.key.name, std::move(causes));
  }
  if (write.subresource.empty() || write.subresource == "resize") {
    if (auto checked = check_admitted(admission); !checked) return checked.error();
  }
  record_manager(write, &old, context, next.get());
  if (kind.has_generation && write.subresource != "status" && !same_desired_state(old, *next)) {
    mutable_meta(next.get())->set_generation(meta_of(old).generation() + 1);
  }

  Decision decision{.object = next, .expected_revision = current->revision()};
  if (ends_now(kind, *next)) {
    decision.effect = Decision::Effect::removed;
  } else {
    decision.next = Object::encode(kind.id, *next);
    decision.effect = decision.next->body() == current->body() ? Decision::Effect::unchanged : Decision::Effect::put;
  }
  return decision;
}

Result<Decision> decide_update(const Write& write, const ObjectPtr& current, const WriteContext& context) {
  if (write.sent) {
    if (auto spliced = splice_status(write, current)) return *std::move(spliced);
    Write parsed = write;
    parsed.sent = nullptr;
    auto object = parse_current(*write.kind, write.sent);
    if (!object) return object.error();
    // The precondition is the write's, never what the object happened to carry.
    mutable_meta(object->get())->clear_resourceversion();
    parsed.object = *object;
    return decide_update(parsed, current, context);
  }
  auto old = parse_current(*write.kind, current);
  if (!old) return old.error();
  if (write.subresource == "scale") return update_scale(write, current, **old, context);

  const ObjectMeta& asked = meta_of(*write.object);
  if (auto named = check_name(write, asked); !named) return named.error();
  if (!asked.uid().empty() && asked.uid() != current->uid()) {
    Write with_uid = write;
    with_uid.expected_uid = asked.uid();
    return check_preconditions(with_uid, current).error();
  }
  if (!asked.resourceversion().empty() && asked.resourceversion() != std::to_string(current->revision())) {
    return stale_write(*write.kind, write.key.name);
  }
  if (!write.subresource.empty()) {
    // Read only: keep_other_parts takes one part out of it.
    return finish_update(write, current, **old, std::const_pointer_cast<Message>(write.object), context);
  }
  std::shared_ptr<Message> next = make_in_arena(*write.object);
  next->CopyFrom(*write.object);
  return finish_update(write, current, **old, std::move(next), context);
}

namespace {

Result<Decision> decide_apply(const Write& write, const ObjectPtr& current, const Message& old,
                              const WriteContext& context) {
  JsonNotes notes;
  const Version* version = write.version;
  const std::unique_ptr<Message> live = version ? from_stored(*version, old) : nullptr;
  auto applied = apply_configuration(version ? version->kind : *write.kind, live ? live.get() : &old, write.patch,
                                     {write.field_manager, write.subresource, context.now.ns}, write.force, &notes);
  if (!applied) return applied.error();
  std::shared_ptr<Message> next = version ? to_stored(*version, **applied) : std::move(*applied);
  const ObjectMeta& asked = meta_of(*next);
  if (auto named = check_name(write, asked); !named) return named.error();
  if (asked.uid() != current->uid()) {
    return conflict(*write.kind, write.key.name,
                    "uid mismatch: the provided object specified uid " + asked.uid() + ", and it has another");
  }
  if (asked.resourceversion() != std::to_string(current->revision())) return stale_write(*write.kind, write.key.name);
  auto decision = finish_update(write, current, old, std::move(next), context);
  if (decision) decision->notes = std::move(notes.notes);
  return decision;
}

}  // namespace

Result<Decision> decide_patch(const Write& write, const ObjectPtr& current, const WriteContext& context) {
  auto old = parse_current(*write.kind, current);
  if (!old) return old.error();
  if (write.subresource == "scale") return patch_scale(write, current, **old, context);

  if (write.patch_kind == PatchKind::apply) return decide_apply(write, current, **old, context);
  const Version* version = write.version;
  std::shared_ptr<Message> next;
  if (version) {
    next = from_stored(*version, **old);
  } else {
    next = make_in_arena(**old);
    next->CopyFrom(**old);
  }
  JsonNotes notes;
  auto patched = patch_message(write.patch_kind == PatchKind::json    ? PatchType::json
                               : write.patch_kind == PatchKind::merge ? PatchType::merge
                                                                      : PatchType::strategic,
                               write.patch, version ? version->kind : *write.kind, next.get(), &notes, write.strict);
  if (!patched) return patched.error();
  if (version) next = to_stored(*version, *next);
  const ObjectMeta& asked = meta_of(*next);
  if (auto named = check_name(write, asked); !named) return named.error();
  if (asked.uid() != current->uid()) {
    return invalid(*write.kind, write.key.name,
                   {invalid_value("metadata.uid", "\"" + asked.uid() + "\"", "field is immutable")});
  }
  if (asked.resourceversion() != std::to_string(current->revision())) {
    return stale_write(*write.kind, write.key.name);
  }
  auto decision = finish_update(write, current, **old, std::move(next), context);
  if (decision) decision->notes = std::move(notes.notes);
  return decision;
}

}  // namespace kabuki::api_server
