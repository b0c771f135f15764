#include <utility>

#include "actors/api_server/api_server.hpp"
#include "actors/api_server/delete_options.hpp"
#include "actors/api_server/limits.hpp"
#include "actors/api_server/selection.hpp"
#include "actors/api_server/write/scale.hpp"
#include "messages/api/autoscaling/v1/scale.pb.h"
#include "messages/api/core/v1/binding.pb.h"
#include "messages/meta.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

using Binding = ::k8s::io::api::core::v1::Binding;

ExpectedType expected_type(const RequestInfo& info) {
  if (info.subresource == "scale") return {"autoscaling/v1", "Scale", Scale::descriptor()};
  if (info.subresource == "binding") return {"v1", "Binding", Binding::descriptor()};
  return {info.kind->api_version(), info.kind->kind, info.kind->descriptor};
}

Result<PatchKind> patch_kind(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  if (content_type == "application/json-patch+json") return PatchKind::json;
  if (content_type == "application/merge-patch+json") return PatchKind::merge;
  if (content_type == "application/strategic-merge-patch+json") return PatchKind::strategic;
  return Error{
      .code = 415, .reason = "UnsupportedMediaType", .message = "415: Unsupported Media Type", .has_details = true};
}

void add_warnings(const std::vector<std::string>& warnings, Response* response) {
  for (const std::string& warning : warnings) {
    std::string text;
    for (char c : warning) {
      if (c == '"' || c == '\\') text.push_back('\\');
      text.push_back(c);
    }
    response->headers.emplace_back("warning", "299 - \"" + text + "\"");
  }
}

}  // namespace

void ApiServer::run_and_answer(const HttpCallPtr& call, Write write, int success, std::vector<std::string> warnings) {
  bool validates =
      query_flag(call->request, "fieldValidation") && call->request.parameter("fieldValidation") == "Ignore";
  admit_and_run(std::move(write), [this, call, success, warnings = std::move(warnings),
                                   quiet = validates](Result<WriteOutcome> outcome) mutable {
    if (!outcome) return refuse(call, outcome.error());
    const Kind& kind = *call->info.kind;
    Response response;
    if (call->info.subresource == "scale") {
      response = render_message(success, scale_of(kind, *outcome->message), "Scale", "autoscaling/v1", call->format);
    } else {
      response = render_object(success, kind, *outcome->message, call->format,
                               call->request.parameter("includeObject"), now());
    }
    if (!quiet) warnings.insert(warnings.end(), outcome->notes.begin(), outcome->notes.end());
    add_warnings(warnings, &response);
    answer(call, std::move(response));
  });
}

void ApiServer::serve_create(const HttpCallPtr& call) {
  const RequestInfo& info = call->info;
  auto parameters = write_parameters(call->request);
  if (!parameters) return refuse(call, parameters.error());
  auto encoding = body_encoding(call->request.header("content-type"));
  if (!encoding) return refuse(call, encoding.error());
  auto body = decode_body(call->request.body, *encoding, expected_type(info), parameters->validation);
  if (!body) return refuse(call, body.error());
  if (info.subresource == "binding") return serve_bind(call, *body, parameters->dry_run);
  Write write{.verb = Write::Verb::create,
              .kind = info.kind,
              .key = {info.kind->id, info.ns, meta_of(*body->message).name()},
              .object = body->message,
              .dry_run = parameters->dry_run};
  run_and_answer(call, std::move(write), 201, std::move(body->warnings));
}

void ApiServer::serve_bind(const HttpCallPtr& call, const DecodedBody& body, bool dry_run) {
  const auto& binding = static_cast<const Binding&>(*body.message);
  Write write{.verb = Write::Verb::bind,
              .kind = call->info.kind,
              .key = {call->info.kind->id, call->info.ns, call->info.name},
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
              .key = {info.kind->id, info.ns, info.name},
              .subresource = info.subresource,
              .object = body->message,
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
              .key = {info.kind->id, info.ns, info.name},
              .subresource = info.subresource,
              .patch_kind = *kind,
              .patch = call->request.body,
              .strict = parameters->validation == FieldValidation::strict,
              .dry_run = parameters->dry_run};
  run_and_answer(call, std::move(write), 200, {});
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
    if (outcome->effect == Decision::Effect::removed && kind.id != kinds::kPod) {
      return answer(call, render_deleted(kind, call->info.name, meta_of(*outcome->message).uid(), call->format));
    }
    answer(call, render_object(200, kind, *outcome->message, call->format, call->request.parameter("includeObject"),
                               now()));
  });
}

void ApiServer::serve_delete_collection(const HttpCallPtr& call) {
  auto pattern = removal(call);
  if (!pattern) return refuse(call, pattern.error());
  auto parameters = list_parameters(*call->info.kind, call->request);
  if (!parameters) return refuse(call, parameters.error());
  bus::ListObjects verb;
  write_selection(call->info, *parameters, verb.mutable_selection());
  ask(shards_.shard_of(call->info.kind->id), runtime::make_message(std::move(verb)), kShardTimeout,
      [this, call, pattern = std::move(*pattern)](Result<runtime::MessagePtr> reply) {
        if (!reply) return refuse(call, reply.error());
        struct Progress {
          size_t left = 0;
          uint64_t revision = 0;
          std::vector<ObjectPtr> items;
          std::optional<Error> error;
        };
        auto progress = std::make_shared<Progress>();
        progress->items = (*reply)->objects;
        progress->left = progress->items.size();
        if (const auto* page = (*reply)->as<bus::ListObjectsReply>()) progress->revision = page->revision();
        auto finish = [this, call, progress] {
          if (progress->error) return refuse(call, *progress->error);
          answer(call, render_list(*call->info.kind, progress->items, {.revision = progress->revision}, call->format,
                                   call->request.parameter("includeObject"), now()));
        };
        if (progress->left == 0) return finish();
        for (const ObjectPtr& item : progress->items) {
          Write write = pattern;
          write.key = item->key();
          admit_and_run(std::move(write), [progress, finish](Result<WriteOutcome> outcome) {
            bool gone_already = !outcome && outcome.error().code == 404;
            if (!outcome && !gone_already && !progress->error) progress->error = outcome.error();
            if (--progress->left == 0) finish();
          });
        }
      });
}

}  // namespace kabuki::api_server
