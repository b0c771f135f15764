#pragma once

#include <string>

namespace k8s::io::api::core::v1 {
class Service;
}

namespace kabuki::api_server {

/// What an update of a service does to its addresses, as in a kube-apiserver: one that names none keeps those it has,
/// one that becomes an ExternalName loses them, one that needs an address and never had one is given `spare`.
void settle_service_address(const ::k8s::io::api::core::v1::Service& old, const std::string& spare,
                            ::k8s::io::api::core::v1::Service* now);

}  // namespace kabuki::api_server
