// Jobs, cron jobs, autoscalers, disruption budgets and quotas.
#include <map>

#include "actors/api_server/table/cells.hpp"
#include "actors/api_server/table/human_duration.hpp"
#include "actors/api_server/table/printer.hpp"
#include "messages/api/autoscaling/v2/horizontal_pod_autoscaler.pb.h"
#include "messages/api/batch/v1/cron_job.pb.h"
#include "messages/api/batch/v1/job.pb.h"
#include "messages/api/core/v1/resource_quota.pb.h"
#include "messages/api/policy/v1/pod_disruption_budget.pb.h"

namespace kabuki::api_server::table {
namespace {

namespace autoscaling = ::k8s::io::api::autoscaling::v2;
namespace batch = ::k8s::io::api::batch::v1;
using google::protobuf::Message;

std::string job_status(const batch::Job& job) {
  const auto has = [&](std::string_view type) {
    for (const auto& condition : job.status().conditions()) {
      if (condition.type() == type && condition.status() == "True") return true;
    }
    return false;
  };
  if (has("Complete")) return "Complete";
  if (has("Failed")) return "Failed";
  if (job.metadata().has_deletiontimestamp()) return "Terminating";
  for (const char* type : {"Suspended", "FailureTarget", "SuccessCriteriaMet"}) {
    if (has(type)) return type;
  }
  return "Running";
}

std::string job_completions(const batch::Job& job) {
  const std::string succeeded = std::to_string(job.status().succeeded());
  if (job.spec().has_completions()) return succeeded + "/" + std::to_string(job.spec().completions());
  const int32_t parallelism = job.spec().parallelism();
  return succeeded + (parallelism > 1 ? "/1 of " + std::to_string(parallelism) : "/1");
}

std::string job_duration(const batch::JobStatus& status, io::WallTime now) {
  if (!status.has_starttime()) return "";
  if (!status.has_completiontime()) return age_of(status.starttime(), now);
  return human_duration(std::chrono::seconds(status.completiontime().seconds() - status.starttime().seconds()));
}

Row job_row(const Message& message, io::WallTime now) {
  const auto& job = static_cast<const batch::Job&>(message);
  return {{job.metadata().name(), job_status(job), job_completions(job), job_duration(job.status(), now),
           age_of(job.metadata().creationtimestamp(), now), container_names(job.spec().template_()),
           container_images(job.spec().template_()),
           job.spec().has_selector() ? selector_text(job.spec().selector()) : kNone},
          {}};
}

Row cron_job_row(const Message& message, io::WallTime now) {
  const auto& job = static_cast<const batch::CronJob&>(message);
  const auto& spec = job.spec();
  const auto& jobs = spec.jobtemplate().spec();
  return {{job.metadata().name(), spec.schedule(), spec.has_timezone() ? spec.timezone() : kNone,
           !spec.has_suspend() ? "<unset>"
           : spec.suspend()    ? "True"
                               : "False",
           int64_t{job.status().active_size()},
           job.status().has_lastscheduletime() ? age_of(job.status().lastscheduletime(), now) : kNone,
           age_of(job.metadata().creationtimestamp(), now), container_names(jobs.template_()),
           container_images(jobs.template_()), jobs.has_selector() ? selector_text(jobs.selector()) : kNone},
          {}};
}

std::string amount(bool known, const ::k8s::io::apimachinery::pkg::api::resource::Quantity& quantity) {
  return known ? (quantity.string().empty() ? "0" : quantity.string()) : "<unknown>";
}

// What is measured of what is wanted; `current` may be null.
std::string metric_text(const autoscaling::MetricTarget& target, const autoscaling::MetricValueStatus* current,
                        bool utilization, const std::string& prefix, bool mark_average) {
  if (target.has_averagevalue()) {
    return prefix +
           amount(current && current->has_averagevalue(), current ? current->averagevalue() : target.value()) + "/" +
           amount(true, target.averagevalue()) + (mark_average ? " (avg)" : "");
  }
  if (!utilization) {
    return prefix + amount(current && current->has_value(), current ? current->value() : target.value()) + "/" +
           amount(true, target.value());
  }
  const auto percent = [](int32_t value) { return std::to_string(value) + "%"; };
  const bool known = current && current->has_averageutilization();
  return prefix + (known ? percent(current->averageutilization()) : "<unknown>") + "/" +
         (target.has_averageutilization() ? percent(target.averageutilization()) : "<auto>");
}

std::string metric_text(const autoscaling::MetricSpec& spec, const autoscaling::MetricStatus* status) {
  const std::string& type = spec.type();
  if (type == "External") {
    const bool known = status && status->has_external();
    return metric_text(spec.external().target(), known ? &status->external().current() : nullptr, false, "", true);
  }
  if (type == "Pods") {
    const bool known = status && status->has_pods();
    return metric_text(spec.pods().target(), known ? &status->pods().current() : nullptr, false, "", false);
  }
  if (type == "Object") {
    const bool known = status && status->has_object();
    return metric_text(spec.object().target(), known ? &status->object().current() : nullptr, false, "", true);
  }
  if (type == "Resource") {
    const bool known = status && status->has_resource();
    return metric_text(spec.resource().target(), known ? &status->resource().current() : nullptr, true,
                       spec.resource().name() + ": ", false);
  }
  if (type == "ContainerResource") {
    const bool known = status && status->has_containerresource();
    return metric_text(spec.containerresource().target(), known ? &status->containerresource().current() : nullptr,
                       true, spec.containerresource().name() + ": ", false);
  }
  return "<unknown type>";
}

Row autoscaler_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const autoscaling::HorizontalPodAutoscaler&>(message);
  const auto& spec = object.spec();
  std::vector<std::string> metrics;
  for (int i = 0; i < spec.metrics_size(); ++i) {
    const bool known = i < object.status().currentmetrics_size();
    metrics.push_back(metric_text(spec.metrics(i), known ? &object.status().currentmetrics(i) : nullptr));
  }
  return {{object.metadata().name(), spec.scaletargetref().kind() + "/" + spec.scaletargetref().name(),
           or_none(with_more(metrics, 2, ", ")),
           spec.has_minreplicas() ? std::to_string(spec.minreplicas()) : "<unset>", int64_t{spec.maxreplicas()},
           int64_t{object.status().currentreplicas()}, age_of(object.metadata().creationtimestamp(), now)},
          {}};
}

std::string share(bool given, const ::k8s::io::apimachinery::pkg::util::intstr::IntOrString& value) {
  if (!given) return "N/A";
  return value.type() == 0 ? std::to_string(value.intval()) : value.strval();
}

Row disruption_budget_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const ::k8s::io::api::policy::v1::PodDisruptionBudget&>(message);
  return {{object.metadata().name(), share(object.spec().has_minavailable(), object.spec().minavailable()),
           share(object.spec().has_maxunavailable(), object.spec().maxunavailable()),
           int64_t{object.status().disruptionsallowed()}, age_of(object.metadata().creationtimestamp(), now)},
          {}};
}

