#pragma once

#include <cstdint>
#include <google/protobuf/message.h>
#include <string>
#include <variant>
#include <vector>

#include "messages/kinds.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::api_server::table {

struct Column {
  const char* name;
  const char* type = "string";
  const char* description = "";
  bool wide = false;  // only with -o wide: priority 1
  bool is_name = false;
};

using Cell = std::variant<std::string, int64_t, bool>;

struct Row {
  std::vector<Cell> cells;
  std::string finished;  // why a pod is finished, "Succeeded" or "Failed": kubectl hides such rows when asked to
};

/// How one kind is printed: its columns, and the cells of one object. Pure.
struct Printer {
  std::vector<Column> columns;
  Row (*row)(const google::protobuf::Message& object, io::WallTime now);
};

/// The kind's own printer, or that of name and creation time.
const Printer& printer_of(const Kind& kind);

Printer pod_printer();
Printer node_printer();
Printer service_printer();
Printer event_printer();
Printer namespace_printer();
Printer config_map_printer();
Printer secret_printer();
Printer service_account_printer();
Printer lease_printer();
Printer deployment_printer();
Printer replica_set_printer();
Printer replication_controller_printer();
Printer daemon_set_printer();
Printer stateful_set_printer();
Printer pod_template_printer();
Printer controller_revision_printer();
Printer job_printer();
Printer cron_job_printer();
Printer autoscaler_printer();
Printer disruption_budget_printer();
Printer resource_quota_printer();
Printer endpoints_printer();
Printer endpoint_slice_printer();
Printer ingress_printer();
Printer ingress_class_printer();
Printer network_policy_printer();
Printer ip_address_printer();
Printer service_cidr_printer();
Printer volume_printer();
Printer volume_claim_printer();
Printer storage_class_printer();
Printer volume_attachment_printer();
Printer volume_attributes_class_printer();
Printer csi_driver_printer();
Printer csi_node_printer();
Printer csi_capacity_printer();
Printer role_binding_printer();
Printer cluster_role_binding_printer();
Printer priority_class_printer();
Printer runtime_class_printer();
Printer signing_request_printer();
Printer flow_schema_printer();
Printer priority_level_printer();
Printer mutating_webhook_printer();
Printer validating_webhook_printer();
Printer mutating_policy_printer();
Printer validating_policy_printer();
Printer mutating_policy_binding_printer();
Printer validating_policy_binding_printer();
Printer api_service_printer();
Printer device_class_printer();
Printer resource_claim_printer();
Printer resource_claim_template_printer();
Printer resource_slice_printer();
Printer component_status_printer();
Printer node_metrics_printer();
Printer pod_metrics_printer();

/// Words of kubectl's columns.
inline constexpr const char* kNone = "<none>";
inline std::string or_none(const std::string& text) { return text.empty() ? kNone : text; }
/// "a,b".
std::string joined(const std::vector<std::string>& parts);

/// Columns that most kinds begin or end with.
Column name_column();
Column age_column();

}  // namespace kabuki::api_server::table
