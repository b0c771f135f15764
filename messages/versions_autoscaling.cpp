// Autoscalers: version 1 has a field for one metric, the use of CPU as a percentage; all else that version 2 says
// stands in annotations. Source: Kubernetes, pkg/apis/autoscaling/v1/conversion.go and annotations.go.
#include "messages/versions_autoscaling.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "messages/api/autoscaling/v1/horizontal_pod_autoscaler.pb.h"
#include "messages/api/autoscaling/v2/horizontal_pod_autoscaler.pb.h"
#include "messages/autoscaling_notes.pb.h"
#include "messages/json.hpp"
#include "messages/versions.hpp"

namespace kabuki {
namespace {

namespace v1 = ::k8s::io::api::autoscaling::v1;
namespace v2 = ::k8s::io::api::autoscaling::v2;
using google::protobuf::Message;

constexpr const char* kMetrics = "autoscaling.alpha.kubernetes.io/metrics";
constexpr const char* kCurrentMetrics = "autoscaling.alpha.kubernetes.io/current-metrics";
constexpr const char* kConditions = "autoscaling.alpha.kubernetes.io/conditions";
constexpr const char* kBehavior = "autoscaling.alpha.kubernetes.io/behavior";
constexpr const char* kUtilization = "Utilization";

// The annotation shows Kubernetes' own struct, which has no JSON names.
constexpr std::array<std::pair<const char*, const char*>, 9> kBehaviorNames = {
    {{"scaleUp", "ScaleUp"},
     {"scaleDown", "ScaleDown"},
     {"stabilizationWindowSeconds", "StabilizationWindowSeconds"},
     {"selectPolicy", "SelectPolicy"},
     {"policies", "Policies"},
     {"tolerance", "Tolerance"},
     {"type", "Type"},
     {"value", "Value"},
     {"periodSeconds", "PeriodSeconds"}}};

void replace_all(const std::string& from, const std::string& to, std::string* text) {
  for (size_t at = text->find(from); at != std::string::npos; at = text->find(from, at + to.size())) {
    text->replace(at, from.size(), to);
  }
}

std::string rules_json(bool given, const v2::HPAScalingRules& rules) {
  if (!given) return "null";
  std::string out = R"({"StabilizationWindowSeconds":)";
  out += rules.has_stabilizationwindowseconds() ? std::to_string(rules.stabilizationwindowseconds()) : "null";
  out += R"(,"SelectPolicy":)";
  if (rules.has_selectpolicy()) {
    append_json_string(rules.selectpolicy(), &out);
  } else {
    out += "null";
  }
  out += R"(,"Policies":)";
  if (rules.policies_size() == 0) {
    out += "null";
  } else {
    out += '[';
    for (const auto& policy : rules.policies()) {
      if (out.back() != '[') out += ',';
      out += R"({"Type":)";
      append_json_string(policy.type(), &out);
      out += R"(,"Value":)" + std::to_string(policy.value()) + R"(,"PeriodSeconds":)" +
             std::to_string(policy.periodseconds()) + "}";
    }
    out += ']';
  }
  out += R"(,"Tolerance":)";
  if (rules.has_tolerance()) {
    append_json_string(rules.tolerance().string(), &out);
  } else {
    out += "null";
  }
  return out + "}";
}

std::string behavior_json(const v2::HorizontalPodAutoscalerBehavior& behavior) {
  return R"({"ScaleUp":)" + rules_json(behavior.has_scaleup(), behavior.scaleup()) + R"(,"ScaleDown":)" +
         rules_json(behavior.has_scaledown(), behavior.scaledown()) + "}";
}

bool read_behavior(std::string text, v2::HorizontalPodAutoscalerBehavior* out) {
  for (const auto& [ours, theirs] : kBehaviorNames) {
    replace_all("\"" + std::string(theirs) + "\":", "\"" + std::string(ours) + "\":", &text);
  }
  return decode_json(text, out).ok();
}

/// The list in `items` as an annotation shows it.
std::string list_json(const Message& wrapper) {
  constexpr std::string_view kBegin = R"({"items":)";
  std::string json;
  encode_json(wrapper, &json);
  return json.substr(kBegin.size(), json.size() - kBegin.size() - 1);
}

/// False where there is no such annotation, or none that is understood.
template <class Wrapper>
bool read_list(const google::protobuf::Map<std::string, std::string>& annotations, const char* name, Wrapper* out) {
  const auto found = annotations.find(name);
  return found != annotations.end() && decode_json(R"({"items":)" + found->second + "}", out).ok() &&
         out->items_size() > 0;
}

bool is_cpu_share(const v2::MetricSpec& metric) {
  return metric.type() == "Resource" && metric.resource().name() == "cpu" &&
         metric.resource().target().has_averageutilization();
}

void copy_condition(const auto& from, auto* to) {
  to->set_type(from.type());
  to->set_status(from.status());
  to->set_reason(from.reason());
  to->set_message(from.message());
  if (from.has_lasttransitiontime()) *to->mutable_lasttransitiontime() = from.lasttransitiontime();
}

/// Whatever stood there before did not come from a conversion.
void drop_notes(google::protobuf::Map<std::string, std::string>* annotations) {
  for (const char* name : {kMetrics, kCurrentMetrics, kConditions, kBehavior}) annotations->erase(name);
}

/// What both versions have fields for.
void copy_common(const auto& from, auto* to) {
  if (from.has_metadata()) *to->mutable_metadata() = from.metadata();
  if (from.has_spec()) {
    copy_reference(from.spec().scaletargetref(), to->mutable_spec()->mutable_scaletargetref());
    if (from.spec().has_minreplicas()) to->mutable_spec()->set_minreplicas(from.spec().minreplicas());
    to->mutable_spec()->set_maxreplicas(from.spec().maxreplicas());
  }
  if (!from.has_status()) return;
  const auto& status = from.status();
  auto* out = to->mutable_status();
  if (status.has_observedgeneration()) out->set_observedgeneration(status.observedgeneration());
  if (status.has_lastscaletime()) *out->mutable_lastscaletime() = status.lastscaletime();
  out->set_currentreplicas(status.currentreplicas());
  out->set_desiredreplicas(status.desiredreplicas());
}

}  // namespace

void autoscaler_to_v1(const Message& stored, Message* out) {
  const auto& from = static_cast<const v2::HorizontalPodAutoscaler&>(stored);
  auto* to = static_cast<v1::HorizontalPodAutoscaler*>(out);
  copy_common(from, to);
  AutoscalerMetrics metrics;
  for (const auto& metric : from.spec().metrics()) {
    const bool first = !to->spec().has_targetcpuutilizationpercentage();
    if (is_cpu_share(metric) && first) {
      to->mutable_spec()->set_targetcpuutilizationpercentage(metric.resource().target().averageutilization());
    } else {
      metric_to_v1(metric, metrics.add_items());
    }
  }
  AutoscalerCurrentMetrics current;
  for (const auto& metric : from.status().currentmetrics()) {
    status_to_v1(metric, current.add_items());
    if (metric.resource().name() == "cpu" && metric.resource().current().has_averageutilization()) {
      to->mutable_status()->set_currentcpuutilizationpercentage(metric.resource().current().averageutilization());
    }
  }
  AutoscalerConditions conditions;
  for (const auto& condition : from.status().conditions()) copy_condition(condition, conditions.add_items());

  auto* annotations = to->mutable_metadata()->mutable_annotations();
  drop_notes(annotations);
  if (metrics.items_size() > 0) (*annotations)[kMetrics] = list_json(metrics);
  if (current.items_size() > 0) (*annotations)[kCurrentMetrics] = list_json(current);
  if (conditions.items_size() > 0) (*annotations)[kConditions] = list_json(conditions);
  if (from.spec().has_behavior()) (*annotations)[kBehavior] = behavior_json(from.spec().behavior());
}

void autoscaler_from_v1(const Message& version, Message* out) {
  const auto& from = static_cast<const v1::HorizontalPodAutoscaler&>(version);
  auto* to = static_cast<v2::HorizontalPodAutoscaler*>(out);
  copy_common(from, to);
  const auto& annotations = from.metadata().annotations();
  AutoscalerMetrics metrics;
  if (read_list(annotations, kMetrics, &metrics)) {
    for (const auto& metric : metrics.items()) metric_from_v1(metric, to->mutable_spec()->add_metrics());
  }
  if (from.spec().has_targetcpuutilizationpercentage()) {
    auto* metric = to->mutable_spec()->add_metrics();
    metric->set_type("Resource");
    metric->mutable_resource()->set_name("cpu");
    metric->mutable_resource()->mutable_target()->set_type(kUtilization);
    metric->mutable_resource()->mutable_target()->set_averageutilization(
        from.spec().targetcpuutilizationpercentage());
  }
  const auto behavior = annotations.find(kBehavior);
  if (behavior != annotations.end()) {
    v2::HorizontalPodAutoscalerBehavior read;
    if (read_behavior(behavior->second, &read)) *to->mutable_spec()->mutable_behavior() = std::move(read);
  }
  AutoscalerCurrentMetrics current;
  if (read_list(annotations, kCurrentMetrics, &current)) {
    for (const auto& metric : current.items()) status_from_v1(metric, to->mutable_status()->add_currentmetrics());
  } else if (from.status().has_currentcpuutilizationpercentage()) {
    auto* metric = to->mutable_status()->add_currentmetrics();
    metric->set_type("Resource");
    metric->mutable_resource()->set_name("cpu");
    metric->mutable_resource()->mutable_current()->set_averageutilization(
        from.status().currentcpuutilizationpercentage());
  }
  AutoscalerConditions conditions;
  if (read_list(annotations, kConditions, &conditions)) {
    for (const auto& condition : conditions.items())
      copy_condition(condition, to->mutable_status()->add_conditions());
  }
  if (to->has_metadata()) drop_notes(to->mutable_metadata()->mutable_annotations());
}

}  // namespace kabuki
