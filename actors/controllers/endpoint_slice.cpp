#include "actors/controllers/endpoint_slice.hpp"

#include <map>

#include "actors/controllers/owned_pods.hpp"
#include "actors/controllers/owners.hpp"
#include "actors/controllers/service_pods.hpp"
#include "actors/controllers/topology_hints.hpp"
#include "messages/encode.hpp"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;
namespace discovery = ::k8s::io::api::discovery::v1;

constexpr const char* kManager = "endpointslice-controller.k8s.io";
constexpr const char* kZone = "topology.kubernetes.io/zone";

using Ports = std::vector<discovery::EndpointPort>;

Ports ports_of(const Object& pod, const core::Service& service) {
  Ports ports;
  for (const auto& port : service.spec().ports()) {
    const auto number = target_port(pod, port);
    if (!number) continue;
    discovery::EndpointPort& behind = ports.emplace_back();
    behind.set_name(port.name());
    behind.set_port(*number);
    behind.set_protocol(port.protocol());
    if (port.has_appprotocol()) behind.set_appprotocol(port.appprotocol());
  }
  return ports;
}

discovery::Endpoint endpoint_of(const ServicePod& pod, const core::Service& service, std::string address,
                                const ObjectPtr& node) {
  discovery::Endpoint endpoint;
  endpoint.add_addresses(std::move(address));
  auto* conditions = endpoint.mutable_conditions();
  conditions->set_ready(service.spec().publishnotreadyaddresses() || (pod.ready && !pod.terminating));
  conditions->set_serving(pod.ready);
  conditions->set_terminating(pod.terminating);
  auto* target = endpoint.mutable_targetref();
  target->set_kind("Pod");
  target->set_namespace_(std::string(pod.pod->ns()));
  target->set_name(std::string(pod.pod->name()));
  target->set_uid(std::string(pod.pod->uid()));
  if (!pod.node.empty()) endpoint.set_nodename(pod.node);
  if (node) {
    if (auto zone = label_of(*node, kZone); !zone.empty()) endpoint.set_zone(zone);
  }
  if (auto hostname = hostname_in(pod, service); !hostname.empty()) endpoint.set_hostname(hostname);
  return endpoint;
}

EndpointSlice model_of(const Object& object, const core::Service& service) {
  EndpointSlice model;
  auto* meta = model.mutable_metadata();
  meta->set_generatename(service.metadata().name() + "-");
  meta->set_namespace_(service.metadata().namespace_());
  *meta->mutable_labels() = service.metadata().labels();
  meta->mutable_labels()->erase(kHeadlessLabel);
  if (is_headless(service)) (*meta->mutable_labels())[kHeadlessLabel] = "";
  (*meta->mutable_labels())[kServiceNameLabel] = service.metadata().name();
  (*meta->mutable_labels())[kSliceManagerLabel] = kManager;
  *meta->add_ownerreferences() = controller_reference(object);
  return model;
}

std::vector<SliceGroup> groups_of(const View& view, const core::Service& service) {
  std::vector<SliceGroup> groups;
  const auto pods = pods_of_service(view, service, true);
  for (const std::string& family : families_of(service)) {
    std::map<std::string, size_t> by_ports;  // encoded -> its group
    for (const ServicePod& pod : pods) {
      std::string address = pod.address(family);
      if (address.empty()) continue;
      const ObjectPtr node = view.find({kinds::kNode, "", pod.node});
      // Of a node that is gone nothing can be reached; its pods will be collected.
      if (!node && !pod.node.empty() && !service.spec().publishnotreadyaddresses()) continue;
      const Ports ports = ports_of(*pod.pod, service);
      std::string encoded;
      for (const auto& port : ports) encoded += std::to_string(port.ByteSizeLong()) + ' ' + serialize(port);
      auto [it, fresh] = by_ports.emplace(encoded, groups.size());
      if (fresh) groups.push_back({family, ports, {}});
      groups[it->second].endpoints.push_back(endpoint_of(pod, service, std::move(address), node));
    }
    // So that who looks can tell a service without endpoints from one that nobody has counted yet.
    if (by_ports.empty()) groups.push_back({family, {}, {}});
  }
  return groups;
}

/// Which zones the slices of a family hint at, by address.
std::map<std::string, std::string> hinted_zones(const std::vector<ObjectPtr>& slices, const std::string& family) {
  std::map<std::string, std::string> zones;
  for (const ObjectPtr& object : slices) {
    const auto slice = object->as<EndpointSlice>();
    if (slice.addresstype() != family) continue;
    for (const auto& endpoint : slice.endpoints()) {
      if (endpoint.addresses().empty() || endpoint.hints().forzones().empty()) continue;
      zones[endpoint.addresses(0)] = endpoint.hints().forzones(0).name();
    }
  }
  return zones;
}

