// Endpoints, ingresses, policies and addresses.
#include "messages/validation/rule.hpp"

namespace kabuki::validation {
namespace {

using namespace kinds;

// clang-format off
constexpr Rule kRules[] = {
    {kEndpointSlice, "addressType", Check::one_of, "FQDN|IPv4|IPv6"},
    {kEndpointSlice, "endpoints", Check::max_items, "1000"},
    {kEndpointSlice, "endpoints[].addresses", Check::required, "must contain at least 1 address"},
    {kEndpointSlice, "endpoints[].addresses", Check::max_items, "100"},
    {kEndpointSlice, "endpoints[].hostname", Check::dns_label},
    {kEndpointSlice, "endpoints[].nodeName", Check::dns_subdomain},
    {kEndpointSlice, "ports", Check::max_items, "100"},
    {kEndpointSlice, "ports", Check::unique, "name"},
    {kEndpointSlice, "ports[].name", Check::dns_label, "", "name!="},
    {kEndpointSlice, "ports[].protocol", Check::one_of, "SCTP|TCP|UDP"},
    {kEndpointSlice, "addressType", Check::immutable},

    {kIngress, "spec", Check::any_of, "defaultBackend|rules;either `defaultBackend` or `rules` must be specified"},
    {kIngress, "spec.ingressClassName", Check::dns_subdomain},
    {kIngress, "spec.tls[].hosts[]", Check::host_name},
    {kIngress, "spec.rules[].host", Check::host_name},
    {kIngress, "spec.rules[].http.paths", Check::required},
    {kIngress, "spec.rules[].http.paths[].pathType", Check::required, "pathType must be specified"},
    {kIngress, "spec.rules[].http.paths[].pathType", Check::one_of, "Exact|ImplementationSpecific|Prefix"},
    {kIngress, "spec.rules[].http.paths[].path", Check::required, "", "pathType=Exact|Prefix"},
    {kIngress, "spec.rules[].http.paths[].path", Check::absolute_path},
    {kIngress, "spec.defaultBackend", Check::exactly_one,
     "service|resource;must specify a service or a resource;cannot set both resource and service backends"},
    {kIngress, "spec.rules[].http.paths[].backend", Check::exactly_one,
     "service|resource;must specify a service or a resource;cannot set both resource and service backends"},
    {kIngress, "spec.defaultBackend.service.name", Check::required},
    {kIngress, "spec.defaultBackend.service.name", Check::dns1035_label},
    {kIngress, "spec.defaultBackend.service.port", Check::exactly_one,
     "name|number;port name or number is required;cannot set both port name & port number"},
    {kIngress, "spec.rules[].http.paths[].backend.service.name", Check::required},
    {kIngress, "spec.rules[].http.paths[].backend.service.name", Check::dns1035_label},
    {kIngress, "spec.rules[].http.paths[].backend.service.port", Check::exactly_one,
     "name|number;port name or number is required;cannot set both port name & port number"},

    {kIngressClass, "spec.controller", Check::required},
    {kIngressClass, "spec.controller", Check::max_length, "250"},
    {kIngressClass, "spec.controller", Check::domain_path},
    {kIngressClass, "spec.parameters.kind", Check::required},
    {kIngressClass, "spec.parameters.name", Check::required},
    {kIngressClass, "spec.parameters.scope", Check::one_of, "Cluster|Namespace"},
    {kIngressClass, "spec.parameters.namespace", Check::required,
     "`parameters.scope` is set to 'Namespace'", "scope=Namespace"},
    {kIngressClass, "spec.parameters.namespace", Check::forbidden,
     "`parameters.scope` is set to 'Cluster'", "scope=Cluster"},
    {kIngressClass, "spec.controller", Check::immutable},

    {kIPAddress, "metadata.name", Check::ip_address},
    {kIPAddress, "spec.parentRef", Check::required},
    {kIPAddress, "spec.parentRef.resource", Check::required},
    {kIPAddress, "spec.parentRef.resource", Check::path_segment},
    {kIPAddress, "spec.parentRef.name", Check::required},
    {kIPAddress, "spec.parentRef.name", Check::path_segment},
    {kIPAddress, "spec.parentRef", Check::immutable},

    {kNetworkPolicy, "spec.podSelector", Check::selector},
    {kNetworkPolicy, "spec.ingress[].ports[].protocol", Check::one_of, "SCTP|TCP|UDP"},
    {kNetworkPolicy, "spec.ingress[].ports[].port", Check::port_reference},
    {kNetworkPolicy, "spec.ingress[].ports[].port", Check::required,
     "must be specified when `endPort` is set", "endPort"},
    {kNetworkPolicy, "spec.ingress[].from[]", Check::any_of,
     "podSelector|namespaceSelector|ipBlock;must specify a peer"},
    {kNetworkPolicy, "spec.ingress[].from[].ipBlock", Check::forbidden,
     "may not specify both ipBlock and another peer", "podSelector"},
    {kNetworkPolicy, "spec.ingress[].from[].podSelector", Check::selector},
    {kNetworkPolicy, "spec.ingress[].from[].namespaceSelector", Check::selector},
    {kNetworkPolicy, "spec.ingress[].from[].ipBlock.cidr", Check::required},
    {kNetworkPolicy, "spec.ingress[].from[].ipBlock.cidr", Check::cidr},
    {kNetworkPolicy, "spec.ingress[].from[].ipBlock.except[]", Check::cidr},
    {kNetworkPolicy, "spec.egress[].ports[].protocol", Check::one_of, "SCTP|TCP|UDP"},
    {kNetworkPolicy, "spec.egress[].ports[].port", Check::port_reference},
    {kNetworkPolicy, "spec.egress[].ports[].port", Check::required,
     "must be specified when `endPort` is set", "endPort"},
    {kNetworkPolicy, "spec.egress[].to[]", Check::any_of,
     "podSelector|namespaceSelector|ipBlock;must specify a peer"},
    {kNetworkPolicy, "spec.egress[].to[].ipBlock", Check::forbidden,
     "may not specify both ipBlock and another peer", "podSelector"},
    {kNetworkPolicy, "spec.egress[].to[].podSelector", Check::selector},
    {kNetworkPolicy, "spec.egress[].to[].namespaceSelector", Check::selector},
    {kNetworkPolicy, "spec.egress[].to[].ipBlock.cidr", Check::required},
    {kNetworkPolicy, "spec.egress[].to[].ipBlock.cidr", Check::cidr},
    {kNetworkPolicy, "spec.egress[].to[].ipBlock.except[]", Check::cidr},
    {kNetworkPolicy, "spec.policyTypes[]", Check::one_of, "Egress|Ingress"},
    {kNetworkPolicy, "spec.policyTypes", Check::max_items, "2"},

    {kServiceCIDR, "spec.cidrs", Check::required, "at least one CIDR required"},
    {kServiceCIDR, "spec.cidrs", Check::max_items, "2"},
    {kServiceCIDR, "spec.cidrs[]", Check::cidr},
    {kServiceCIDR, "spec.cidrs", Check::immutable},
};
// clang-format on

}  // namespace

std::span<const Rule> network_rules() { return kRules; }

}  // namespace kabuki::validation
