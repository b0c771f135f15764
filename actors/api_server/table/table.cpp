#include "actors/api_server/table/table.hpp"

#include <cassert>
#include <memory>

#include "actors/api_server/table/printer.hpp"
#include "messages/api/meta/v1/partial.pb.h"
#include "messages/json.hpp"
#include "messages/list_encode.hpp"
#include "messages/meta.hpp"

namespace kabuki::api_server {
namespace {

using table::Cell;
using table::Column;
using table::Row;
using PartialObjectMetadata = ::k8s::io::apimachinery::pkg::apis::meta::v1::PartialObjectMetadata;

void append_member(std::string_view name, std::string_view value, std::string* out) {
  out->append("\"").append(name).append("\":");
  append_json_string(value, out);
}

void append_metadata(const TableOptions& options, std::string* out) {
  ::k8s::io::apimachinery::pkg::apis::meta::v1::ListMeta meta;
  if (options.revision) meta.set_resourceversion(std::to_string(options.revision));
  meta.set_continue_(options.continue_token);
  if (options.remaining) meta.set_remainingitemcount(*options.remaining);
  encode_json(meta, out);
}

void append_columns(const std::vector<Column>& columns, std::string* out) {
  *out += '[';
  for (const Column& column : columns) {
    if (&column != &columns.front()) *out += ',';
    *out += '{';
    append_member("name", column.name, out);
    *out += ',';
    append_member("type", column.type, out);
    *out += ',';
    append_member("format", column.is_name ? "name" : "", out);
    *out += ',';
    append_member("description", column.description, out);
    out->append(",\"priority\":").append(column.wide ? "1" : "0").append("}");
  }
  *out += ']';
}

void append_cell(const Cell& cell, std::string* out) {
  if (const auto* number = std::get_if<int64_t>(&cell)) {
    out->append(std::to_string(*number));
  } else if (const auto* flag = std::get_if<bool>(&cell)) {
    out->append(*flag ? "true" : "false");
  } else {
    append_json_string(std::get<std::string>(cell), out);
  }
}

void append_row(const Row& row, std::string* out) {
  out->append("{\"cells\":[");
  for (const Cell& cell : row.cells) {
    if (&cell != &row.cells.front()) *out += ',';
    append_cell(cell, out);
  }
  *out += ']';
  if (row.finished.empty()) return;
  out->append(R"(,"conditions":[{"type":"Completed","status":"True","reason":")").append(row.finished);
  out->append(row.finished == "Succeeded" ? R"(","message":"The pod has completed successfully."}])"
                                          : R"(","message":"The pod failed."}])");
}

void append_included(const Object& object, const google::protobuf::Message& message, const TableOptions& options,
                     std::string* out) {
  switch (options.include) {
    case TableOptions::Include::none:
      out->append("null");
      break;
    case TableOptions::Include::object:
      append_object_json(options.version ? *as_version(*options.version, object) : object, out);
      break;
    case TableOptions::Include::metadata: {
      PartialObjectMetadata partial;
      *partial.mutable_metadata() = meta_of(message);
      encode_json(partial, out, "PartialObjectMetadata", "meta.k8s.io/v1");
      break;
    }
  }
}

}  // namespace

void encode_table_json(const Kind& kind, std::span<const ObjectPtr> objects, const TableOptions& options,
                       std::string* out) {
  const table::Printer& printer = table::printer_of(kind);
  out->append(R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":)");
  append_metadata(options, out);
  out->append(",\"columnDefinitions\":");
  if (options.columns) {
    append_columns(printer.columns, out);
  } else {
    out->append("null");
  }
  out->append(",\"rows\":[");
  // One message for all rows: parsing into a used one allocates little.
  std::unique_ptr<google::protobuf::Message> message(kind.make());
  bool first = true;
  for (const ObjectPtr& object : objects) {
    [[maybe_unused]] auto sound = object->parse(message.get());
    assert(sound.ok());
    if (!first) *out += ',';
    first = false;
    const Row row = printer.row(*message, options.now);
    assert(row.cells.size() == printer.columns.size());
    append_row(row, out);
    out->append(",\"object\":");
    append_included(*object, *message, options, out);
    *out += '}';
  }
  out->append("]}");
}

}  // namespace kabuki::api_server