/// Who is to send to which endpoint; what of that changes is told.
void add_hints(const View& view, const Object& object, const core::Service& service,
               const std::vector<ObjectPtr>& slices, std::vector<SliceGroup>* groups, Plan* plan) {
  const bool proportional = wants_proportional_hints(object);
  if (!proportional && service.spec().trafficdistribution().empty()) return;
  const auto say = [&](const char* type, const char* reason, const std::string& message, const std::string& family) {
    plan->events.push_back(
        {object.key(), std::string(object.uid()), type, reason, message + ", addressType: " + family});
  };
  const ZoneCapacity capacity = proportional ? ZoneCapacity::of(view) : ZoneCapacity();
  for (const std::string& family : families_of(service)) {
    std::vector<EndpointMessage*> endpoints;
    for (SliceGroup& group : *groups) {
      if (group.address_type != family) continue;
      for (auto& endpoint : group.endpoints) endpoints.push_back(&endpoint);
    }
    if (!proportional) {
      for (EndpointMessage* one : endpoints) hint_by_distribution(service.spec().trafficdistribution(), one);
      continue;
    }
    const auto before = hinted_zones(slices, family);
    const std::string why_not = hint_in_proportion(capacity, before, endpoints);
    if (!why_not.empty()) {
      say("Warning", "TopologyAwareHintsDisabled", why_not, family);
    } else if (before.empty()) {
      say("Normal", "TopologyAwareHintsEnabled", "Topology Aware Hints has been enabled", family);
    }
  }
}

bool moved(const Change& node) {
  return !node.before || !node.after || label_of(*node.before, kZone) != label_of(*node.after, kZone);
}

/// Those whose hints follow from what all nodes together have.
void proportional_services(const View& view, const Change& node, std::vector<Key>* keys) {
  const auto share = [](const ObjectPtr& object) { return object ? ZoneCapacity::share_of(*object) : ""; };
  if (share(node.before) == share(node.after)) return;
  for (const ObjectPtr& service : view.all(kinds::kService)) {
    if (wants_proportional_hints(*service)) keys->push_back(service->key());
  }
}

void services_on(const View& view, std::string_view node, std::vector<Key>* keys) {
  for (const ObjectPtr& pod : view.pods_on(node)) concerned_services(view, {nullptr, pod}, keys);
}

}  // namespace

std::vector<ObjectPtr> slices_of(const View& view, const Object& owner, std::string_view service,
                                 std::string_view manager) {
  std::vector<ObjectPtr> slices;
  for (const ObjectPtr& slice : view.in_namespace(kinds::kEndpointSlice, owner.ns())) {
    if (label_of(*slice, kServiceNameLabel) != service || label_of(*slice, kSliceManagerLabel) != manager) continue;
    const auto owners = owners_of(*slice);
    const Owner* controller = controller_in(owners);
    if (controller && controller->uid == owner.uid()) slices.push_back(slice);
  }
  return slices;
}

Plan reconcile_endpoint_slices(const View& view, const Key& key) {
  Plan plan;
  const ObjectPtr object = view.find(key);
  if (!object || is_being_deleted(*object)) return plan;
  const auto service = object->as<core::Service>();
  if (!selects_pods(service)) return plan;
  const auto slices = slices_of(view, *object, key.name, kManager);
  auto groups = groups_of(view, service);
  add_hints(view, *object, service, slices, &groups, &plan);
  pack_slices(model_of(*object, service), slices, groups, kMostEndpointsPerSlice, &plan);
  // What has not changed was told when it did.
  if (plan.steps.empty()) plan.events.clear();
  for (Step& step : plan.steps) {
    const std::string verb = step.write.verb == bus::WriteObjects::CREATE   ? "create"
                             : step.write.verb == bus::WriteObjects::DELETE ? "delete"
                                                                            : "update";
    step.say = announce(*object, "", "", "FailedToUpdateEndpointSlices",
                        "Error updating Endpoint Slices for Service " + key.ns + "/" + key.name + ": failed to " +
                            verb + " EndpointSlice for Service " + key.ns + "/" + key.name + ": {error}");
  }
  return plan;
}

Controller endpoint_slice_controller() {
  Controller controller;
  controller.name = "endpoint-slice-controller";
  controller.watches = {kinds::kService, kinds::kPod, kinds::kNode, kinds::kEndpointSlice};
  controller.sleeps_without = 1;  // slices are owned by their service
  controller.occupies = [](const Object& object) { return selects_pods(object.as<core::Service>()); };
  controller.indexes = View::kNodes;
  controller.concerns = [](const View& view, const Change& change, std::vector<Key>* keys) {
    const Object& object = change.object();
    if (object.kind() == kinds::kPod) {
      concerned_services(view, change, keys);
    } else if (object.kind() == kinds::kNode) {
      if (moved(change)) services_on(view, object.name(), keys);
      proportional_services(view, change, keys);
    } else if (object.kind() == kinds::kService) {
      keys->push_back(object.key());
    } else if (label_of(object, kSliceManagerLabel) == kManager) {
      keys->push_back({kinds::kService, std::string(object.ns()), label_of(object, kServiceNameLabel)});
    }
  };
  controller.confirms_views = true;
  controller.reconcile = [](const View& view, const Key& key, const Instant&) {
    return reconcile_endpoint_slices(view, key);
  };
  return controller;
}

}  // namespace kabuki::controllers
