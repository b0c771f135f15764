#include <algorithm>
#include <utility>

#include "actors/api_server/api_server.hpp"
#include "actors/api_server/delete_options.hpp"
#include "actors/api_server/limits.hpp"
#include "actors/api_server/write/eviction.hpp"
#include "actors/api_server/write/scale.hpp"
#include "messages/api/autoscaling/v1/scale.pb.h"
#include "messages/api/certificates/v1/certificate_signing_request.pb.h"
#include "messages/api/core/v1/binding.pb.h"
#include "messages/api/policy/v1/eviction.pb.h"
#include "messages/apply/managed_fields.hpp"
#include "messages/meta.hpp"
#include "messages/status.hpp"
#include "messages/yaml.hpp"

namespace kabuki::api_server {
namespace {

using Binding = ::k8s::io::api::core::v1::Binding;
using Eviction = ::k8s::io::api::policy::v1::Eviction;

/// pods/binding, or v1/bindings, where the body alone names the pod.
bool is_binding(const RequestInfo& info) { return info.subresource == "binding" || info.kind->id == kinds::kBinding; }

ExpectedType expected_type(const RequestInfo& info) {
  if (info.subresource == "scale") return {"autoscaling/v1", "Scale", Scale::descriptor()};
  if (is_binding(info)) return {"v1", "Binding", Binding::descriptor()};
  // kubectl drains so up to 1.21, and a kube-apiserver of today still hears it.
  if (info.subresource == "eviction") {
    return {"policy/v1", "Eviction", Eviction::descriptor(), false, "policy/v1beta1"};
  }
  const Kind& kind = info.served();
  return {kind.api_version(), kind.kind, kind.descriptor};
}

Result<PatchKind> patch_kind(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  if (content_type == "application/json-patch+json") return PatchKind::json;
  if (content_type == "application/merge-patch+json") return PatchKind::merge;
  if (content_type == "application/strategic-merge-patch+json") return PatchKind::strategic;
  if (content_type == "application/apply-patch+yaml") return PatchKind::apply;
  return Error{
      .code = 415, .reason = "UnsupportedMediaType", .message = "415: Unsupported Media Type", .has_details = true};
}

/// What a binding says about itself. An unnamed one is the path's.
Result<> check_binding(const RequestInfo& info, Binding* binding) {
  ObjectMeta* meta = binding->mutable_metadata();
  if (meta->namespace_().empty()) meta->set_namespace_(info.ns);
  if (meta->namespace_() != info.ns) {
    return bad_request("the namespace of the provided object does not match the namespace sent on the request");
  }
  if (meta->name().empty()) meta->set_name(info.name);
  if (!info.name.empty() && meta->name() != info.name) {
    return bad_request("name in URL does not match name in Binding object");
  }
  const std::string& kind = binding->target().kind();
  std::vector<Cause> causes;
  if (!kind.empty() && kind != "Node") {
    causes.push_back(unsupported_value("target.kind", kind, {"Node", "<empty>"}));
  }
  if (binding->target().name().empty()) causes.push_back(required_value("target.name"));
  if (causes.empty()) return {};
  return invalid("", "Binding", meta->name(), std::move(causes));
}

Result<Write> eviction_of(const RequestInfo& info, const Eviction& eviction, bool dry_run) {
  if (!eviction.metadata().name().empty() && eviction.metadata().name() != info.name) {
    return bad_request("name in URL does not match name in Eviction object");
  }
  Write write{.verb = Write::Verb::remove, .kind = info.kind, .key = {info.kind->id, info.ns, info.name}};
  const auto& options = eviction.deleteoptions();
  if (options.has_graceperiodseconds()) write.grace_seconds = options.graceperiodseconds();
  if (options.has_propagationpolicy()) write.propagation = options.propagationpolicy();
  write.expected_uid = options.preconditions().uid();
  write.expected_version = options.preconditions().resourceversion();
  write.dry_run = dry_run || options.dryrun_size() > 0;
  return write;
}

/// Whether a deletion that is done at once answers the object, as Kubernetes' registry has it for some kinds; of all
/// others a Status.
bool returns_deleted(KindId kind) {
  constexpr KindId kKinds[] = {
      kinds::kPod,           kinds::kService,          kinds::kServiceAccount,        kinds::kPodTemplate,
      kinds::kResourceQuota, kinds::kPersistentVolume, kinds::kPersistentVolumeClaim, kinds::kStorageClass,
      kinds::kCSIDriver,     kinds::kCSINode,          kinds::kVolumeAttachment,      kinds::kVolumeAttributesClass,
      kinds::kDeviceClass,   kinds::kResourceClaim,    kinds::kResourceClaimTemplate, kinds::kResourceSlice};
  return std::find(std::begin(kKinds), std::end(kKinds), kind) != std::end(kKinds);
}

/// Who asks for a certificate is who sends the request, whatever the request says: signers decide by it.
void name_requester(const http::Identity& identity, const Kind& kind, google::protobuf::Message* object) {
  if (kind.id != kinds::kCertificateSigningRequest) return;
  auto* spec = static_cast<::k8s::io::api::certificates::v1::CertificateSigningRequest*>(object)->mutable_spec();
  spec->set_username(identity.user);
  spec->clear_uid();
  spec->clear_extra();
  spec->clear_groups();
  for (const std::string& group : identity.groups) spec->add_groups(group);
}

/// The body of a create or update as it is to be stored.
std::shared_ptr<google::protobuf::Message> stored_body(const RequestInfo& info, const DecodedBody& body) {
  if (!info.version || info.subresource == "scale") return body.message;
  return to_stored(*info.version, *body.message);
}

/// Who a client is in managedFields: what it says, or the product it calls itself.
std::string field_manager(const http::Request& request, const WriteParameters& parameters) {
  if (!parameters.field_manager.empty()) return parameters.field_manager;
  const std::string_view agent = request.header("user-agent");
  const std::string product(agent.substr(0, agent.find('/')));
  return product.empty() ? "unknown" : product;
}

}  // namespace

void ApiServer::run_and_answer(const HttpCallPtr& call, Write write, int success, std::vector<std::string> warnings) {
  admit_and_run(std::move(write),
                [this, call, success, warnings = std::move(warnings)](Result<WriteOutcome> outcome) mutable {
                  answer_write(call, std::move(outcome), success, std::move(warnings));
                });
}

void ApiServer::answer_write(const HttpCallPtr& call, Result<WriteOutcome> outcome, int success,
                             std::vector<std::string> warnings) {
  if (!outcome) return refuse(call, outcome.error());
  const Kind& kind = *call->info.kind;
  Response response;
  if (call->info.subresource == "scale") {
    response = render_message(success, scale_of(kind, *outcome->message), "Scale", "autoscaling/v1", call->format);
  } else {
    response = render_object(success, call->info.served(), *outcome->message, call->format,
                             call->request.parameter("includeObject"), now());
  }
  const bool quiet = call->request.parameter("fieldValidation") == "Ignore";
  if (!quiet) warnings.insert(warnings.end(), outcome->notes.begin(), outcome->notes.end());
  add_warnings(warnings, &response);
  answer(call, std::move(response));
}

void ApiServer::serve_create(const HttpCallPtr& call) {
  const RequestInfo& info = call->info;
  auto parameters = write_parameters(call->request);
  if (!parameters) return refuse(call, parameters.error());
  auto encoding = body_encoding(call->request.header("content-type"));
  if (!encoding) return refuse(call, encoding.error());
  auto body = decode_body(call->request.body, *encoding, expected_type(info), parameters->validation);
  if (!body) return refuse(call, body.error());
  if (is_binding(info)) return serve_bind(call, *body, parameters->dry_run);
  if (info.subresource == "eviction") {
    EvictionSteps steps;
    steps.get = [this](const Key& key, auto done) { shards_.get(key, std::move(done)); };
    steps.budgets = [this](const std::string& ns, auto done) {
      bus::ListObjects verb;
      verb.mutable_selection()->set_kind(kinds::kPodDisruptionBudget);
      verb.mutable_selection()->set_namespace_(ns);
      ask(shards_.shard_of(kinds::kPodDisruptionBudget), runtime::make_message(std::move(verb)), kShardTimeout,
          [done = std::move(done)](Result<runtime::MessagePtr> reply) {
            if (!reply) return done(reply.error());
            done((*reply)->objects);
          });
    };
    steps.write = [this](Write write, auto done) {
      admit_and_run(std::move(write), [done = std::move(done)](Result<WriteOutcome> outcome) {
        done(outcome ? Result<uint64_t>(outcome->revision) : Result<uint64_t>(outcome.error()));
      });
    };
    steps.now = [this] { return now(); };
    auto removal = eviction_of(info, static_cast<const Eviction&>(*body->message), parameters->dry_run);
    if (!removal) return refuse(call, removal.error());
    return evict(std::move(steps), std::move(*removal), [this, call](Result<> evicted) {
      if (!evicted) return refuse(call, evicted.error());
      answer(call, render_created_status(call->format));
    });
  }
  const auto object = stored_body(info, *body);
  name_requester(call->request.identity, *info.kind, object.get());
  Write write{.verb = Write::Verb::create,
              .kind = info.kind,
              .version = info.version,
              .key = {info.kind->id, info.ns, meta_of(*body->message).name()},
              .object = object,
              .field_manager = field_manager(call->request, *parameters),
              .always_record = true,
              .dry_run = parameters->dry_run};
  run_and_answer(call, std::move(write), 201, std::move(body->warnings));
}

void ApiServer::serve_bind(const HttpCallPtr& call, const DecodedBody& body, bool dry_run) {
  auto& binding = static_cast<Binding&>(*body.message);
  if (auto sound = check_binding(call->info, &binding); !sound) return refuse(call, sound.error());
  const Kind& pod = kind_of(kinds::kPod);
  Write write{.verb = Write::Verb::bind,
              .kind = &pod,
              .key = {pod.id, call->info.ns, binding.metadata().name()},
              .node = binding.target().name(),
              .expected_uid = binding.metadata().uid(),
              .dry_run = dry_run};
  admit_and_run(std::move(write), [this, call](Result<WriteOutcome> outcome) {
    if (!outcome) return refuse(call, outcome.error());
    answer(call, render_created_status(call->format));
  });
}

void ApiServer::serve_update(const HttpCallPtr& call) {
  const RequestInfo& info = call->info;
  auto parameters = write_parameters(call->request);
  if (!parameters) return refuse(call, parameters.error());
  auto encoding = body_encoding(call->request.header("content-type"));
  if (!encoding) return refuse(call, encoding.error());
  auto body = decode_body(call->request.body, *encoding, expected_type(info), parameters->validation);
  if (!body) return refuse(call, body.error());
  Write write{.verb = Write::Verb::update,
              .kind = info.kind,
              .version = info.subresource == "scale" ? nullptr : info.version,
              .key = {info.kind->id, info.ns, info.name},
              .subresource = info.subresource,
              .object = stored_body(info, *body),
              .field_manager = field_manager(call->request, *parameters),
              .always_record = true,
              .dry_run = parameters->dry_run};
  run_and_answer(call, std::move(write), 200, std::move(body->warnings));
}

void ApiServer::serve_patch(const HttpCallPtr& call) {
  const RequestInfo& info = call->info;
  auto parameters = write_parameters(call->request);
  if (!parameters) return refuse(call, parameters.error());
  auto kind = patch_kind(call->request.header("content-type"));
  if (!kind) return refuse(call, kind.error());
  Write write{.verb = Write::Verb::patch,
              .kind = info.kind,
              .version = info.subresource == "scale" ? nullptr : info.version,
              .key = {info.kind->id, info.ns, info.name},
              .subresource = info.subresource,
              .patch_kind = *kind,
              .patch = call->request.body,
              .strict = parameters->validation == FieldValidation::strict,
              .field_manager = field_manager(call->request, *parameters),
              .always_record = true,
              .force = query_flag(call->request, "force"),
              .dry_run = parameters->dry_run};
  if (*kind != PatchKind::apply) return run_and_answer(call, std::move(write), 200, {});
  if (parameters->field_manager.empty()) {
    return refuse(call, invalid("meta.k8s.io", "PatchOptions", "",
                                {required_value("fieldManager", "is required for apply patch")}));
  }
  serve_apply(call, std::move(write));
}

void ApiServer::serve_apply(const HttpCallPtr& call, Write write) {
  auto json = yaml_to_json(write.patch);
  if (!json) return refuse(call, json.error());
  write.patch = std::move(*json);
  Write first = write;
  admit_and_run(std::move(first), [this, call, write = std::move(write)](Result<WriteOutcome> outcome) mutable {
    if (outcome || outcome.error().code != 404 || !write.subresource.empty()) {
      return answer_write(call, std::move(outcome), 200, {});
    }
    // Not there yet: what is applied is created, with all that a create takes.
    JsonNotes notes;
    auto object = apply_configuration(call->info.served(), nullptr, write.patch,
                                      {write.field_manager, write.subresource, now().ns}, write.force, &notes);
    if (!object) return refuse(call, object.error());
    if (write.version) object = to_stored(*write.version, **object);
    name_requester(call->request.identity, *write.kind, object->get());
    Write create{.verb = Write::Verb::create,
                 .kind = write.kind,
                 .key = write.key,
                 .object = std::shared_ptr<const google::protobuf::Message>(std::move(*object)),
                 .dry_run = write.dry_run};
    const ObjectMeta& meta = meta_of(*create.object);
    if (meta.name() != write.key.name) {
      return refuse(call, bad_request("the name of the object (" + meta.name() +
                                      ") does not match the name on the URL (" + write.key.name + ")"));
    }
    admit_and_run(std::move(create), [this, call, write = std::move(write),
                                      warnings = std::move(notes.notes)](Result<WriteOutcome> created) mutable {
      // Somebody was faster: it is there now.
      if (!created && created.error().reason == "AlreadyExists") return serve_apply(call, std::move(write));
      answer_write(call, std::move(created), 201, std::move(warnings));
    });
  });
}

Result<Write> ApiServer::removal(const HttpCallPtr& call) {
  const RequestInfo& info = call->info;
  Write write{.verb = Write::Verb::remove, .kind = info.kind, .key = {info.kind->id, info.ns, info.name}};
  if (auto read = read_delete_options(call->request, &write); !read) return read.error();
  return write;
}

void ApiServer::serve_delete(const HttpCallPtr& call) {
  auto write = removal(call);
  if (!write) return refuse(call, write.error());
  admit_and_run(std::move(*write), [this, call](Result<WriteOutcome> outcome) {
    if (!outcome) return refuse(call, outcome.error());
    const Kind& kind = *call->info.kind;
    if (outcome->effect == Decision::Effect::removed && !returns_deleted(kind.id)) {
      return answer(
          call, render_deleted(call->info.served(), call->info.name, meta_of(*outcome->message).uid(), call->format));
    }
    answer(call, render_object(200, call->info.served(), *outcome->message, call->format,
                               call->request.parameter("includeObject"), now()));
  });
}

}  // namespace kabuki::api_server
