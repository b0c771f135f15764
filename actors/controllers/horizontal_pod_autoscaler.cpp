#include "actors/controllers/horizontal_pod_autoscaler.hpp"

#include <algorithm>
#include <utility>

#include "messages/api/meta/v1/selector.pb.h"
#include "messages/meta.hpp"
#include "messages/quantity.hpp"
#include "messages/selectors.hpp"

namespace kabuki::controllers {
namespace {

namespace autoscaling = ::k8s::io::api::autoscaling::v2;
using autoscaling::MetricSpec;
using autoscaling::MetricStatus;
using autoscaling::MetricTarget;

constexpr const char* kNoCustomMetrics =
    "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered";

Error error_of(std::string why) { return {.code = 500, .reason = "InternalError", .message = std::move(why)}; }

void set_condition(const char* type, bool status, const std::string& reason, const std::string& message,
                   io::WallTime now, AutoscalerStatus* out) {
  auto* conditions = out->mutable_conditions();
  auto found = std::find_if(conditions->begin(), conditions->end(),
                            [&](const auto& condition) { return condition.type() == type; });
  auto* condition = found == conditions->end() ? conditions->Add() : &*found;
  const char* text = status ? "True" : "False";
  if (condition->status() != text) *condition->mutable_lasttransitiontime() = time_of(now.ns);
  condition->set_type(type);
  condition->set_status(text);
  condition->set_reason(reason);
  condition->set_message(message);
}

/// A selector as Go prints the message: "nil", or its two lists.
std::string go_text(bool given, const LabelSelectorMessage& selector) {
  if (!given) return "nil";
  std::vector<std::string> labels;
  for (const auto& [key, value] : selector.matchlabels()) labels.push_back(key + ": " + value + ",");
  std::sort(labels.begin(), labels.end());
  std::string out = "&LabelSelector{MatchLabels:map[string]string{";
  for (const std::string& label : labels) out += label;
  return out + "},MatchExpressions:[]LabelSelectorRequirement{},}";
}

std::string milli_text(int64_t milli) { return Quantity::of_milli(milli).text(); }

double tolerance_of(const autoscaling::HPAScalingRules& rules, double otherwise) {
  if (!rules.has_tolerance()) return otherwise;
  const auto quantity = Quantity::parse(rules.tolerance().string());
  return quantity.ok() ? static_cast<double>(quantity->milli()) / 1000 : otherwise;
}

class Decision {
 public:
  Decision(const AutoscalerView& view, const AutoscalerOptions& options, const Instant& now, AutoscalerMemory* memory)
      : view_(view), spec_(view.object.spec()), options_(options), now_(now), memory_(*memory) {
    plan_.status = view.object.status();
  }

  AutoscalerPlan run() {
    if (!view_.scale.ok()) {
      const std::string& why = view_.scale.error().message;
      say("Warning", "FailedGetScale", why);
      condition("AbleToScale", false, "FailedGetScale",
                "the HPA controller was unable to get the target's current scale: " + why);
      return std::move(plan_);
    }
    condition("AbleToScale", true, "SucceededGetScale",
              "the HPA controller was able to get the target's current scale");
    current_ = plan_.before = view_.scale->wanted;
    const int32_t least = spec_.has_minreplicas() ? spec_.minreplicas() : 1;
    // A new one holds on to the size it finds. Where that is the fewest there may be anyway, it would only say so.
    const bool holds = current_ > least || spec_.behavior().scaleup().stabilizationwindowseconds() > 0;
    if (holds && memory_.recommendations.empty()) memory_.recommendations.push_back({current_, now_.mono});
    if (current_ == 0 && least != 0) {
      condition("ScalingActive", false, "ScalingDisabled",
                "scaling is disabled since the replica count of the target is zero");
      finish(current_);
    } else if (current_ > spec_.maxreplicas()) {
      resize(spec_.maxreplicas(), "Current number of replicas above Spec.MaxReplicas");
    } else if (current_ < least) {
      resize(least, "Current number of replicas below Spec.MinReplicas");
    } else {
      follow_metrics(least);
    }
    return std::move(plan_);
  }

