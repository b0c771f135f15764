#include "actors/api_server/write/service_address.hpp"

#include "messages/api/core/v1/service.pb.h"

namespace kabuki::api_server {

void settle_service_address(const ::k8s::io::api::core::v1::Service& old, const std::string& spare,
                            ::k8s::io::api::core::v1::Service* now) {
  auto* spec = now->mutable_spec();
  bool had = old.spec().type() != "ExternalName" && !old.spec().clusterip().empty();
  if (spec->type() == "ExternalName") {
    if (had && spec->clusterip() == old.spec().clusterip()) {
      spec->clear_clusterip();
      spec->clear_clusterips();
    }
    return;
  }
  if (spec->clusterip().empty()) {
    if (had) {
      spec->set_clusterip(old.spec().clusterip());
      *spec->mutable_clusterips() = old.spec().clusterips();
    } else {
      spec->set_clusterip(spare);
    }
  }
  if (!spec->clusterip().empty() && spec->clusterips().empty()) spec->add_clusterips(spec->clusterip());
}

}  // namespace kabuki::api_server
