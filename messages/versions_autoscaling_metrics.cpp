// Metrics of autoscalers: version 1 names their parts after what they are, version 2 has one form for all of them.
#include "messages/api/autoscaling/v1/horizontal_pod_autoscaler.pb.h"
#include "messages/versions_autoscaling.hpp"

namespace kabuki {
namespace {

namespace v1 = ::k8s::io::api::autoscaling::v1;
namespace v2 = ::k8s::io::api::autoscaling::v2;

constexpr const char* kUtilization = "Utilization";
constexpr const char* kAverageValue = "AverageValue";
constexpr const char* kValue = "Value";

/// Of resources and containers' resources, which differ in a name.
template <class From, class To>
void resource_to_v1(const From& from, To* to) {
  to->set_name(from.name());
  const auto& target = from.target();
  if (target.has_averageutilization()) to->set_targetaverageutilization(target.averageutilization());
  if (target.has_averagevalue()) *to->mutable_targetaveragevalue() = target.averagevalue();
}
template <class From, class To>
void resource_from_v1(const From& from, To* to) {
  to->set_name(from.name());
  auto* target = to->mutable_target();
  target->set_type(from.has_targetaverageutilization() ? kUtilization : kAverageValue);
  if (from.has_targetaverageutilization()) target->set_averageutilization(from.targetaverageutilization());
  if (from.has_targetaveragevalue()) *target->mutable_averagevalue() = from.targetaveragevalue();
}
template <class From, class To>
void resource_status_to_v1(const From& from, To* to) {
  to->set_name(from.name());
  if (from.current().has_averageutilization()) to->set_currentaverageutilization(from.current().averageutilization());
  if (from.current().has_averagevalue()) *to->mutable_currentaveragevalue() = from.current().averagevalue();
}
template <class From, class To>
void resource_status_from_v1(const From& from, To* to) {
  to->set_name(from.name());
  auto* current = to->mutable_current();
  if (from.has_currentaverageutilization()) current->set_averageutilization(from.currentaverageutilization());
  if (from.has_currentaveragevalue()) *current->mutable_averagevalue() = from.currentaveragevalue();
}

}  // namespace

void metric_to_v1(const v2::MetricSpec& from, v1::MetricSpec* to) {
  to->set_type(from.type());
  if (from.has_object()) {
    auto* object = to->mutable_object();
    copy_reference(from.object().describedobject(), object->mutable_target());
    object->set_metricname(from.object().metric().name());
    if (from.object().metric().has_selector()) *object->mutable_selector() = from.object().metric().selector();
    const auto& target = from.object().target();
    if (target.has_value()) *object->mutable_targetvalue() = target.value();
    if (target.has_averagevalue()) *object->mutable_averagevalue() = target.averagevalue();
  }
  if (from.has_pods()) {
    auto* pods = to->mutable_pods();
    pods->set_metricname(from.pods().metric().name());
    if (from.pods().metric().has_selector()) *pods->mutable_selector() = from.pods().metric().selector();
    if (from.pods().target().has_averagevalue()) {
      *pods->mutable_targetaveragevalue() = from.pods().target().averagevalue();
    }
  }
  if (from.has_resource()) resource_to_v1(from.resource(), to->mutable_resource());
  if (from.has_containerresource()) {
    resource_to_v1(from.containerresource(), to->mutable_containerresource());
    to->mutable_containerresource()->set_container(from.containerresource().container());
  }
  if (from.has_external()) {
    auto* external = to->mutable_external();
    external->set_metricname(from.external().metric().name());
    if (from.external().metric().has_selector()) {
      *external->mutable_metricselector() = from.external().metric().selector();
    }
    const auto& target = from.external().target();
    if (target.has_value()) *external->mutable_targetvalue() = target.value();
    if (target.has_averagevalue()) *external->mutable_targetaveragevalue() = target.averagevalue();
  }
}

void metric_from_v1(const v1::MetricSpec& from, v2::MetricSpec* to) {
  to->set_type(from.type());
  if (from.has_object()) {
    auto* object = to->mutable_object();
    copy_reference(from.object().target(), object->mutable_describedobject());
    object->mutable_metric()->set_name(from.object().metricname());
    if (from.object().has_selector()) *object->mutable_metric()->mutable_selector() = from.object().selector();
    auto* target = object->mutable_target();
    target->set_type(from.object().has_averagevalue() ? kAverageValue : kValue);
    if (from.object().has_averagevalue()) {
      *target->mutable_averagevalue() = from.object().averagevalue();
    } else {
      *target->mutable_value() = from.object().targetvalue();
    }
  }
  if (from.has_pods()) {
    auto* pods = to->mutable_pods();
    pods->mutable_metric()->set_name(from.pods().metricname());
    if (from.pods().has_selector()) *pods->mutable_metric()->mutable_selector() = from.pods().selector();
    pods->mutable_target()->set_type(kAverageValue);
    *pods->mutable_target()->mutable_averagevalue() = from.pods().targetaveragevalue();
  }
  if (from.has_resource()) resource_from_v1(from.resource(), to->mutable_resource());
  if (from.has_containerresource()) {
    resource_from_v1(from.containerresource(), to->mutable_containerresource());
    to->mutable_containerresource()->set_container(from.containerresource().container());
  }
  if (from.has_external()) {
    auto* external = to->mutable_external();
    external->mutable_metric()->set_name(from.external().metricname());
    if (from.external().has_metricselector()) {
      *external->mutable_metric()->mutable_selector() = from.external().metricselector();
    }
    auto* target = external->mutable_target();
    target->set_type(from.external().has_targetvalue() ? kValue : kAverageValue);
    if (from.external().has_targetvalue()) *target->mutable_value() = from.external().targetvalue();
    if (from.external().has_targetaveragevalue()) {
      *target->mutable_averagevalue() = from.external().targetaveragevalue();
    }
  }
}

void status_to_v1(const v2::MetricStatus& from, v1::MetricStatus* to) {
  to->set_type(from.type());
  if (from.has_object()) {
    auto* object = to->mutable_object();
    copy_reference(from.object().describedobject(), object->mutable_target());
    object->set_metricname(from.object().metric().name());
    if (from.object().metric().has_selector()) *object->mutable_selector() = from.object().metric().selector();
    if (from.object().current().has_value()) *object->mutable_currentvalue() = from.object().current().value();
    if (from.object().current().has_averagevalue()) {
      *object->mutable_averagevalue() = from.object().current().averagevalue();
    }
  }
  if (from.has_pods()) {
    auto* pods = to->mutable_pods();
    pods->set_metricname(from.pods().metric().name());
    if (from.pods().metric().has_selector()) *pods->mutable_selector() = from.pods().metric().selector();
    *pods->mutable_currentaveragevalue() = from.pods().current().averagevalue();
  }
  if (from.has_resource()) resource_status_to_v1(from.resource(), to->mutable_resource());
  if (from.has_containerresource()) {
    resource_status_to_v1(from.containerresource(), to->mutable_containerresource());
    to->mutable_containerresource()->set_container(from.containerresource().container());
  }
  if (from.has_external()) {
    auto* external = to->mutable_external();
    external->set_metricname(from.external().metric().name());
    if (from.external().metric().has_selector()) {
      *external->mutable_metricselector() = from.external().metric().selector();
    }
    if (from.external().current().has_value()) *external->mutable_currentvalue() = from.external().current().value();
    if (from.external().current().has_averagevalue()) {
      *external->mutable_currentaveragevalue() = from.external().current().averagevalue();
    }
  }
}

void status_from_v1(const v1::MetricStatus& from, v2::MetricStatus* to) {
  to->set_type(from.type());
  if (from.has_object()) {
    auto* object = to->mutable_object();
    copy_reference(from.object().target(), object->mutable_describedobject());
    object->mutable_metric()->set_name(from.object().metricname());
    if (from.object().has_selector()) *object->mutable_metric()->mutable_selector() = from.object().selector();
    if (from.object().has_currentvalue()) *object->mutable_current()->mutable_value() = from.object().currentvalue();
    if (from.object().has_averagevalue()) {
      *object->mutable_current()->mutable_averagevalue() = from.object().averagevalue();
    }
  }
  if (from.has_pods()) {
    auto* pods = to->mutable_pods();
    pods->mutable_metric()->set_name(from.pods().metricname());
    if (from.pods().has_selector()) *pods->mutable_metric()->mutable_selector() = from.pods().selector();
    *pods->mutable_current()->mutable_averagevalue() = from.pods().currentaveragevalue();
  }
  if (from.has_resource()) resource_status_from_v1(from.resource(), to->mutable_resource());
  if (from.has_containerresource()) {
    resource_status_from_v1(from.containerresource(), to->mutable_containerresource());
    to->mutable_containerresource()->set_container(from.containerresource().container());
  }
  if (from.has_external()) {
    auto* external = to->mutable_external();
    external->mutable_metric()->set_name(from.external().metricname());
    if (from.external().has_metricselector()) {
      *external->mutable_metric()->mutable_selector() = from.external().metricselector();
    }
    if (from.external().has_currentvalue()) {
      *external->mutable_current()->mutable_value() = from.external().currentvalue();
    }
    if (from.external().has_currentaveragevalue()) {
      *external->mutable_current()->mutable_averagevalue() = from.external().currentaveragevalue();
    }
  }
}

}  // namespace kabuki