 private:
  struct Wanted {
    int32_t replicas = 0;
    std::string metric;
  };

  void condition(const char* type, bool status, const std::string& reason, const std::string& message) {
    set_condition(type, status, reason, message, now_.wall, &plan_.status);
  }

  void say(const char* type, std::string reason, std::string message) {
    plan_.events.push_back(
        {{kinds::kHorizontalPodAutoscaler, view_.object.metadata().namespace_(), view_.object.metadata().name()},
         view_.object.metadata().uid(),
         type,
         std::move(reason),
         std::move(message)});
  }

  void finish(int32_t desired) {
    plan_.status.set_currentreplicas(current_);
    plan_.status.set_desiredreplicas(desired);
    plan_.status.mutable_currentmetrics()->Clear();
    for (MetricStatus& status : statuses_) *plan_.status.add_currentmetrics() = std::move(status);
  }

  void resize(int32_t replicas, std::string reason) {
    plan_.resize = replicas;
    plan_.reason = std::move(reason);
    finish(replicas);
  }

  void follow_metrics(int32_t least) {
    std::string why;
    const auto wanted = read_metrics(&why);
    if (!wanted) {
      finish(view_.object.status().desiredreplicas());
      say("Warning", "FailedComputeMetricsReplicas", why);
      return;
    }
    std::string reason;
    if (wanted->replicas > current_) reason = wanted->metric + " above target";
    if (wanted->replicas < current_) reason = "All metrics below target";
    const LimitQuestion question{.current = current_,
                                 .wanted = wanted->replicas,
                                 .min = least,
                                 .max = spec_.maxreplicas(),
                                 .now = now_.mono,
                                 .downscale_stabilization = options_.downscale_stabilization};
    const LimitedScale limited =
        spec_.has_behavior() ? limit_scale(question, spec_.behavior(), &memory_) : limit_scale(question, &memory_);
    condition("AbleToScale", true, limited.stable_reason, limited.stable_message);
    condition("ScalingLimited", limited.limited, limited.reason, limited.message);
    if (limited.replicas == current_) return finish(current_);
    resize(limited.replicas, std::move(reason));
  }

  /// What the most demanding metric wants; none, and why, when too little is known to say.
  std::optional<Wanted> read_metrics(std::string* why) {
    if (auto selected = check_selector(); !selected) {
      *why = selected.error().message;
      return std::nullopt;
    }
    Wanted out;
    int invalid = 0;
    std::string first_reason, first_error, first_condition;
    for (const MetricSpec& spec : spec_.metrics()) {
      std::string name, reason;
      const auto replicas = read_metric(spec, &statuses_.emplace_back(), &name, &reason);
      if (!replicas.ok()) {
        if (!reason.empty()) say("Warning", reason, replicas.error().message);
        if (invalid++ == 0) {
          first_reason = reason;
          first_condition = "the HPA was unable to compute the replica count: " + replicas.error().message;
          first_error = failed_prefix(spec) + replicas.error().message;
        }
        continue;
      }
      if (out.replicas == 0 || *replicas > out.replicas) out = {*replicas, name};
    }
    // With part of the metrics missing it may grow, but not shrink.
    if (invalid >= spec_.metrics_size() || (invalid > 0 && out.replicas < current_)) {
      if (invalid > 0) condition("ScalingActive", false, first_reason, first_condition);
      *why = "invalid metrics (" + std::to_string(invalid) + " invalid out of " +
             std::to_string(spec_.metrics_size()) + "), first error is: " + first_error;
      return std::nullopt;
    }
    condition("ScalingActive", true, "ValidMetricFound",
              "the HPA was able to successfully calculate a replica count from " + out.metric);
    return out;
  }

