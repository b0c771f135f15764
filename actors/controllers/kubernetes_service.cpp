#include "actors/controllers/kubernetes_service.hpp"

#include "actors/controllers/owners.hpp"
#include "actors/controllers/slice_packing.hpp"
#include "messages/api/core/v1/endpoints.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/encode.hpp"
#include "messages/int_or_string.hpp"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;
using actors::Write;

constexpr int kHttps = 443;
constexpr int kUsualPort = 6443;
constexpr const char* kPortName = "https";
constexpr const char* kProtocol = "TCP";
constexpr io::Duration kLookAgain = std::chrono::seconds(1);

const Key kService{kinds::kService, "default", "kubernetes"};

Key beside(const Key& service, KindId kind) { return {kind, service.ns, service.name}; }

Write make_service(const Key& key, const KubernetesService& options, int port) {
  core::Service service;
  auto* meta = service.mutable_metadata();
  meta->set_name(key.name);
  meta->set_namespace_(key.ns);
  (*meta->mutable_labels())["component"] = "apiserver";
  (*meta->mutable_labels())["provider"] = "kubernetes";
  auto* spec = service.mutable_spec();
  spec->set_type("ClusterIP");
  spec->set_clusterip(options.address);
  spec->add_clusterips(options.address);
  spec->set_sessionaffinity("None");
  auto* served = spec->add_ports();
  served->set_name(kPortName);
  served->set_protocol(kProtocol);
  served->set_port(kHttps);
  *served->mutable_targetport() = int_value(port);
  return Write::create(kinds::kService, service);
}

core::Endpoints endpoints_of(core::Endpoints endpoints, const Key& key, const KubernetesService& options, int port) {
  auto* meta = endpoints.mutable_metadata();
  meta->set_name(key.name);
  meta->set_namespace_(key.ns);
  (*meta->mutable_labels())["endpointslice.kubernetes.io/skip-mirror"] = "true";
  endpoints.clear_subsets();
  auto* subset = endpoints.add_subsets();
  subset->add_addresses()->set_ip(options.server);
  auto* served = subset->add_ports();
  served->set_name(kPortName);
  served->set_protocol(kProtocol);
  served->set_port(port);
  return endpoints;
}

EndpointSlice slice_of(EndpointSlice slice, const Key& key, const KubernetesService& options, int port) {
  auto* meta = slice.mutable_metadata();
  meta->set_name(key.name);
  meta->set_namespace_(key.ns);
  (*meta->mutable_labels())[kServiceNameLabel] = key.name;
  slice.set_addresstype(options.server.find(':') == std::string::npos ? "IPv4" : "IPv6");
  slice.clear_endpoints();
  auto* endpoint = slice.add_endpoints();
  endpoint->add_addresses(options.server);
  endpoint->mutable_conditions()->set_ready(true);
  slice.clear_ports();
  auto* served = slice.add_ports();
  served->set_name(kPortName);
  served->set_protocol(kProtocol);
  served->set_port(port);
  return slice;
}

/// Writes what `complete` makes of the object at `key` where that is another one.
template <class Message, class Complete>
void keep(const View& view, const Key& key, const Complete& complete, Plan* plan) {
  const ObjectPtr existing = view.find(key);
  const Message before = existing ? existing->as<Message>() : Message();
  const Message after = complete(before);
  if (!existing) {
    plan->add(Write::create(key.kind, after));
  } else if (serialize(before) != serialize(after)) {
    plan->add(Write::update(*existing, after));
  }
}

}  // namespace

Plan reconcile_kubernetes_service(const View& view, const Key& key, const KubernetesService& options) {
  Plan plan;
  const ObjectPtr ns = view.find({kinds::kNamespace, "", key.ns});
  if (!ns || is_being_deleted(*ns)) return plan;
  const int port = options.port ? options.port() : kUsualPort;
  if (port == 0) {
    plan.again(kLookAgain);
    return plan;
  }
  if (!view.find(key)) plan.add(make_service(key, options, port));
  if (!options.port) return plan;
  keep<core::Endpoints>(
      view, beside(key, kinds::kEndpoints),
      [&](const core::Endpoints& before) { return endpoints_of(before, key, options, port); }, &plan);
  keep<EndpointSlice>(
      view, beside(key, kinds::kEndpointSlice),
      [&](const EndpointSlice& before) { return slice_of(before, key, options, port); }, &plan);
  return plan;
}

Controller kubernetes_service_controller(KubernetesService options) {
  Controller controller;
  controller.name = "kubernetes-service-controller";
  controller.watches = {kinds::kNamespace, kinds::kService, kinds::kEndpoints, kinds::kEndpointSlice};
  controller.concerns = [](const View&, const Change& change, std::vector<Key>* keys) {
    const Key key = change.object().key();
    const bool is_ns = key.kind == kinds::kNamespace && key.name == kService.ns;
    if (is_ns || (key.ns == kService.ns && key.name == kService.name)) keys->push_back(kService);
  };
  controller.reconcile = [options = std::move(options)](const View& view, const Key& key, const Instant&) {
    return reconcile_kubernetes_service(view, key, options);
  };
  controller.at_start = {kService};
  return controller;
}

}  // namespace kabuki::controllers
