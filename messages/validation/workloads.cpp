#include <string>

#include "messages/api/apps/v1/deployment.pb.h"
#include "messages/api/apps/v1/replica_set.pb.h"
#include "messages/int_or_string.hpp"
#include "messages/selectors.hpp"
#include "messages/validation/rules.hpp"

namespace kabuki::validation {
namespace {

// What a deployment and a replica set have in common.
template <class Spec>
void check_selector(const Spec& spec, const FieldPath& path, Findings* findings) {
  FieldPath at = path.child("selector");
  if (!spec.has_selector()) {
    findings->required(at);
    return;
  }
  check_label_selector(spec.selector(), at, findings);
  if (spec.selector().matchlabels().empty() && spec.selector().matchexpressions().empty()) {
    findings->invalid(at, spec.selector(), "empty selector is invalid for deployment");
  }
}

template <class Spec>
void check_template(const Spec& spec, const FieldPath& path, Findings* findings) {
  FieldPath at = path.child("template");
  const auto& labels = spec.template_().metadata().labels();
  auto selector = LabelSelector::from_message(spec.selector());
  if (!selector) {
    FieldPath selector_path = path.child("selector");
    findings->invalid(selector_path, spec.selector(), "invalid label selector");
    return;
  }
  // No selector selects nothing; an empty one, everything.
  if (!spec.has_selector() || !selector->matches_map(labels)) {
    FieldPath metadata = at.child("metadata");
    findings->invalid_json(metadata.child("labels"), map_json(labels), "`selector` does not match template `labels`");
  }
  check_pod_template(spec.template_(), at, findings);
  FieldPath pod = at.child("spec");
  const auto& pod_spec = spec.template_().spec();
  if (pod_spec.restartpolicy() != "Always") {
    findings->unsupported(pod.child("restartPolicy"), pod_spec.restartpolicy(), {"Always"});
  }
  if (pod_spec.has_activedeadlineseconds()) {
    findings->forbidden(pod.child("activeDeadlineSeconds"), "activeDeadlineSeconds in ReplicaSet is not Supported");
  }
}

std::string printed(const IntOrString& value) {
  return value.type() == 0 ? std::to_string(value.intval()) : "\"" + value.strval() + "\"";
}

void check_share(const IntOrString& value, const FieldPath& path, Findings* findings) {
  if (value.type() == 0) {
    findings->check_not_negative(path, value.intval());
  } else if (!scaled_value(value, 100, Rounding::down) || value.strval().front() == '-') {
    findings->invalid(path, value.strval(),
                      "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or "
                      "'93%', regex used for validation is '[0-9]+%')");
  }
}

bool is_zero(const IntOrString& value) {
  auto number = scaled_value(value, 100, Rounding::down);
  return !number || *number == 0;
}

void check_strategy(const apps::DeploymentStrategy& strategy, const FieldPath& path, Findings* findings) {
  FieldPath at = path.child("rollingUpdate");
  if (strategy.type() == "Recreate") {
    if (strategy.has_rollingupdate()) {
      findings->forbidden(at, "may not be specified when strategy `type` is 'Recreate'");
    }
    return;
  }
  if (strategy.type() != "RollingUpdate") {
    findings->unsupported(path, strategy.type(), {"Recreate", "RollingUpdate"});
    return;
  }
  if (!strategy.has_rollingupdate()) {
    findings->required(at, "this should be defaulted and never be nil");
    return;
  }
  const auto& rolling = strategy.rollingupdate();
  FieldPath unavailable = at.child("maxUnavailable");
  check_share(rolling.maxunavailable(), unavailable, findings);
  check_share(rolling.maxsurge(), at.child("maxSurge"), findings);
  if (is_zero(rolling.maxunavailable()) && is_zero(rolling.maxsurge())) {
    findings->invalid_json(unavailable, printed(rolling.maxunavailable()), "may not be 0 when `maxSurge` is 0");
  }
  auto percent = scaled_value(rolling.maxunavailable(), 100, Rounding::down);
  if (rolling.maxunavailable().type() != 0 && percent && *percent > 100) {
    findings->invalid_json(unavailable, printed(rolling.maxunavailable()), "must not be greater than 100%");
  }
}

template <class Spec>
void check_same_selector(const Spec& old, const Spec& now, Findings* findings) {
  if (same(old.selector(), now.selector())) return;
  FieldPath path("spec");
  findings->invalid(path.child("selector"), now.selector(), kImmutable);
}

}  // namespace

void check_deployment(const apps::Deployment& deployment, Findings* findings) {
  const apps::DeploymentSpec& spec = deployment.spec();
  FieldPath path("spec");
  findings->check_not_negative(path.child("replicas"), spec.replicas());
  check_selector(spec, path, findings);
  check_template(spec, path, findings);
  check_strategy(spec.strategy(), path.child("strategy"), findings);
  findings->check_not_negative(path.child("minReadySeconds"), spec.minreadyseconds());
  findings->check_not_negative(path.child("revisionHistoryLimit"), spec.revisionhistorylimit());
  if (spec.has_progressdeadlineseconds()) {
    FieldPath at = path.child("progressDeadlineSeconds");
    findings->check_not_negative(at, spec.progressdeadlineseconds());
    if (spec.progressdeadlineseconds() <= spec.minreadyseconds()) {
      findings->invalid(at, spec.progressdeadlineseconds(), "must be greater than minReadySeconds");
    }
  }
}

void check_deployment_change(const apps::Deployment& old, const apps::Deployment& now, std::string_view,
                             Findings* findings) {
  if (same(old.spec(), now.spec())) return;
  check_deployment(now, findings);
  check_same_selector(old.spec(), now.spec(), findings);
}

void check_replica_set(const apps::ReplicaSet& set, Findings* findings) {
  FieldPath path("spec");
  findings->check_not_negative(path.child("replicas"), set.spec().replicas());
  findings->check_not_negative(path.child("minReadySeconds"), set.spec().minreadyseconds());
  check_selector(set.spec(), path, findings);
  check_template(set.spec(), path, findings);
}

void check_replica_set_change(const apps::ReplicaSet& old, const apps::ReplicaSet& now, std::string_view,
                              Findings* findings) {
  if (same(old.spec(), now.spec())) return;
  check_replica_set(now, findings);
  check_same_selector(old.spec(), now.spec(), findings);
}

}  // namespace kabuki::validation
