#include "actors/api_server/metrics/metrics_objects.hpp"

#include <string>

#include "messages/api/metrics/v1beta1/node_metrics.pb.h"
#include "messages/api/metrics/v1beta1/pod_metrics.pb.h"
#include "messages/field_scan.hpp"
#include "messages/meta.hpp"
#include "messages/quantity.hpp"
#include "messages/versions.hpp"

namespace kabuki::api_server {
namespace {

namespace metrics = ::k8s::io::metrics::pkg::apis::metrics::v1beta1;
using Usage = google::protobuf::Map<std::string, ::k8s::io::apimachinery::pkg::api::resource::Quantity>;

constexpr int64_t kKi = 1024;

void set_usage(int64_t cpu_milli, int64_t memory_bytes, Usage* usage) {
  (*usage)["cpu"].set_string(Quantity::of_milli(cpu_milli).text());
  // In whole Ki, as a kernel counts it.
  (*usage)["memory"].set_string(
      Quantity::of_value((memory_bytes + kKi - 1) / kKi * kKi, Quantity::Format::binary_si).text());
}

template <class Message>
void set_common(const Object& of, int64_t at_ns, io::Duration window, io::WallTime now, Message* out) {
  auto* meta = out->mutable_metadata();
  meta->set_name(std::string(of.name()));
  meta->set_namespace_(std::string(of.ns()));
  *meta->mutable_creationtimestamp() = time_of(now.ns);
  scan_string_map(of.body(), paths::kLabels, [&](std::string_view key, std::string_view value) {
    (*meta->mutable_labels())[std::string(key)] = std::string(value);
    return true;
  });
  *out->mutable_timestamp() = time_of(at_ns);
  out->mutable_window()->set_duration(window.count());
}

}  // namespace

ObjectPtr node_metrics(const Object& node, const bus::NodeUse& sample, io::Duration window, io::WallTime now) {
  metrics::NodeMetrics out;
  set_common(node, sample.at_ns(), window, now, &out);
  set_usage(sample.cpu_milli(), sample.memory_bytes(), out.mutable_usage());
  return Object::encode(kinds::kNodeMetrics, out);
}

ObjectPtr pod_metrics(const Object& pod, const bus::PodUse& use, int64_t at_ns, io::Duration window,
                      io::WallTime now) {
  if (pod.uid() != use.uid() || use.containers_size() == 0) return nullptr;
  metrics::PodMetrics out;
  set_common(pod, at_ns, window, now, &out);
  for (const auto& container : use.containers()) {
    auto* entry = out.add_containers();
    entry->set_name(container.name());
    set_usage(container.cpu_milli(), container.memory_bytes(), entry->mutable_usage());
  }
  return Object::encode(kinds::kPodMetrics, out);
}

}  // namespace kabuki::api_server
