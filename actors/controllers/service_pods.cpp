#include "actors/controllers/service_pods.hpp"

#include <algorithm>

#include "messages/api/core/v1/pod.pb.h"
#include "messages/field_scan.hpp"
#include "messages/wire.hpp"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr int kStatus[] = {3};
constexpr int kSelector[] = {2, core::ServiceSpec::kSelectorFieldNumber};
constexpr int kHostname[] = {2, core::PodSpec::kHostnameFieldNumber};
constexpr int kSubdomain[] = {2, core::PodSpec::kSubdomainFieldNumber};

using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

Labels labels_of(const Object& object) {
  Labels labels;
  scan_string_map(object.body(), paths::kLabels, [&](std::string_view key, std::string_view value) {
    labels.emplace_back(key, value);
    return true;
  });
  return labels;
}

bool has_label(const Labels& labels, std::string_view key, std::string_view value) {
  return std::any_of(labels.begin(), labels.end(),
                     [&](const auto& label) { return label.first == key && label.second == value; });
}

/// By the service's bytes: asked of every service at every change of a pod.
bool selects(const Object& service, const Labels& labels) {
  bool any = false, all = true;
  scan_string_map(service.body(), kSelector, [&](std::string_view key, std::string_view value) {
    any = true;
    return all = has_label(labels, key, value);
  });
  return any && all;
}

bool has_port(const core::Container& container, const core::ServicePort& port, int32_t* number) {
  for (const auto& one : container.ports()) {
    if (one.name() != port.targetport().strval() || one.protocol() != port.protocol()) continue;
    *number = one.containerport();
    return true;
  }
  return false;
}

}  // namespace

ServicePod ServicePod::of(const ObjectPtr& pod) {
  constexpr int kIp[] = {core::PodIP::kIpFieldNumber};
  ServicePod out;
  out.pod = pod;
  const PodFacts facts = facts_of_pod(*pod);
  out.ready = facts.ready;
  out.terminating = facts.deleting;
  out.over = facts.over();
  out.node = node_of_pod(*pod);
  out.hostname = scan_bytes(pod->body(), kHostname);
  out.subdomain = scan_bytes(pod->body(), kSubdomain);
  std::string_view first;
  wire::Reader reader(scan_bytes(pod->body(), kStatus));
  while (reader.next()) {
    if (reader.number() == core::PodStatus::kPodIPFieldNumber) first = reader.bytes();
    if (reader.number() == core::PodStatus::kPodIPsFieldNumber) {
      out.addresses.emplace_back(scan_bytes(reader.bytes(), kIp));
    }
  }
  if (out.addresses.empty() && !first.empty()) out.addresses.emplace_back(first);
  return out;
}

std::string ServicePod::address(std::string_view family) const {
  for (const std::string& address : addresses) {
    const bool six = address.find(':') != std::string::npos;
    if (six == (family == "IPv6")) return address;
  }
  return {};
}

bool ServicePod::same_to_services(const ServicePod& other) const {
  return addresses == other.addresses && ready == other.ready && terminating == other.terminating &&
         over == other.over && node == other.node && hostname == other.hostname && subdomain == other.subdomain &&
         pod->uid() == other.pod->uid();
}

bool selects_pods(const core::Service& service) {
  return service.spec().type() != "ExternalName" && !service.spec().selector().empty();
}

std::vector<ServicePod> pods_of_service(const View& view, const core::Service& service, bool terminating) {
  std::vector<ServicePod> pods;
  const auto& selector = service.spec().selector();
  for (const ObjectPtr& object : view.in_namespace(kinds::kPod, service.metadata().namespace_())) {
    const Labels labels = labels_of(*object);
    if (!std::all_of(selector.begin(), selector.end(),
                     [&](const auto& wanted) { return has_label(labels, wanted.first, wanted.second); })) {
      continue;
    }
    ServicePod pod = ServicePod::of(object);
    if (pod.over || pod.addresses.empty() || (pod.terminating && !terminating)) continue;
    pods.push_back(std::move(pod));
  }
  return pods;
}

std::vector<std::string> families_of(const core::Service& service) {
  const auto& families = service.spec().ipfamilies();
  if (!families.empty()) return {families.begin(), families.end()};
  return {service.spec().clusterip().find(':') != std::string::npos ? "IPv6" : "IPv4"};
}

bool is_headless(const core::Service& service) {
  return service.spec().clusterip().empty() || service.spec().clusterip() == "None";
}

std::string hostname_in(const ServicePod& pod, const core::Service& service) {
  return pod.subdomain == service.metadata().name() ? pod.hostname : "";
}

std::optional<int32_t> target_port(const Object& pod, const core::ServicePort& port) {
  if (port.targetport().type() == 0) return port.targetport().intval();
  const auto spec = pod.as<core::Pod>().spec();
  int32_t number = 0;
  for (const auto& container : spec.containers()) {
    if (has_port(container, port, &number)) return number;
  }
  for (const auto& container : spec.initcontainers()) {
    if (container.restartpolicy() == "Always" && has_port(container, port, &number)) return number;
  }
  return std::nullopt;
}

void concerned_services(const View& view, const Change& change, std::vector<Key>* keys) {
  const Object& pod = change.object();
  const auto services = view.in_namespace(kinds::kService, pod.ns());
  if (services.empty()) return;
  const Labels before = change.before ? labels_of(*change.before) : Labels();
  const Labels after = change.after ? labels_of(*change.after) : Labels();
  if (change.before && change.after && before == after &&
      ServicePod::of(change.before).same_to_services(ServicePod::of(change.after))) {
    return;
  }
  for (const ObjectPtr& service : services) {
    if ((change.before && selects(*service, before)) || (change.after && selects(*service, after))) {
      keys->push_back(service->key());
    }
  }
}

}  // namespace kabuki::controllers
