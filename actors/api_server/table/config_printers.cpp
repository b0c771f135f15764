// Config maps, secrets, service accounts and services.
#include <set>

#include "actors/api_server/table/cells.hpp"
#include "actors/api_server/table/human_duration.hpp"
#include "actors/api_server/table/printer.hpp"
#include "messages/api/core/v1/config_map.pb.h"
#include "messages/api/core/v1/secret.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/api/core/v1/service_account.pb.h"

namespace kabuki::api_server::table {
namespace {

namespace core = ::k8s::io::api::core::v1;

Row config_map_row(const google::protobuf::Message& message, io::WallTime now) {
  const auto& object = static_cast<const core::ConfigMap&>(message);
  return {{object.metadata().name(), static_cast<int64_t>(object.data_size() + object.binarydata_size()),
           age_of(object.metadata().creationtimestamp(), now)},
          {}};
}

Row secret_row(const google::protobuf::Message& message, io::WallTime now) {
  const auto& object = static_cast<const core::Secret&>(message);
  return {{object.metadata().name(), object.type(), static_cast<int64_t>(object.data_size()),
           age_of(object.metadata().creationtimestamp(), now)},
          {}};
}

Row service_account_row(const google::protobuf::Message& message, io::WallTime now) {
  const auto& object = static_cast<const core::ServiceAccount&>(message);
  return {{object.metadata().name(), age_of(object.metadata().creationtimestamp(), now)}, {}};
}

std::string external_address(const core::Service& service) {
  const auto& spec = service.spec();
  const std::vector<std::string> given(spec.externalips().begin(), spec.externalips().end());
  if (spec.type() == "ClusterIP" || spec.type() == "NodePort") return or_none(joined(given));
  if (spec.type() == "ExternalName") return spec.externalname();
  if (spec.type() != "LoadBalancer") return "<unknown>";
  std::set<std::string> balanced;
  for (const auto& ingress : service.status().loadbalancer().ingress()) {
    const std::string& address = ingress.ip().empty() ? ingress.hostname() : ingress.ip();
    if (!address.empty()) balanced.insert(address);
  }
  std::vector<std::string> all(balanced.begin(), balanced.end());
  all.insert(all.end(), given.begin(), given.end());
  return all.empty() ? "<pending>" : joined(all);
}

std::string ports_text(const core::ServiceSpec& spec) {
  std::vector<std::string> out;
  for (const auto& port : spec.ports()) {
    std::string text = std::to_string(port.port());
    if (port.nodeport() > 0) text += ":" + std::to_string(port.nodeport());
    out.push_back(text + "/" + port.protocol());
  }
  return or_none(joined(out));
}

Row service_row(const google::protobuf::Message& message, io::WallTime now) {
  const auto& service = static_cast<const core::Service&>(message);
  const auto& spec = service.spec();
  return {{service.metadata().name(), spec.type(), spec.clusterips().empty() ? kNone : spec.clusterips(0),
           external_address(service), ports_text(spec), age_of(service.metadata().creationtimestamp(), now),
           labels_text(spec.selector())},
          {}};
}

}  // namespace

Printer config_map_printer() {
  return {{name_column(), {"Data", "string", "How many entries the config map has."}, age_column()}, config_map_row};
}

Printer secret_printer() {
  return {{name_column(),
           {"Type", "string", "What the secret is for."},
           {"Data", "string", "How many entries the secret has."},
           age_column()},
          secret_row};
}

Printer service_account_printer() { return {{name_column(), age_column()}, service_account_row}; }

Printer service_printer() {
  return {{name_column(),
           {"Type", "string", "How the service is reached."},
           {"Cluster-IP", "string", "The service's address within the cluster."},
           {"External-IP", "string", "The service's addresses for the outside."},
           {"Port(s)", "string", "Port, node port and protocol of each port."},
           age_column(),
           {"Selector", "string", "The labels of the pods behind the service.", true}},
          service_row};
}

}  // namespace kabuki::api_server::table
