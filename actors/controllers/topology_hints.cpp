#include "actors/controllers/topology_hints.hpp"

#include <algorithm>
#include <cmath>

#include "actors/controllers/owned_pods.hpp"
#include "messages/api/core/v1/node.pb.h"
#include "messages/field_scan.hpp"
#include "messages/quantity.hpp"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr const char* kZone = "topology.kubernetes.io/zone";
constexpr const char* kMode = "service.kubernetes.io/topology-mode";
constexpr const char* kOldMode = "service.kubernetes.io/topology-aware-hints";
constexpr const char* kControlPlane[] = {"node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"};
/// By how much of its share a zone may have too few endpoints.
constexpr double kOverload = 0.2;

struct NodeShare {
  bool counts = false;  // ready, and not of the control plane
  std::string zone;
  int64_t cpu_milli = 0;
};

NodeShare read_share(const Object& object) {
  NodeShare out;
  const auto node = object.as<core::Node>();
  const auto& labels = node.metadata().labels();
  for (const char* role : kControlPlane) {
    if (labels.contains(role)) return out;
  }
  const auto& conditions = node.status().conditions();
  out.counts = std::any_of(conditions.begin(), conditions.end(),
                           [](const auto& one) { return one.type() == "Ready" && one.status() == "True"; });
  if (const auto zone = labels.find(kZone); zone != labels.end()) out.zone = zone->second;
  const auto& allocatable = node.status().allocatable();
  if (const auto cpu = allocatable.find("cpu"); cpu != allocatable.end()) {
    const auto amount = Quantity::parse(cpu->second.string());
    if (amount.ok()) out.cpu_milli = amount->milli();
  }
  return out;
}

struct Allocation {
  int minimum = 0;
  double desired = 0;
};

bool is_ready(const EndpointMessage& endpoint) { return endpoint.conditions().ready(); }

void hint(const std::string& zone, EndpointMessage* endpoint) {
  endpoint->mutable_hints()->Clear();
  endpoint->mutable_hints()->add_forzones()->set_name(zone);
}

/// The greatest, the first by name of equals.
std::map<std::string, double>::iterator most_of(std::map<std::string, double>* zones) {
  return std::max_element(zones->begin(), zones->end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; });
}

/// How many endpoints each zone gives to others or receives, as whole numbers.
void balance(const std::map<std::string, Allocation>& allocations, std::map<std::string, int> allocated,
             std::map<std::string, int>* giving, std::map<std::string, int>* receiving) {
  std::map<std::string, double> gives, receives;
  for (const auto& [zone, allocation] : allocations) {
    const double surplus = allocated[zone] - allocation.desired;
    if (surplus > 0) gives[zone] = surplus;
    if (surplus < 0) receives[zone] = -surplus;
  }
  while (!gives.empty() && !receives.empty()) {
    const auto from = most_of(&gives), to = most_of(&receives);
    if ((from->second < 1 && to->second < 1) || from->second < 0.5 || to->second < 0.5) return;
    ++(*giving)[from->first];
    ++(*receiving)[to->first];
    from->second -= 1;
    to->second -= 1;
  }
}

std::string counted(const char* text, size_t endpoints, size_t zones) {
  return std::string(text) + " (" + std::to_string(endpoints) + " endpoints, " + std::to_string(zones) + " zones)";
}

}  // namespace

ZoneCapacity ZoneCapacity::of(const View& view) {
  ZoneCapacity out;
  for (const ObjectPtr& node : view.all(kinds::kNode)) {
    const NodeShare share = read_share(*node);
    if (!share.counts) continue;
    if (share.zone.empty() || share.cpu_milli == 0) out.known = false;
    out.cpu_milli[share.zone] += share.cpu_milli;
  }
  if (out.cpu_milli.empty()) out.known = false;
  return out;
}

std::string ZoneCapacity::share_of(const Object& node) {
  const NodeShare share = read_share(node);
  return share.counts ? share.zone + " " + std::to_string(share.cpu_milli) : "";
}

bool wants_proportional_hints(const Object& service) {
  std::string mode = annotation_of(service, kOldMode);
  if (mode.empty()) mode = annotation_of(service, kMode);
  return mode == "Auto" || mode == "auto";
}

std::string hint_in_proportion(const ZoneCapacity& capacity, const std::map<std::string, std::string>& before,
                               const std::vector<EndpointMessage*>& endpoints) {
  std::vector<EndpointMessage*> ready;
  std::copy_if(endpoints.begin(), endpoints.end(), std::back_inserter(ready),
               [](const EndpointMessage* one) { return is_ready(*one); });
  const size_t zones = capacity.cpu_milli.size();
  if (!capacity.known) {
    return "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes";
  }
  if (zones < 2) return "Nodes only ready in one zone";
  if (zones > ready.size()) return counted("Insufficient number of endpoints", ready.size(), zones);

  int64_t total = 0;
  for (const auto& [zone, milli] : capacity.cpu_milli) total += milli;
  std::map<std::string, Allocation> allocations;
  auto left = static_cast<int>(ready.size());
  for (const auto& [zone, milli] : capacity.cpu_milli) {
    const double desired =
        static_cast<double>(milli) / static_cast<double>(total) * static_cast<double>(ready.size());
    const int minimum = static_cast<int>(std::ceil(desired * (1 / (1 + kOverload))));
    allocations[zone] = {minimum, std::max(desired, static_cast<double>(minimum))};
    left -= minimum;
  }
  if (left < 0) {
    return counted("Unable to allocate minimum required endpoints to each zone without exceeding overload threshold",
                   ready.size(), zones);
  }
  std::map<std::string, int> allocated, giving, receiving;
  for (const EndpointMessage* one : ready) {
    if (one->zone().empty()) return "One or more endpoints do not have a zone specified";
    ++allocated[one->zone()];
  }
  balance(allocations, allocated, &giving, &receiving);

  for (EndpointMessage* one : ready) hint(one->zone(), one);
  const auto lend = [&](EndpointMessage* one, const std::string& zone) {
    hint(zone, one);
    --giving[one->zone()];
    --receiving[zone];
  };
  std::vector<EndpointMessage*> rest;
  for (EndpointMessage* one : ready) {
    const auto had = before.find(one->addresses_size() > 0 ? one->addresses(0) : "");
    const bool stays =
        had != before.end() && had->second != one->zone() && giving[one->zone()] > 0 && receiving[had->second] > 0;
    stays ? lend(one, had->second) : rest.push_back(one);
  }
  for (EndpointMessage* one : rest) {
    if (giving[one->zone()] <= 0) continue;
    const auto to =
        std::find_if(receiving.begin(), receiving.end(), [](const auto& zone) { return zone.second > 0; });
    if (to != receiving.end()) lend(one, to->first);
  }
  return {};
}

void hint_by_distribution(std::string_view distribution, EndpointMessage* endpoint) {
  const bool by_node = distribution == "PreferSameNode";
  if (!by_node && distribution != "PreferClose" && distribution != "PreferSameZone") return;
  if (!is_ready(*endpoint)) return;
  if (!endpoint->zone().empty()) hint(endpoint->zone(), endpoint);
  if (by_node && !endpoint->nodename().empty()) {
    endpoint->mutable_hints()->add_fornodes()->set_name(endpoint->nodename());
  }
}

}  // namespace kabuki::controllers
