#include "actors/api_server/table/printer.hpp"

#include <map>

#include "messages/meta.hpp"
#include "messages/time_format.hpp"

namespace kabuki::api_server::table {
namespace {

Row plain_row(const google::protobuf::Message& object, io::WallTime) {
  const ObjectMeta& meta = meta_of(object);
  return {{meta.name(), format_time(meta.creationtimestamp().seconds())}, {}};
}

Printer plain_printer() {
  Column created{"Created At", "date"};
  created.description = "When the object was created.";
  return {{name_column(), created}, plain_row};
}

std::map<KindId, Printer> make_printers() {
  return {
      {kinds::kPod, pod_printer()},
      {kinds::kNode, node_printer()},
      {kinds::kNamespace, namespace_printer()},
      {kinds::kConfigMap, config_map_printer()},
      {kinds::kSecret, secret_printer()},
      {kinds::kService, service_printer()},
      {kinds::kServiceAccount, service_account_printer()},
      {kinds::kEvent, event_printer()},
      {kinds::kLease, lease_printer()},
      {kinds::kDeployment, deployment_printer()},
      {kinds::kReplicaSet, replica_set_printer()},
  };
}

}  // namespace

Column name_column() {
  return {"Name", "string", "Name is unique within a namespace, and within the cluster for kinds without one.", false,
          true};
}

Column age_column() { return {"Age", "string", "Time since the object was created."}; }

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) {
    if (&part != &parts.front()) out += ',';
    out += part;
  }
  return out;
}

const Printer& printer_of(const Kind& kind) {
  static const std::map<KindId, Printer> printers = make_printers();
  static const Printer plain = plain_printer();
  auto found = printers.find(kind.id);
  return found == printers.end() ? plain : found->second;
}

}  // namespace kabuki::api_server::table
