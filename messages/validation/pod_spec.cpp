#include <limits>
#include <set>
#include <string>

#include "messages/api/core/v1/pod_template.pb.h"
#include "messages/validation/rules.hpp"

namespace kabuki::validation {
namespace {

void check_volume_source(const core::VolumeSource& source, const FieldPath& path, Findings* findings) {
  std::vector<const google::protobuf::FieldDescriptor*> set;
  source.GetReflection()->ListFields(source, &set);
  if (set.empty()) findings->required(path, "must specify a volume type");
  for (size_t i = 1; i < set.size(); ++i) {
    findings->forbidden(path.child(set[i]->json_name()), "may not specify more than 1 volume type");
  }
  if (source.has_configmap() && source.configmap().localobjectreference().name().empty()) {
    findings->required(path.child("configMap.name"));
  }
  if (source.has_secret() && source.secret().secretname().empty()) {
    findings->required(path.child("secret.secretName"));
  }
  if (source.has_hostpath() && source.hostpath().path().empty()) {
    findings->required(path.child("hostPath.path"));
  }
  if (source.has_persistentvolumeclaim() && source.persistentvolumeclaim().claimname().empty()) {
    findings->required(path.child("persistentVolumeClaim.claimName"));
  }
}

void check_toleration(const core::Toleration& toleration, const FieldPath& path, Findings* findings) {
  if (!toleration.key().empty()) {
    findings->invalid(path.child("key"), toleration.key(), check_qualified_name(toleration.key()));
  }
  const std::string& op = toleration.operator_();
  if (toleration.key().empty() && op != "Exists") {
    findings->invalid(path.child("operator"), op,
                      "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
  }
  if (toleration.has_tolerationseconds() && toleration.effect() != "NoExecute") {
    findings->invalid(path.child("effect"), toleration.effect(),
                      "effect must be 'NoExecute' when `tolerationSeconds` is set");
  }
  if (op.empty() || op == "Equal") {
    findings->invalid(path.child("operator"), toleration.value(), check_label_value(toleration.value()));
  } else if (op == "Exists") {
    if (!toleration.value().empty()) {
      findings->invalid(path.child("operator"), toleration, "value must be empty when `operator` is 'Exists'");
    }
  } else {
    findings->unsupported(path.child("operator"), op, {"Equal", "Exists"});
  }
  if (!toleration.effect().empty()) {
    findings->check_choice(path.child("effect"), toleration.effect(),
                           {"NoSchedule", "PreferNoSchedule", "NoExecute"});
  }
}

void check_spread(const core::TopologySpreadConstraint& constraint, const FieldPath& path, Findings* findings) {
  if (constraint.maxskew() <= 0)
    findings->invalid(path.child("maxSkew"), constraint.maxskew(), "must be greater than 0");
  if (constraint.topologykey().empty()) {
    findings->required(path.child("topologyKey"), "can not be empty");
  } else {
    findings->invalid(path.child("topologyKey"), constraint.topologykey(),
                      check_qualified_name(constraint.topologykey()));
  }
  if (constraint.whenunsatisfiable() != "DoNotSchedule" && constraint.whenunsatisfiable() != "ScheduleAnyway") {
    findings->unsupported(path.child("whenUnsatisfiable"), constraint.whenunsatisfiable(),
                          {"DoNotSchedule", "ScheduleAnyway"});
  }
  if (constraint.has_labelselector()) {
    check_label_selector(constraint.labelselector(), path.child("labelSelector"), findings);
  }
}

}  // namespace

void check_volumes(const core::PodSpec& spec, const FieldPath& path, Findings* findings) {
  FieldPath volumes = path.child("volumes");
  std::set<std::string_view> names;
  for (int i = 0; i < spec.volumes_size(); ++i) {
    const core::Volume& volume = spec.volumes(i);
    FieldPath at = volumes.index(i);
    check_volume_source(volume.volumesource(), at, findings);
    if (volume.name().empty()) {
      findings->required(at.child("name"));
      continue;
    }
    NameProblems problems = check_dns1123_label(volume.name());
    findings->invalid(at.child("name"), volume.name(), problems);
    if (!names.insert(volume.name()).second) findings->duplicate(at.child("name"), volume.name());
  }
}

void check_pod_spec(const core::PodSpec& spec, const FieldPath& path, Findings* findings) {
  check_volumes(spec, path, findings);
  check_containers(spec, path, findings);
  findings->check_choice(path.child("restartPolicy"), spec.restartpolicy(), {"Always", "OnFailure", "Never"});
  findings->check_choice(path.child("dnsPolicy"), spec.dnspolicy(),
                         {"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"});
  check_labels(spec.nodeselector(), path.child("nodeSelector"), findings);
  if (spec.has_affinity()) check_affinity(spec.affinity(), path.child("affinity"), findings);
  if (spec.dnspolicy() == "None" && spec.dnsconfig().nameservers().empty()) {
    findings->required(path.child("dnsConfig.nameservers"),
                       "must provide at least one DNS nameserver when `dnsPolicy` is None");
  }
  FieldPath gates = path.child("schedulingGates");
  for (int i = 0; i < spec.schedulinggates_size(); ++i) {
    const std::string& name = spec.schedulinggates(i).name();
    findings->invalid(gates.index(i), name, check_qualified_name(name));
  }
  FieldPath spread = path.child("topologySpreadConstraints");
  for (int i = 0; i < spec.topologyspreadconstraints_size(); ++i) {
    check_spread(spec.topologyspreadconstraints(i), spread.index(i), findings);
  }
  auto check_subdomain = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) findings->invalid(path.child(name), value, check_dns1123_subdomain(value));
  };
  auto check_label = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) findings->invalid(path.child(name), value, check_dns1123_label(value));
  };
  check_subdomain("serviceAccountName", spec.serviceaccountname());
  check_subdomain("nodeName", spec.nodename());
  if (spec.has_activedeadlineseconds() &&
      (spec.activedeadlineseconds() < 1 || spec.activedeadlineseconds() > std::numeric_limits<int32_t>::max())) {
    findings->invalid(path.child("activeDeadlineSeconds"), spec.activedeadlineseconds(),
                      "must be between 1 and 2147483647, inclusive");
  }
  check_label("hostname", spec.hostname());
  check_label("subdomain", spec.subdomain());
  FieldPath tolerations = path.child("tolerations");
  for (int i = 0; i < spec.tolerations_size(); ++i) {
    check_toleration(spec.tolerations(i), tolerations.index(i), findings);
  }
  check_subdomain("priorityClassName", spec.priorityclassname());
  check_subdomain("runtimeClassName", spec.runtimeclassname());
}

void check_pod_template(const core::PodTemplateSpec& pod_template, const FieldPath& path, Findings* findings) {
  check_labels(pod_template.metadata().labels(), path.child("labels"), findings);
  check_annotations(pod_template.metadata().annotations(), path.child("annotations"), findings);
  FieldPath spec = path.child("spec");
  check_pod_spec(pod_template.spec(), spec, findings);
  if (!pod_template.spec().ephemeralcontainers().empty()) {
    findings->forbidden(spec.child("ephemeralContainers"), "ephemeral containers not allowed in pod template");
  }
}

}  // namespace kabuki::validation
