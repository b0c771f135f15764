#include "actors/api_server/table/printer.hpp"
#include "messages/api/core/v1/component_status.pb.h"

namespace kabuki::api_server::table {
namespace {

Row component_row(const google::protobuf::Message& message, io::WallTime) {
  const auto& object = static_cast<const ::k8s::io::api::core::v1::ComponentStatus&>(message);
  std::string status = "Unknown", text, error;
  for (const auto& condition : object.conditions()) {
    if (condition.type() != "Healthy") continue;
    status = condition.status() == "True" ? "Healthy" : "Unhealthy";
    text = condition.message();
    error = condition.error();
  }
  return {{object.metadata().name(), status, text, error}, {}};
}

}  // namespace

Printer component_status_printer() {
  return {{name_column(),
           {"Status", "string", "Status of the component conditions"},
           {"Message", "string", "Message of the component conditions"},
           {"Error", "string", "Error of the component conditions"}},
          component_row};
}

}  // namespace kabuki::api_server::table
