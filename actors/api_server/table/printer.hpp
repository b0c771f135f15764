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

using Cell = std::variant<std::string, int64_t>;

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

/// Words of kubectl's columns.
inline constexpr const char* kNone = "<none>";
inline std::string or_none(const std::string& text) { return text.empty() ? kNone : text; }
/// "a,b".
std::string joined(const std::vector<std::string>& parts);

/// Columns that most kinds begin or end with.
Column name_column();
Column age_column();

}  // namespace kabuki::api_server::table
