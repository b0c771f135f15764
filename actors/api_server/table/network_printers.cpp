// What lies between pods: endpoints, ingresses, policies and addresses.
#include <set>

#include "actors/api_server/table/cells.hpp"
#include "actors/api_server/table/human_duration.hpp"
#include "actors/api_server/table/printer.hpp"
#include "messages/api/core/v1/endpoints.pb.h"
#include "messages/api/discovery/v1/endpoint_slice.pb.h"
#include "messages/api/networking/v1/ingress.pb.h"
#include "messages/api/networking/v1/ingress_class.pb.h"
#include "messages/api/networking/v1/ip_address.pb.h"
#include "messages/api/networking/v1/network_policy.pb.h"
#include "messages/api/networking/v1/service_cidr.pb.h"

namespace kabuki::api_server::table {
namespace {

namespace networking = ::k8s::io::api::networking::v1;

constexpr const char* kUnset = "<unset>";
constexpr size_t kShown = 3;
constexpr size_t kAddressWidth = 16;
using google::protobuf::Message;

std::string or_unset(const std::string& text) { return text.empty() ? kUnset : text; }

Row endpoints_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const ::k8s::io::api::core::v1::Endpoints&>(message);
  std::vector<std::string> all;
  for (const auto& subset : object.subsets()) {
    if (subset.ports().empty()) {
      for (const auto& address : subset.addresses()) all.push_back(address.ip());
    }
    for (const auto& port : subset.ports()) {
      for (const auto& address : subset.addresses()) all.push_back(address.ip() + ":" + std::to_string(port.port()));
    }
  }
  return {{object.metadata().name(), object.subsets().empty() ? kNone : with_more(all, kShown),
           age_of(object.metadata().creationtimestamp(), now)},
          {}};
}

Row endpoint_slice_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const ::k8s::io::api::discovery::v1::EndpointSlice&>(message);
  std::vector<std::string> ports, addresses;
  for (const auto& port : object.ports()) {
    ports.push_back(port.has_port() ? std::to_string(port.port()) : port.has_name() ? port.name() : "*");
  }
  for (const auto& endpoint : object.endpoints()) {
    addresses.insert(addresses.end(), endpoint.addresses().begin(), endpoint.addresses().end());
  }
  return {{object.metadata().name(), object.addresstype(), or_unset(with_more(ports, kShown)),
           or_unset(with_more(addresses, kShown)), age_of(object.metadata().creationtimestamp(), now)},
          {}};
}

std::string hosts_text(const networking::IngressSpec& spec) {
  std::vector<std::string> hosts;
  for (const auto& rule : spec.rules()) {
    if (hosts.size() < kShown && !rule.host().empty()) hosts.push_back(rule.host());
  }
  if (hosts.empty()) return "*";
  const int more = spec.rules_size() - static_cast<int>(kShown);
  return joined(hosts) + (hosts.size() == kShown && more > 0 ? " + " + std::to_string(more) + " more..." : "");
}

std::string ingress_address(const networking::IngressStatus& status) {
  std::set<std::string> found;
  for (const auto& ingress : status.loadbalancer().ingress()) {
    const std::string& address = ingress.ip().empty() ? ingress.hostname() : ingress.ip();
    if (!address.empty()) found.insert(address);
  }
  std::string text = joined({found.begin(), found.end()});
  return text.size() > kAddressWidth ? text.substr(0, kAddressWidth - 3) + "..." : text;
}

Row ingress_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const networking::Ingress&>(message);
  const auto& spec = object.spec();
  return {{object.metadata().name(), spec.has_ingressclassname() ? spec.ingressclassname() : kNone, hosts_text(spec),
           ingress_address(object.status()), spec.tls().empty() ? "80" : "80, 443",
           age_of(object.metadata().creationtimestamp(), now)},
          {}};
}

Row ingress_class_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const networking::IngressClass&>(message);
  const auto& reference = object.spec().parameters();
  std::string parameters = kNone;
  if (object.spec().has_parameters()) {
    parameters =
        reference.kind() + (reference.has_apigroup() ? "." + reference.apigroup() : "") + "/" + reference.name();
  }
  return {{object.metadata().name(), object.spec().controller(), parameters,
           age_of(object.metadata().creationtimestamp(), now)},
          {}};
}

Row network_policy_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const networking::NetworkPolicy&>(message);
  return {{object.metadata().name(), selector_text(object.spec().podselector()),
           age_of(object.metadata().creationtimestamp(), now)},
          {}};
}

Row ip_address_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const networking::IPAddress&>(message);
  const auto& parent = object.spec().parentref();
  std::string text = kNone;
  if (object.spec().has_parentref()) {
    text = lower(parent.resource() + (parent.group().empty() ? "" : "." + parent.group()));
    if (!parent.namespace_().empty()) text += "/" + parent.namespace_();
    text += "/" + parent.name();
  }
  return {{object.metadata().name(), text, age_of(object.metadata().creationtimestamp(), now)}, {}};
}

Row service_cidr_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const networking::ServiceCIDR&>(message);
  return {{object.metadata().name(), joined({object.spec().cidrs().begin(), object.spec().cidrs().end()}),
           age_of(object.metadata().creationtimestamp(), now)},
          {}};
}

}  // namespace

Printer endpoints_printer() {
  return {{name_column(), {"Endpoints", "string", "The addresses behind the service."}, age_column()}, endpoints_row};
}

Printer endpoint_slice_printer() {
  return {{name_column(),
           {"AddressType", "string", "What kind of addresses these are."},
           {"Ports", "string", "The ports of every endpoint."},
           {"Endpoints", "string", "The addresses of the slice."},
           age_column()},
          endpoint_slice_row};
}

Printer ingress_printer() {
  return {{name_column(),
           {"Class", "string", "The class that serves the ingress."},
           {"Hosts", "string", "The hosts that it is for."},
           {"Address", "string", "Where it is reached from outside."},
           {"Ports", "string", "The ports that it is reached at."},
           age_column()},
          ingress_row};
}

Printer ingress_class_printer() {
  return {{name_column(),
           {"Controller", "string", "The controller of this class."},
           {"Parameters", "string", "The object that says more for the controller."},
           age_column()},
          ingress_class_row};
}

Printer network_policy_printer() {
  return {{name_column(), {"Pod-Selector", "string", "Which pods the policy is for."}, age_column()},
          network_policy_row};
}

Printer ip_address_printer() {
  return {{name_column(), {"ParentRef", "string", "The object that has the address."}, age_column()}, ip_address_row};
}

Printer service_cidr_printer() {
  return {{name_column(), {"CIDRs", "string", "The ranges of service addresses."}, age_column()}, service_cidr_row};
}

}  // namespace kabuki::api_server::table
