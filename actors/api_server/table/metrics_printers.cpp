// What nodes and pods use, as Kubernetes' metrics server prints it.
#include <map>

#include "actors/api_server/table/printer.hpp"
#include "messages/api/metrics/v1beta1/node_metrics.pb.h"
#include "messages/api/metrics/v1beta1/pod_metrics.pb.h"
#include "messages/quantity.hpp"
#include "messages/time_format.hpp"

namespace kabuki::api_server::table {
namespace {

namespace metrics = ::k8s::io::metrics::pkg::apis::metrics::v1beta1;
using google::protobuf::Message;
using Total = std::map<std::string, Quantity>;

template <class Usage>
void add_usage(const Usage& usage, Total* total) {
  for (const auto& [resource, amount] : usage) {
    if (auto quantity = Quantity::parse(amount.string()); quantity.ok()) (*total)[resource].add(*quantity);
  }
}

Row row(const std::string& name, const Total& total, int64_t window_ns) {
  const auto amount = [&](const char* resource) {
    const auto found = total.find(resource);
    return found == total.end() ? std::string() : found->second.text();
  };
  return {{name, amount("cpu"), amount("memory"), format_duration(window_ns)}, {}};
}

Row node_row(const Message& message, io::WallTime) {
  const auto& object = static_cast<const metrics::NodeMetrics&>(message);
  Total total;
  add_usage(object.usage(), &total);
  return row(object.metadata().name(), total, object.window().duration());
}

Row pod_row(const Message& message, io::WallTime) {
  const auto& object = static_cast<const metrics::PodMetrics&>(message);
  Total total;
  for (const auto& container : object.containers()) add_usage(container.usage(), &total);
  return row(object.metadata().name(), total, object.window().duration());
}

std::vector<Column> columns() {
  return {name_column(),
          {"cpu", "string", "What is used of the resource."},
          {"memory", "string", "What is used of the resource."},
          {"Window", "string", "Over how long the sample is the average."}};
}

}  // namespace

Printer node_metrics_printer() { return {columns(), node_row}; }
Printer pod_metrics_printer() { return {columns(), pod_row}; }

}  // namespace kabuki::api_server::table
