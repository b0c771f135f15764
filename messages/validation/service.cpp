#include <set>
#include <string>

#include "messages/api/core/v1/service.pb.h"
#include "messages/api/util/intstr.pb.h"
#include "messages/validation/rules.hpp"

namespace kabuki::validation {
namespace {

constexpr std::string_view kHeadless = "None";

void check_service_port(const core::ServicePort& port, bool needs_name, const FieldPath& path,
                        std::set<std::string_view>* names, Findings* findings) {
  if (!port.name().empty()) {
    findings->invalid(path.child("name"), port.name(), check_dns1123_label(port.name()));
    if (!names->insert(port.name()).second) findings->duplicate(path.child("name"), port.name());
  } else if (needs_name) {
    findings->required(path.child("name"));
  }
  findings->check_port(path.child("port"), port.port());
  findings->check_choice(path.child("protocol"), port.protocol(), {"SCTP", "TCP", "UDP"});
  check_port_reference(port.targetport(), path.child("targetPort"), findings);
  if (port.has_appprotocol()) {
    findings->invalid(path.child("appProtocol"), port.appprotocol(), check_qualified_name(port.appprotocol()));
  }
}

void check_service_ports(const core::ServiceSpec& spec, const FieldPath& path, Findings* findings) {
  FieldPath ports = path.child("ports");
  bool headless = spec.clusterip() == kHeadless;
  if (spec.ports().empty() && !headless && spec.type() != "ExternalName") findings->required(ports);
  std::set<std::string_view> names;
  std::set<std::pair<std::string_view, int32_t>> taken;
  for (int i = 0; i < spec.ports_size(); ++i) {
    const core::ServicePort& port = spec.ports(i);
    FieldPath at = ports.index(i);
    check_service_port(port, spec.ports_size() > 1, at, &names, findings);
    if (!taken.emplace(port.protocol(), port.port()).second) {
      findings->duplicate(at, "{\"protocol\":\"" + port.protocol() + "\",\"port\":" + std::to_string(port.port()) +
                                  ",\"targetPort\":0}");
    }
    if (port.nodeport() != 0 && (spec.type() == "ClusterIP" || spec.type() == "ExternalName")) {
      findings->forbidden(at.child("nodePort"), "may not be used when `type` is '" + spec.type() + "'");
    }
  }
}

/// One family of addresses is all that a cluster has here. A headless service whose endpoints are made by hand may
/// name others, as in Kubernetes.
void check_families(const core::ServiceSpec& spec, const FieldPath& path, Findings* findings) {
  const bool by_hand = spec.clusterip() == kHeadless && spec.selector().empty();
  const FieldPath policy = path.child("ipFamilyPolicy");
  if (spec.has_ipfamilypolicy()) {
    findings->check_choice(policy, spec.ipfamilypolicy(), {"PreferDualStack", "RequireDualStack", "SingleStack"});
  }
  if (spec.ipfamilypolicy() == "RequireDualStack" && !by_hand) {
    findings->invalid(policy, spec.ipfamilypolicy(), "this cluster is not configured for dual-stack services");
  }
  const FieldPath families = path.child("ipFamilies");
  std::set<std::string_view> named;
  for (int i = 0; i < spec.ipfamilies_size(); ++i) {
    const std::string& family = spec.ipfamilies(i);
    const FieldPath at = families.index(i);
    if (family != "IPv4" && family != "IPv6") {
      findings->unsupported(at, family, {"IPv4", "IPv6"});
    } else if (!named.insert(family).second) {
      findings->duplicate(at, family);
    } else if (family != "IPv4" && !by_hand) {
      findings->invalid(at, family, "not configured on this cluster");
    }
  }
}

}  // namespace

void check_service(const core::Service& service, Findings* findings) {
  const core::ServiceSpec& spec = service.spec();
  FieldPath path("spec");
  check_service_ports(spec, path, findings);
  if (spec.type() == "ExternalName") {
    if (!spec.clusterip().empty()) {
      findings->forbidden(path.child("clusterIP"), "may not be set when `type` is ExternalName");
    }
    if (spec.externalname().empty()) {
      findings->required(path.child("externalName"));
    } else {
      std::string_view name = spec.externalname();
      if (name.ends_with('.')) name.remove_suffix(1);
      findings->invalid(path.child("externalName"), spec.externalname(), check_dns1123_subdomain(name));
    }
  } else if (spec.clusterip() == kHeadless && (spec.type() == "LoadBalancer" || spec.type() == "NodePort")) {
    FieldPath addresses = path.child("clusterIPs");
    findings->invalid(addresses.index(0), kHeadless, "may not be set to 'None' for " + spec.type() + " services");
  }
  if (spec.type() != "ExternalName") check_families(spec, path, findings);
  check_labels(spec.selector(), path.child("selector"), findings);
  findings->check_choice(path.child("sessionAffinity"), spec.sessionaffinity(), {"ClientIP", "None"});
  findings->check_choice(path.child("type"), spec.type(), {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"});
}

void check_service_change(const core::Service& old, const core::Service& now, std::string_view, Findings* findings) {
  if (same(old.spec(), now.spec())) return;
  check_service(now, findings);
  bool had_address = old.spec().type() != "ExternalName" && !old.spec().clusterip().empty();
  bool has_address = now.spec().type() != "ExternalName";
  if (!had_address || !has_address || old.spec().clusterip() == now.spec().clusterip()) return;
  FieldPath path("spec");
  FieldPath addresses = path.child("clusterIPs");
  if (now.spec().clusterip().empty()) {
    findings->invalid_json(addresses.index(0), "[]", "primary clusterIP can not be unset");
  } else {
    findings->invalid_json(addresses.index(0), "[\"" + now.spec().clusterip() + "\"]", "may not change once set");
  }
}

}  // namespace kabuki::validation
