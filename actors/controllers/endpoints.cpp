#include "actors/controllers/endpoints.hpp"

#include "actors/controllers/endpoint_subsets.hpp"
#include "actors/controllers/owned_pods.hpp"
#include "actors/controllers/owners.hpp"
#include "actors/controllers/service_pods.hpp"
#include "messages/encode.hpp"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;
using actors::Write;

constexpr size_t kMostAddresses = 1000;
constexpr const char* kManagedBy = "endpoints.kubernetes.io/managed-by";
constexpr const char* kManager = "endpoint-controller";
constexpr const char* kOverCapacity = "endpoints.kubernetes.io/over-capacity";

core::EndpointAddress address_of(const ServicePod& pod, const core::Service& service, std::string ip) {
  core::EndpointAddress address;
  address.set_ip(std::move(ip));
  if (!pod.node.empty()) address.set_nodename(pod.node);
  if (auto hostname = hostname_in(pod, service); !hostname.empty()) address.set_hostname(hostname);
  auto* target = address.mutable_targetref();
  target->set_kind("Pod");
  target->set_namespace_(std::string(pod.pod->ns()));
  target->set_name(std::string(pod.pod->name()));
  target->set_uid(std::string(pod.pod->uid()));
  return address;
}

std::vector<SubsetEntry> entries_of(const View& view, const core::Service& service) {
  std::vector<SubsetEntry> entries;
  const std::string family = families_of(service).front();
  const bool publishes_all = service.spec().publishnotreadyaddresses();
  for (const ServicePod& pod : pods_of_service(view, service, publishes_all)) {
    std::string ip = pod.address(family);
    if (ip.empty()) continue;
    const auto address = address_of(pod, service, std::move(ip));
    const bool ready = publishes_all || pod.ready;
    if (service.spec().ports().empty()) {
      if (service.spec().clusterip() == "None") entries.push_back({address, std::nullopt, ready});
      continue;
    }
    for (const auto& port : service.spec().ports()) {
      const auto number = target_port(*pod.pod, port);
      if (!number) continue;
      core::EndpointPort behind;
      behind.set_name(port.name());
      behind.set_port(*number);
      behind.set_protocol(port.protocol());
      if (port.has_appprotocol()) behind.set_appprotocol(port.appprotocol());
      entries.push_back({address, std::move(behind), ready});
    }
  }
  return entries;
}

}  // namespace

Plan reconcile_endpoints(const View& view, const Key& key) {
  Plan plan;
  const ObjectPtr object = view.find(key);
  const ObjectPtr existing = view.find({kinds::kEndpoints, key.ns, key.name});
  if (!object) {
    if (!existing || label_of(*existing, kManagedBy) != kManager || is_being_deleted(*existing)) return plan;
    plan.add(Write::remove(*existing));
    plan.only_if_gone.push_back({key, ""});
    return plan;
  }
  const auto service = object->as<core::Service>();
  if (!selects_pods(service)) return plan;
  Subsets subsets = repack(entries_of(view, service));
  const bool cut = truncate(kMostAddresses, &subsets);

  core::Endpoints endpoints = existing ? existing->as<core::Endpoints>() : core::Endpoints();
  auto* meta = endpoints.mutable_metadata();
  meta->set_name(key.name);
  meta->set_namespace_(key.ns);
  *meta->mutable_labels() = service.metadata().labels();
  (*meta->mutable_labels())[kManagedBy] = kManager;
  meta->mutable_labels()->erase(kHeadlessLabel);
  if (is_headless(service)) (*meta->mutable_labels())[kHeadlessLabel] = "";
  if (cut) {
    (*meta->mutable_annotations())[kOverCapacity] = "truncated";
  } else {
    meta->mutable_annotations()->erase(kOverCapacity);
  }
  endpoints.mutable_subsets()->Assign(subsets.begin(), subsets.end());
  if (!existing) {
    plan.add(Write::create(kinds::kEndpoints, endpoints),
             announce(*object, "", "", "FailedToCreateEndpoint",
                      "Failed to create endpoint for service " + key.ns + "/" + key.name + ": {error}"));
  } else if (serialize(endpoints) != serialize(existing->as<core::Endpoints>())) {
    plan.add(Write::update(*existing, endpoints),
             announce(*object, "", "", "FailedToUpdateEndpoint",
                      "Failed to update endpoint " + key.ns + "/" + key.name + ": {error}"));
  }
  return plan;
}

Controller endpoints_controller() {
  Controller controller;
  controller.name = "endpoint-controller";
  controller.watches = {kinds::kService, kinds::kEndpoints, kinds::kPod};
  // Endpoints of a service that went meanwhile are to go too; those of the API servers are always there.
  controller.sleeps_without = 2;
  controller.occupies = [](const Object& object) {
    if (object.kind() == kinds::kService) return selects_pods(object.as<core::Service>());
    return object.ns() != "default" || object.name() != "kubernetes";
  };
  controller.concerns = [](const View& view, const Change& change, std::vector<Key>* keys) {
    const Object& object = change.object();
    if (object.kind() == kinds::kPod) return concerned_services(view, change, keys);
    keys->push_back({kinds::kService, std::string(object.ns()), std::string(object.name())});
  };
  controller.reconcile = [](const View& view, const Key& key, const Instant&) {
    return reconcile_endpoints(view, key);
  };
  return controller;
}

}  // namespace kabuki::controllers