Row resource_quota_row(const Message& message, io::WallTime now) {
  const auto& object = static_cast<const ::k8s::io::api::core::v1::ResourceQuota&>(message);
  std::map<std::string, std::string> hard;
  for (const auto& [name, quantity] : object.status().hard()) hard[name] = amount(true, quantity);
  std::vector<std::string> requests, limits;
  for (const auto& [name, quantity] : hard) {
    const auto used = object.status().used().find(name);
    const std::string spent = used == object.status().used().end() ? "0" : amount(true, used->second);
    (name.starts_with("limits") ? limits : requests).push_back(name + ": " + spent + "/" + quantity);
  }
  return {{object.metadata().name(), with_more(requests, requests.size(), ", "),
           with_more(limits, limits.size(), ", "), age_of(object.metadata().creationtimestamp(), now)},
          {}};
}

}  // namespace

Printer job_printer() {
  return {{name_column(),
           {"Status", "string", "How far the job is."},
           {"Completions", "string", "How many of the wanted pods have succeeded."},
           {"Duration", "string", "How long the job has run, or ran."},
           age_column(),
           {"Containers", "string", "The names of the template's containers.", true},
           {"Images", "string", "The images of the template's containers.", true},
           {"Selector", "string", "Which pods belong to the job.", true}},
          job_row};
}

Printer cron_job_printer() {
  return {{name_column(),
           {"Schedule", "string", "When jobs are made, in cron's words."},
           {"Timezone", "string", "The time zone of the schedule."},
           {"Suspend", "string", "Whether no more jobs are made."},
           {"Active", "integer", "How many jobs run."},
           {"Last Schedule", "string", "When a job was made last."},
           age_column(),
           {"Containers", "string", "The names of the template's containers.", true},
           {"Images", "string", "The images of the template's containers.", true},
           {"Selector", "string", "Which pods belong to the jobs.", true}},
          cron_job_row};
}

Printer autoscaler_printer() {
  return {{name_column(),
           {"Reference", "string", "What is scaled."},
           {"Targets", "string", "What is measured of what is wanted."},
           {"MinPods", "string", "How many pods there are at least."},
           {"MaxPods", "string", "How many pods there are at most."},
           {"Replicas", "string", "How many pods there were last."},
           age_column()},
          autoscaler_row};
}

Printer disruption_budget_printer() {
  return {{name_column(),
           {"Min Available", "string", "How many pods must stay available."},
           {"Max Unavailable", "string", "How many pods may be unavailable."},
           {"Allowed Disruptions", "integer", "How many pods may be evicted now."},
           age_column()},
          disruption_budget_row};
}

Printer resource_quota_printer() {
  return {{name_column(),
           {"Request", "string", "What is used of what may be requested."},
           {"Limit", "string", "What is used of what may be limited."},
           age_column()},
          resource_quota_row};
}

}  // namespace kabuki::api_server::table
