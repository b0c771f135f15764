#include "actors/controllers/endpoint_slice_mirroring.hpp"

#include <map>
#include <set>

#include "actors/controllers/endpoint_slice.hpp"
#include "actors/controllers/owned_pods.hpp"
#include "actors/controllers/owners.hpp"
#include "messages/api/core/v1/endpoints.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/encode.hpp"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;
namespace discovery = ::k8s::io::api::discovery::v1;

constexpr const char* kManager = "endpointslicemirroring-controller.k8s.io";
constexpr const char* kSkip = "endpointslice.kubernetes.io/skip-mirror";
constexpr const char* kLeader = "control-plane.alpha.kubernetes.io/leader";
constexpr const char* kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";
constexpr const char* kTriggerTime = "endpoints.kubernetes.io/last-change-trigger-time";
constexpr int kMostPerSlice = 1000;

bool is_mirrored(const View& view, const Object& object, const core::Endpoints& endpoints) {
  if (is_being_deleted(object)) return false;
  const auto& labels = endpoints.metadata().labels();
  auto skip = labels.find(kSkip);
  if (skip != labels.end() && skip->second == "true") return false;
  if (endpoints.metadata().annotations().contains(kLeader)) return false;
  const ObjectPtr service = view.find({kinds::kService, std::string(object.ns()), std::string(object.name())});
  return service && service->as<core::Service>().spec().selector().empty();
}

discovery::Endpoint endpoint_of(const core::EndpointAddress& address, bool ready) {
  discovery::Endpoint endpoint;
  endpoint.add_addresses(address.ip());
  endpoint.mutable_conditions()->set_ready(ready);
  if (address.has_targetref()) *endpoint.mutable_targetref() = address.targetref();
  if (address.has_nodename()) endpoint.set_nodename(address.nodename());
  if (!address.hostname().empty()) endpoint.set_hostname(address.hostname());
  return endpoint;
}

SliceGroup group_for(const std::string& type, const core::EndpointSubset& subset) {
  SliceGroup group{type, {}, {}};
  for (const auto& port : subset.ports()) {
    discovery::EndpointPort& mirrored = group.ports.emplace_back();
    mirrored.set_name(port.name());
    mirrored.set_port(port.port());
    mirrored.set_protocol(port.protocol());
    if (port.has_appprotocol()) mirrored.set_appprotocol(port.appprotocol());
  }
  return group;
}

std::vector<SliceGroup> groups_of(const core::Endpoints& endpoints) {
  std::vector<SliceGroup> groups;
  std::map<std::pair<std::string, std::set<std::string>>, size_t> known;  // by type and ports
  auto add = [&](const core::EndpointSubset& subset, const core::EndpointAddress& address, bool ready) {
    const std::string type = address.ip().find(':') == std::string::npos ? "IPv4" : "IPv6";
    std::set<std::string> ports;
    for (const auto& port : subset.ports()) ports.insert(serialize(port));
    auto [it, fresh] = known.emplace(std::pair(type, std::move(ports)), groups.size());
    if (fresh) groups.push_back(group_for(type, subset));
    groups[it->second].endpoints.push_back(endpoint_of(address, ready));
  };
  for (const auto& subset : endpoints.subsets()) {
    for (const auto& address : subset.addresses()) add(subset, address, true);
    for (const auto& address : subset.notreadyaddresses()) add(subset, address, false);
  }
  return groups;
}

EndpointSlice model_of(const Object& object, const core::Endpoints& endpoints) {
  EndpointSlice model;
  auto* meta = model.mutable_metadata();
  meta->set_generatename(endpoints.metadata().name() + "-");
  meta->set_namespace_(endpoints.metadata().namespace_());
  *meta->mutable_labels() = endpoints.metadata().labels();
  (*meta->mutable_labels())[kServiceNameLabel] = endpoints.metadata().name();
  (*meta->mutable_labels())[kSliceManagerLabel] = kManager;
  *meta->mutable_annotations() = endpoints.metadata().annotations();
  meta->mutable_annotations()->erase(kLastApplied);
  meta->mutable_annotations()->erase(kTriggerTime);
  *meta->add_ownerreferences() = controller_reference(object);
  return model;
}

}  // namespace

Plan reconcile_endpoint_slice_mirroring(const View& view, const Key& key) {
  Plan plan;
  const ObjectPtr object = view.find(key);
  if (!object) return plan;
  const auto endpoints = object->as<core::Endpoints>();
  std::vector<SliceGroup> groups;
  if (is_mirrored(view, *object, endpoints)) groups = groups_of(endpoints);
  pack_slices(model_of(*object, endpoints), slices_of(view, *object, key.name, kManager), groups, kMostPerSlice,
              &plan);
  return plan;
}

Controller endpoint_slice_mirroring_controller() {
  Controller controller;
  controller.name = "endpoint-slice-mirroring-controller";
  controller.watches = {kinds::kService, kinds::kEndpoints, kinds::kEndpointSlice};
  controller.concerns = [](const View&, const Change& change, std::vector<Key>* keys) {
    const Object& object = change.object();
    if (object.kind() != kinds::kEndpointSlice) {
      keys->push_back({kinds::kEndpoints, std::string(object.ns()), std::string(object.name())});
    } else if (label_of(object, kSliceManagerLabel) == kManager) {
      keys->push_back({kinds::kEndpoints, std::string(object.ns()), label_of(object, kServiceNameLabel)});
    }
  };
  controller.confirms_views = true;
  controller.reconcile = [](const View& view, const Key& key, const Instant&) {
    return reconcile_endpoint_slice_mirroring(view, key);
  };
  return controller;
}

}  // namespace kabuki::controllers