  Result<> check_selector() {
    const std::string& selector = view_.scale->selector;
    if (selector.empty()) {
      say("Warning", "SelectorRequired", "selector is required");
      condition("ScalingActive", false, "InvalidSelector", "the HPA target's scale is missing a selector");
      return error_of("selector is required");
    }
    if (view_.selecting.size() < 2) return {};
    std::string names;
    for (const std::string& name : view_.selecting) names += (names.empty() ? "" : " ") + name;
    std::string why = "pods by selector " + selector + " are controlled by multiple HPAs: [" + names + "]";
    say("Warning", "AmbiguousSelector", why);
    condition("ScalingActive", false, "AmbiguousSelector", why);
    return error_of(std::move(why));
  }

  static std::string failed_prefix(const MetricSpec& spec) {
    if (spec.has_resource()) return "failed to get " + spec.resource().name() + " resource metric value: ";
    if (spec.has_containerresource()) {
      return "failed to get " + spec.containerresource().container() + " container metric value: ";
    }
    if (spec.has_pods()) return "failed to get pods metric value: ";
    if (spec.has_object()) return "failed to get object metric value: ";
    return "failed to get " + spec.external().metric().name() + " external metric value: ";
  }

  Result<int32_t> read_metric(const MetricSpec& spec, MetricStatus* status, std::string* name, std::string* reason) {
    if (spec.type() == "Resource" && spec.has_resource()) {
      *reason = "FailedGetResourceMetric";
      const auto& source = spec.resource();
      autoscaling::MetricValueStatus value;
      auto replicas = read_resource(source.name(), "", source.target(), &value, name);
      if (!replicas.ok()) return replicas;
      status->set_type(spec.type());
      status->mutable_resource()->set_name(source.name());
      *status->mutable_resource()->mutable_current() = std::move(value);
      return replicas;
    }
    if (spec.type() == "ContainerResource" && spec.has_containerresource()) {
      *reason = "FailedGetContainerResourceMetric";
      const auto& source = spec.containerresource();
      autoscaling::MetricValueStatus value;
      auto replicas = read_resource(source.name(), source.container(), source.target(), &value, name);
      if (!replicas.ok()) return replicas;
      status->set_type(spec.type());
      auto* out = status->mutable_containerresource();
      out->set_name(source.name());
      out->set_container(source.container());
      *out->mutable_current() = std::move(value);
      return replicas;
    }
    if (spec.type() == "Pods" && spec.has_pods()) {
      *reason = "FailedGetPodsMetric";
      return error_of("unable to get metric " + spec.pods().metric().name() + ": " + kNoCustomMetrics);
    }
    if (spec.type() == "Object" && spec.has_object()) {
      *reason = "FailedGetObjectMetric";
      const auto& object = spec.object().describedobject();
      return error_of("unable to get metric " + spec.object().metric().name() + ": " + object.kind() + " on " +
                      view_.object.metadata().namespace_() + " " + object.name() + "/" + kNoCustomMetrics);
    }
    if (spec.type() == "External" && spec.has_external()) {
      *reason = "FailedGetExternalMetric";
      const auto& metric = spec.external().metric();
      return error_of("unable to get external metric " + view_.object.metadata().namespace_() + "/" + metric.name() +
                      "/" + go_text(metric.has_selector(), metric.selector()) +
                      ": unable to fetch metrics from external metrics API: the server could not find the requested "
                      "resource (get " +
                      metric.name() + ".external.metrics.k8s.io)");
    }
    *reason = "InvalidMetricSourceType";
    return error_of("unknown metric source type \"" + spec.type() + "\"");
  }

