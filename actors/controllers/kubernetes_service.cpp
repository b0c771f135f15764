#include "actors/controllers/kubernetes_service.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "actors/controllers/owners.hpp"
#include "actors/controllers/slice_packing.hpp"
#include "messages/api/core/v1/endpoints.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/api/networking/v1/service_cidr.pb.h"
#include "messages/encode.hpp"
#include "messages/int_or_string.hpp"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;
namespace networking = ::k8s::io::api::networking::v1;
using actors::Write;

constexpr int kHttps = 443;
constexpr int kUsualPort = 6443;
constexpr const char* kPortName = "https";
constexpr const char* kProtocol = "TCP";
constexpr const char* kReady = "Ready";
constexpr io::Duration kLookAgain = std::chrono::seconds(1);

const Key kService{kinds::kService, "default", "kubernetes"};
const Key kRange{kinds::kServiceCIDR, "", "kubernetes"};

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

/// The slices of the service by name, as its Endpoints would have them.
std::map<std::string, EndpointSlice> slices_of(const core::Endpoints& endpoints, const Key& service) {
  std::map<std::pair<std::string, int>, std::set<std::string>> groups;  // of addresses, by type and port
  for (const auto& subset : endpoints.subsets()) {
    for (const auto& address : subset.addresses()) {
      const bool is_v6 = address.ip().find(':') != std::string::npos;
      for (const auto& port : subset.ports()) groups[{is_v6 ? "IPv6" : "IPv4", port.port()}].insert(address.ip());
    }
  }
  std::map<std::string, EndpointSlice> out;
  for (const auto& [group, addresses] : groups) {
    const auto& [type, port] = group;
    std::string name = service.name;
    if (!out.empty()) name += "-" + std::string(type == "IPv6" ? "ipv6-" : "") + std::to_string(port);
    EndpointSlice& slice = out[name];
    slice.set_addresstype(type);
    for (const std::string& address : addresses) {
      auto* endpoint = slice.add_endpoints();
      endpoint->add_addresses(address);
      endpoint->mutable_conditions()->set_ready(true);
    }
    auto* served = slice.add_ports();
    served->set_name(kPortName);
    served->set_protocol(kProtocol);
    served->set_port(port);
  }
  return out;
}

/// `slice` with the metadata of `before`, and what this controller writes there.
EndpointSlice with_meta(EndpointSlice slice, const EndpointSlice& before, const Key& service,
                        const std::string& name) {
  *slice.mutable_metadata() = before.metadata();
  auto* meta = slice.mutable_metadata();
  meta->set_name(name);
  meta->set_namespace_(service.ns);
  (*meta->mutable_labels())[kServiceNameLabel] = service.name;
  return slice;
}

bool is_of(const Object& slice, const Key& service) {
  return slice.name() == service.name || slice.name().starts_with(service.name + "-");
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
  const ObjectPtr endpoints = view.find(beside(key, kinds::kEndpoints));
  if (!endpoints) return plan;
  const auto wanted = slices_of(endpoints->as<core::Endpoints>(), key);
  for (const auto& [name, slice] : wanted) {
    const ObjectPtr existing = view.find({kinds::kEndpointSlice, key.ns, name});
    const EndpointSlice before = existing ? existing->as<EndpointSlice>() : EndpointSlice();
    const EndpointSlice after = with_meta(slice, before, key, name);
    if (!existing) {
      plan.add(Write::create(kinds::kEndpointSlice, after));
    } else if (before.addresstype() != after.addresstype()) {
      // The type of a slice does not change: another one takes its name.
      plan.add(Write::remove(*existing));
    } else if (serialize(before) != serialize(after)) {
      plan.add(Write::update(*existing, after));
    }
  }
  for (const ObjectPtr& object : view.in_namespace(kinds::kEndpointSlice, key.ns)) {
    if (!is_of(*object, key) || wanted.contains(std::string(object->name()))) continue;
    const auto slice = object->as<EndpointSlice>();
    const auto label = slice.metadata().labels().find(kServiceNameLabel);
    if (label != slice.metadata().labels().end() && label->second == key.name) plan.add(Write::remove(*object));
  }
  return plan;
}

Plan reconcile_service_range(const View& view, const Key& key, const KubernetesService& options, const Instant& now) {
  Plan plan;
  const ObjectPtr object = view.find(key);
  if (!object) {
    networking::ServiceCIDR range;
    range.mutable_metadata()->set_name(key.name);
    range.mutable_spec()->add_cidrs(options.range);
    plan.add(Write::create(key.kind, range));
    return plan;
  }
  if (is_being_deleted(*object)) return plan;
  auto range = object->as<networking::ServiceCIDR>();
  auto* conditions = range.mutable_status()->mutable_conditions();
  if (std::any_of(conditions->begin(), conditions->end(), [](const auto& one) { return one.type() == kReady; })) {
    return plan;
  }
  auto* ready = conditions->Add();
  ready->set_type(kReady);
  ready->set_status("True");
  ready->set_message("Kubernetes default Service CIDR is ready");
  ready->mutable_lasttransitiontime()->set_seconds(now.wall.seconds());
  plan.add(Write::update_status(*object, range));
  return plan;
}

Controller kubernetes_service_controller(KubernetesService options) {
  Controller controller;
  controller.name = "kubernetes-service-controller";
  controller.watches = {kinds::kNamespace, kinds::kService, kinds::kEndpoints, kinds::kEndpointSlice,
                        kinds::kServiceCIDR};
  controller.concerns = [](const View&, const Change& change, std::vector<Key>* keys) {
    const Key key = change.object().key();
    if (key == kRange) keys->push_back(key);
    const bool is_ns = key.kind == kinds::kNamespace && key.name == kService.ns;
    const bool is_slice = key.kind == kinds::kEndpointSlice && is_of(change.object(), kService);
    if (is_ns || (key.ns == kService.ns && (is_slice || key.name == kService.name))) keys->push_back(kService);
  };
  controller.reconcile = [options = std::move(options)](const View& view, const Key& key, const Instant& now) {
    return key == kRange ? reconcile_service_range(view, key, options, now)
                         : reconcile_kubernetes_service(view, key, options);
  };
  controller.at_start = {kService, kRange};
  return controller;
}

}  // namespace kabuki::controllers
