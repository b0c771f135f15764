#include "actors/api_server/write/service_ports.hpp"

#include <map>

#include "messages/api/core/v1/service.pb.h"

namespace kabuki::api_server {
namespace {

using Service = ::k8s::io::api::core::v1::Service;
using Port = ::k8s::io::api::core::v1::ServicePort;

bool has_node_ports(const Service& service) {
  return service.spec().type() == "NodePort" || service.spec().type() == "LoadBalancer";
}

/// Whether ports that name no node port get one.
bool gives_node_ports(const Service& service) {
  const auto& spec = service.spec();
  if (spec.type() == "LoadBalancer" && spec.has_allocateloadbalancernodeports()) {
    return spec.allocateloadbalancernodeports();
  }
  return has_node_ports(service);
}

bool checks_health(const Service& service) {
  return service.spec().type() == "LoadBalancer" && service.spec().externaltrafficpolicy() == "Local";
}

const Port* same_port(const Service& service, const Port& wanted) {
  const auto protocol = [](const Port& port) { return port.protocol().empty() ? "TCP" : port.protocol(); };
  for (const Port& port : service.spec().ports()) {
    if (port.port() == wanted.port() && protocol(port) == protocol(wanted)) return &port;
  }
  return nullptr;
}

bool is_reached_from_outside(const Service& service) {
  return has_node_ports(service) || (service.spec().type() == "ClusterIP" && service.spec().externalips_size() > 0);
}

/// What belonged to the type that it had goes with that, where it was not changed itself.
void drop_parts_of_old_type(const Service& old, Service* now) {
  const auto& had = old.spec();
  auto* spec = now->mutable_spec();
  if (is_reached_from_outside(old) && !is_reached_from_outside(*now) &&
      had.externaltrafficpolicy() == spec->externaltrafficpolicy()) {
    spec->clear_externaltrafficpolicy();
  }
  if (had.type() != "LoadBalancer" || spec->type() == "LoadBalancer") return;
  if (had.has_allocateloadbalancernodeports() == spec->has_allocateloadbalancernodeports() &&
      had.allocateloadbalancernodeports() == spec->allocateloadbalancernodeports()) {
    spec->clear_allocateloadbalancernodeports();
  }
  if (had.loadbalancerclass() == spec->loadbalancerclass()) spec->clear_loadbalancerclass();
}

void take_away(const Service& old, Service* now) {
  auto* spec = now->mutable_spec();
  for (Port& port : *spec->mutable_ports()) {
    const Port* before = same_port(old, port);
    // One that is newly named is refused by validation.
    if (before && before->nodeport() == port.nodeport()) port.clear_nodeport();
  }
}

}  // namespace

size_t node_ports_wanted(const Service& service) {
  size_t out = checks_health(service) && service.spec().healthchecknodeport() == 0 ? 1 : 0;
  if (!gives_node_ports(service)) return out;
  for (const Port& port : service.spec().ports()) out += port.nodeport() == 0 ? 1 : 0;
  return out;
}

void settle_node_ports(const Service& old, const std::vector<int32_t>& spare, Service* now) {
  auto* spec = now->mutable_spec();
  drop_parts_of_old_type(old, now);
  const bool checked = checks_health(*now);
  if (!checked && spec->healthchecknodeport() == old.spec().healthchecknodeport()) spec->clear_healthchecknodeport();
  if (!has_node_ports(*now)) return take_away(old, now);
  std::map<int32_t, int32_t> of_port;  // the node port of a port by another protocol
  std::set<int32_t> named = node_ports_of(*now);
  for (Port& port : *spec->mutable_ports()) {
    const Port* before = port.nodeport() == 0 ? same_port(old, port) : nullptr;
    if (before && before->nodeport() != 0 && named.insert(before->nodeport()).second) {
      port.set_nodeport(before->nodeport());
    }
    if (port.nodeport() != 0) of_port.emplace(port.port(), port.nodeport());
  }
  size_t used = 0;
  if (gives_node_ports(*now)) {
    for (Port& port : *spec->mutable_ports()) {
      if (port.nodeport() != 0) continue;
      const auto other = of_port.find(port.port());
      if (other == of_port.end() && used == spare.size()) continue;
      port.set_nodeport(other != of_port.end() ? other->second : spare[used++]);
      of_port.emplace(port.port(), port.nodeport());
    }
  }
  if (!checked || spec->healthchecknodeport() != 0) return;
  if (checks_health(old)) spec->set_healthchecknodeport(old.spec().healthchecknodeport());
  if (spec->healthchecknodeport() == 0 && used < spare.size()) spec->set_healthchecknodeport(spare[used++]);
}

std::set<int32_t> node_ports_of(const Service& service) {
  std::set<int32_t> out;
  for (const Port& port : service.spec().ports()) {
    if (port.nodeport() != 0) out.insert(port.nodeport());
  }
  if (service.spec().healthchecknodeport() != 0) out.insert(service.spec().healthchecknodeport());
  return out;
}

}  // namespace kabuki::api_server
