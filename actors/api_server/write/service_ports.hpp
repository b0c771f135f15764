#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

namespace k8s::io::api::core::v1 {
class Service;
}

namespace kabuki::api_server {

/// How many node ports the service needs that it does not name.
size_t node_ports_wanted(const ::k8s::io::api::core::v1::Service& service);

/// Node ports of a service that is created (`old` is empty then) or changed, as in a kube-apiserver: a port that
/// names none keeps that which the same port and protocol had, else gets one of `spare`, in order; the same port by
/// two protocols has one node port. A service of a type without node ports loses those it had and still names, and
/// with a type goes what belongs to it alone (externalTrafficPolicy, the load balancer's class). What `spare` is too
/// short for stays without.
void settle_node_ports(const ::k8s::io::api::core::v1::Service& old, const std::vector<int32_t>& spare,
                       ::k8s::io::api::core::v1::Service* now);

/// All that it names, that of its health check too.
std::set<int32_t> node_ports_of(const ::k8s::io::api::core::v1::Service& service);

}  // namespace kabuki::api_server