  Result<int32_t> read_resource(const std::string& resource, const std::string& container, const MetricTarget& target,
                                autoscaling::MetricValueStatus* status, std::string* name) {
    const bool by_value = target.has_averagevalue();
    const std::string failed = "failed to get " + resource + (by_value ? " usage: " : " utilization: ");
    if (!by_value && !target.has_averageutilization()) {
      return error_of(
          "invalid resource metric source: neither an average utilization target nor an average value (usage) target "
          "was set");
    }
    if (!view_.uses.ok()) {
      return error_of(failed + "unable to get metrics for resource " + resource +
                      ": unable to fetch metrics from resource metrics API: " + view_.uses.error().message);
    }
    const ReplicaQuestion question{.current = current_,
                                   .resource = resource,
                                   .container = container,
                                   .tolerances = {tolerance_of(spec_.behavior().scaledown(), options_.tolerance),
                                                  tolerance_of(spec_.behavior().scaleup(), options_.tolerance)},
                                   .pods = view_.pods,
                                   .uses = *view_.uses,
                                   .now = now_.wall,
                                   .cpu_initialization = options_.cpu_initialization,
                                   .initial_readiness = options_.initial_readiness};
    if (by_value) {
      const auto wanted = Quantity::parse(target.averagevalue().string());
      if (!wanted.ok() || wanted->milli() <= 0) return error_of(failed + "the target is no amount");
      const auto proposal = replicas_for_average(question, wanted->milli());
      if (!proposal.ok()) return error_of(failed + proposal.error().message);
      *name = resource + " resource";
      status->mutable_averagevalue()->set_string(milli_text(proposal->average_milli));
      return proposal->replicas;
    }
    if (target.averageutilization() <= 0) return error_of(failed + "the target is no percentage");
    const auto proposal = replicas_for_utilization(question, target.averageutilization());
    if (!proposal.ok()) return error_of(failed + proposal.error().message);
    *name = resource + (container.empty() ? "" : " container") + " resource utilization (percentage of request)";
    status->set_averageutilization(proposal->utilization);
    status->mutable_averagevalue()->set_string(milli_text(proposal->average_milli));
    return proposal->replicas;
  }

  const AutoscalerView& view_;
  const autoscaling::HorizontalPodAutoscalerSpec& spec_;
  const AutoscalerOptions& options_;
  const Instant& now_;
  AutoscalerMemory& memory_;
  AutoscalerPlan plan_;
  std::vector<MetricStatus> statuses_;
  int32_t current_ = 0;
};

}  // namespace

AutoscalerPlan decide_autoscaler(const AutoscalerView& view, const AutoscalerOptions& options, const Instant& now,
                                 AutoscalerMemory* memory) {
  return Decision(view, options, now, memory).run();
}

void conclude_autoscaler(const AutoscalerMessage& object, const std::optional<Error>& failure, const Instant& now,
                         AutoscalerPlan* plan, AutoscalerMemory* memory) {
  if (!plan->resize) return;
  const std::string size = std::to_string(*plan->resize);
  actors::EventNote note{{kinds::kHorizontalPodAutoscaler, object.metadata().namespace_(), object.metadata().name()},
                         object.metadata().uid()};
  if (failure) {
    note.type = "Warning";
    note.reason = "FailedRescale";
    note.message = "New size: " + size + "; reason: " + plan->reason + "; error: " + failure->message;
    set_condition("AbleToScale", false, "FailedUpdateScale",
                  "the HPA controller was unable to update the target scale: " + failure->message, now.wall,
                  &plan->status);
    plan->status.set_desiredreplicas(object.status().desiredreplicas());
  } else {
    note.reason = "SuccessfulRescale";
    note.message = "New size: " + size + "; reason: " + plan->reason;
    set_condition("AbleToScale", true, "SucceededRescale",
                  "the HPA controller was able to update the target scale to " + size, now.wall, &plan->status);
    *plan->status.mutable_lastscaletime() = time_of(now.wall.ns);
    if (object.spec().has_behavior()) {
      remember_change(object.spec().behavior(), plan->before, *plan->resize, now.mono, memory);
    }
  }
  plan->events.push_back(std::move(note));
}

}  // namespace kabuki::controllers
