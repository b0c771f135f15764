#include <algorithm>

#include "actors/api_server/api_server.hpp"
#include "actors/api_server/authorization.hpp"
#include "actors/api_server/deprecation.hpp"
#include "actors/api_server/health.hpp"
#include "actors/api_server/pretty.hpp"
#include "messages/status.hpp"
#include "runtime/host.hpp"
#include "runtime/metrics.hpp"

namespace kabuki::api_server {
namespace {

bool is_json(const Response& response) {
  return std::any_of(response.headers.begin(), response.headers.end(), [](const auto& header) {
    return header.first == "content-type" && header.second.starts_with("application/json");
  });
}

/// What rows of a Table may carry. Source: meta.k8s.io/v1 TableOptions.
bool knows_include_object(std::string_view text) {
  return text.empty() || text == "None" || text == "Metadata" || text == "Object";
}

}  // namespace

void ApiServer::handle_http(http::Request request, std::shared_ptr<http::ResponseSink> sink) {
  ++requests_;
  auto call = std::make_shared<HttpCall>();
  call->began = mono();
  call->request = std::move(request);
  call->sink = std::move(sink);
  auto acting = acting_identity(call->request);
  if (!acting) return refuse_unauthorized(call, acting.error());
  call->request.identity = std::move(*acting);
  auto info = parse_path(call->request.path);
  if (!info) {
    // Who may do nothing learns nothing about what is there.
    call->info.path = call->request.path;
    auto allowed = authorize(call->request.identity, "get", call->info);
    return allowed ? refuse(call, info.error()) : refuse_unauthorized(call, allowed.error());
  }
  call->info = std::move(*info);
  call->verb = verb_of(call->request, call->info);
  if (call->verb.empty()) return refuse(call, method_not_allowed());
  auto allowed = authorize(call->request.identity, call->verb, call->info);
  if (!allowed) return refuse_unauthorized(call, allowed.error());
  route(call);
}

void ApiServer::route(const HttpCallPtr& call) {
  if (!call->info.kind) return serve_path(call);
  // Plain text, whatever is accepted.
  if (call->info.subresource == "log" && serves_verb(call->request, call->verb, call->info)) return serve_log(call);
  const bool exec = call->info.subresource == "exec" || call->info.subresource == "attach";
  if (exec && serves_verb(call->request, call->verb, call->info)) return serve_exec(call);
  auto format = negotiate(call->request.header("accept"), call->verb == "watch");
  if (!format) return refuse(call, format.error());
  call->format = *format;
  if (const std::string_view include = call->request.parameter("includeObject");
      format->as == Format::As::table && !knows_include_object(include)) {
    return refuse(call, bad_request("unrecognized includeObject value: \"" + std::string(include) + "\""));
  }

  if (!serves_verb(call->request, call->verb, call->info)) return refuse(call, method_not_allowed());
  if (call->info.computed()) return serve_computed(call);
  if (call->verb == "get") return serve_get(call);
  if (call->verb == "list") return serve_list(call);
  if (call->verb == "watch") return serve_watch(call);
  if (call->verb == "create") return serve_create(call);
  if (call->verb == "update") return serve_update(call);
  if (call->verb == "patch") return serve_patch(call);
  if (call->verb == "delete") return serve_delete(call);
  serve_delete_collection(call);
}

void ApiServer::count(const HttpCall& call, int status) {
  const KindId kind = call.info.kind ? call.info.kind->id : KindId{0};
  const std::string resource = call.info.kind ? call.info.kind->plural : "";
  auto& answers = answers_[{call.verb, kind, status}];
  auto& durations = durations_[{call.verb, kind}];
  const std::string verb(call.verb);
  if (!answers) {
    answers = &host().metrics().counter("apiserver_request_total",
                                        {{"verb", verb}, {"resource", resource}, {"code", std::to_string(status)}});
  }
  if (!durations) {
    durations =
        &host().metrics().histogram("apiserver_request_duration_seconds", {{"verb", verb}, {"resource", resource}});
  }
  answers->add();
  durations->observe(static_cast<double>((mono() - call.began).count()) * 1e-9);
}

void ApiServer::answer(const HttpCallPtr& call, Response response) {
  // Nobody reads the API's description with the eye.
  const bool document = call->info.path.starts_with("/openapi/");
  if (!document && !response.body.empty() && is_json(response) && wants_pretty(call->request)) {
    response.body = indented(response.body);
  }
  if (const char* why = call->info.kind ? deprecation_of(call->info.kind->id) : nullptr) {
    add_warnings({why}, &response);
  }
  count(*call, response.status);
  call->sink->respond(response.status, std::move(response.headers), std::move(response.body));
}

void ApiServer::refuse(const HttpCallPtr& call, const Error& error) {
  answer(call, render_error(error, call->format));
}

void ApiServer::refuse_unauthorized(const HttpCallPtr& call, const Error& error) {
  Response response = render_error(error, call->format);
  response.headers.emplace_back("x-content-type-options", "nosniff");
  answer(call, std::move(response));
}

void ApiServer::serve_path(const HttpCallPtr& call) {
  const std::string& path = call->info.path;
  if (call->verb != "get") return refuse(call, call->verb == "create" ? path_not_found() : method_not_allowed());
  if (!health_endpoint(path).empty()) return serve_health(call);
  if (path == "/metrics") {
    return answer(
        call,
        {200, {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}}, host().metrics().prometheus_text()});
  }
  if (options_.documents) {
    if (auto document = options_.documents->find(call->request, path)) return answer(call, std::move(*document));
  }
  refuse(call, path_not_found());
}

}  // namespace kabuki::api_server
