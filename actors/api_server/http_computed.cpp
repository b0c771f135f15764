// What is served without being stored, but for metrics (metrics/serve_metrics.cpp).
#include <utility>

#include "actors/api_server/api_server.hpp"
#include "actors/api_server/components.hpp"
#include "actors/api_server/reviews.hpp"
#include "messages/api/core/v1/binding.pb.h"
#include "messages/meta.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

constexpr const char* kSystem = "kube-system";
/// What leads each component (actors/control_plane.hpp).
constexpr const char* kSchedulerLease = "kube-scheduler";
constexpr const char* kControllersLease = "kube-controller-manager";

}  // namespace

void ApiServer::serve_computed(const HttpCallPtr& call) {
  switch (call->info.kind->id) {
    case kinds::kNodeMetrics:
    case kinds::kPodMetrics:
      return serve_metrics(call);
    case kinds::kComponentStatus:
      return serve_components(call);
    case kinds::kBinding:
      return serve_create(call);
    default:
      return serve_review(call);
  }
}

void ApiServer::serve_review(const HttpCallPtr& call) {
  const Kind& kind = *call->info.kind;
  auto parameters = write_parameters(call->request);
  if (!parameters) return refuse(call, parameters.error());
  auto encoding = body_encoding(call->request.header("content-type"));
  if (!encoding) return refuse(call, encoding.error());
  auto body = decode_body(call->request.body, *encoding, {kind.api_version(), kind.kind, kind.descriptor},
                          parameters->validation);
  if (!body) return refuse(call, body.error());
  ObjectMeta* meta = mutable_meta(body->message.get());
  if (meta->namespace_().empty()) meta->set_namespace_(call->info.ns);
  if (meta->namespace_() != call->info.ns) {
    return refuse(call, bad_request("the namespace of the provided object does not match the namespace sent on the "
                                    "request"));
  }
  auto answered = answer_review(kind, call->request.identity, call->info.ns, now(), body->message.get());
  if (!answered) return refuse(call, answered.error());
  Response response = render_message(201, *body->message, kind.kind, kind.api_version(), call->format);
  add_warnings(body->warnings, &response);
  answer(call, std::move(response));
}

/// The scheduler and the controllers are asked through their Leases, the store by a read of every shard.
void ApiServer::serve_components(const HttpCallPtr& call) {
  const Kind& kind = *call->info.kind;
  auto parameters = list_parameters(kind, call->request);
  if (!parameters) return refuse(call, parameters.error());
  const auto failures = std::make_shared<std::map<std::string, std::string>>();
  constexpr size_t kComponents = 3;
  const auto told = [this, call, failures, parameters = std::move(*parameters)](const std::string& name,
                                                                                const std::string& failure) {
    (*failures)[name] = failure;
    if (failures->size() < kComponents) return;
    std::vector<ObjectPtr> items;
    for (const auto& [component, why] : *failures) {
      ObjectPtr item = component_status(component, why);
      if (!call->info.name.empty() && component != call->info.name) continue;
      if (parameters.fields.matches_object(*item) && parameters.labels.matches_object(*item)) items.push_back(item);
    }
    const Kind& about = *call->info.kind;
    Response response;
    if (call->verb == "list") {
      response = render_list(about, items, {}, call->format, call->request.parameter("includeObject"), now());
    } else if (items.empty()) {
      return refuse(call, not_found(about, call->info.name));
    } else {
      auto message = parse_current(about, items.front());
      if (!message) return refuse(call, message.error());
      mutable_meta(message->get())->clear_resourceversion();
      response = render_object(200, about, **message, call->format, call->request.parameter("includeObject"), now());
    }
    add_warnings({"v1 ComponentStatus is deprecated in v1.19+"}, &response);
    answer(call, std::move(response));
  };
  for (const auto& [component, lease] :
       {std::pair(kSchedulerComponent, kSchedulerLease), std::pair(kControllersComponent, kControllersLease)}) {
    shards_.get({kinds::kLease, kSystem, lease},
                [this, told, component = component, lease = lease](const Result<ObjectPtr>& found) {
                  told(component, found ? lease_failure(lease, *found, now()) : found.error().message);
                });
  }
  ask_shards([told](const std::map<std::string, std::string>& shards) {
    std::string failure;
    for (const auto& [shard, why] : shards) {
      if (!why.empty()) failure += (failure.empty() ? "" : "; ") + shard + ": " + why;
    }
    told(kStoreComponent, failure);
  });
}

}  // namespace kabuki::api_server
