#include <array>
#include <set>
#include <string>

#include "messages/api/core/v1/pod_template.pb.h"
#include "messages/api/util/intstr.pb.h"
#include "messages/quantity.hpp"
#include "messages/validation/rules.hpp"

namespace kabuki::validation {
namespace {

constexpr std::string_view kHugePages = "hugepages-";

bool is_standard_resource(std::string_view name) {
  return name == "cpu" || name == "memory" || name == "ephemeral-storage" || name.starts_with(kHugePages);
}

// Other resources cannot be promised twice: what is requested is what is limited.
bool may_overcommit(std::string_view name) {
  size_t slash = name.find('/');
  bool native = slash == std::string_view::npos || name.substr(0, slash).ends_with("kubernetes.io");
  return native && !name.starts_with(kHugePages);
}

using Quantities = google::protobuf::Map<std::string, k8s::io::apimachinery::pkg::api::resource::Quantity>;

// Checks one quantity; none when it is no number.
Result<Quantity> check_quantity(std::string_view name, const std::string& text, const FieldPath& path,
                                Findings* findings) {
  NameProblems problems = check_qualified_name(name);
  findings->invalid(path, name, problems);
  if (problems.empty() && name.find('/') == std::string_view::npos && !is_standard_resource(name)) {
    findings->invalid(path, name, "must be a standard resource type or fully qualified");
    findings->invalid(path, name, "must be a standard resource for containers");
  }
  auto quantity = Quantity::parse(text);
  if (!quantity) {
    findings->invalid(path, text, quantity.error().message);
  } else if (quantity->sign() < 0) {
    findings->invalid(path, quantity->text(), kNegative);
  }
  return quantity;
}

void check_resources(const core::ResourceRequirements& resources, const FieldPath& path, Findings* findings) {
  FieldPath limits = path.child("limits");
  FieldPath requests = path.child("requests");
  for (std::string_view name : sorted_keys(resources.limits())) {
    (void)check_quantity(name, resources.limits().at(std::string(name)).string(), limits.key(name), findings);
  }
  for (std::string_view name : sorted_keys(resources.requests())) {
    const std::string key(name);
    auto request = check_quantity(name, resources.requests().at(key).string(), requests.key(name), findings);
    auto limit_entry = resources.limits().find(key);
    if (limit_entry == resources.limits().end()) {
      if (!may_overcommit(name)) {
        findings->required(limits, "Limit must be set for non overcommitable resources");
      }
      continue;
    }
    auto limit = Quantity::parse(limit_entry->second.string());
    if (!request || !limit || *request == *limit) continue;
    if (!may_overcommit(name)) {
      findings->invalid(requests, request->text(), "must be equal to " + key + " limit of " + limit->text());
    } else if (*request > *limit) {
      findings->invalid(requests, request->text(),
                        "must be less than or equal to " + key + " limit of " + limit->text());
    }
  }
}

template <class Ports>
void check_ports(const Ports& ports, const FieldPath& path, Findings* findings) {
  std::set<std::string_view> names;
  for (int i = 0; i < ports.size(); ++i) {
    const core::ContainerPort& port = ports[i];
    FieldPath at = path.index(i);
    if (!port.name().empty()) {
      NameProblems problems = check_port_name(port.name());
      findings->invalid(at.child("name"), port.name(), problems);
      if (problems.empty() && !names.insert(port.name()).second) findings->duplicate(at.child("name"), port.name());
    }
    if (port.containerport() == 0) {
      findings->required(at.child("containerPort"));
    } else {
      findings->check_port(at.child("containerPort"), port.containerport());
    }
    if (port.hostport() != 0) findings->check_port(at.child("hostPort"), port.hostport());
    findings->check_choice(at.child("protocol"), port.protocol(), {"SCTP", "TCP", "UDP"});
  }
}

void check_env_source(const core::EnvVar& variable, const FieldPath& path, Findings* findings) {
  const core::EnvVarSource& source = variable.valuefrom();
  int sources = source.has_fieldref() + source.has_resourcefieldref() + source.has_configmapkeyref() +
                source.has_secretkeyref() + source.has_filekeyref();
  if (source.has_fieldref() && source.fieldref().fieldpath().empty()) {
    findings->required(path.child("fieldRef.fieldPath"));
  }
  if (source.has_resourcefieldref() && source.resourcefieldref().resource().empty()) {
    findings->required(path.child("resourceFieldRef.resource"));
  }
  auto check_key = [&](std::string_view member, const std::string& key) {
    FieldPath at = path.child(member);
    if (key.empty()) {
      findings->required(at.child("key"));
    } else {
      findings->invalid(at.child("key"), key, check_config_key(key));
    }
  };
  if (source.has_configmapkeyref()) check_key("configMapKeyRef", source.configmapkeyref().key());
  if (source.has_secretkeyref()) check_key("secretKeyRef", source.secretkeyref().key());
  if (sources == 0) {
    findings->invalid(path, "",
                      "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`");
  } else if (!variable.value().empty()) {
    findings->invalid(path, "", "may not be specified when `value` is not empty");
  }
  if (sources > 1) findings->invalid(path, "", "may not have more than one field specified at a time");
}

template <class Variables>
void check_env(const Variables& variables, const FieldPath& path, Findings* findings) {
  for (int i = 0; i < variables.size(); ++i) {
    const core::EnvVar& variable = variables[i];
    FieldPath at = path.index(i);
    if (variable.name().empty()) {
      findings->required(at.child("name"));
    } else {
      findings->invalid(at.child("name"), variable.name(), check_env_name(variable.name()));
    }
    if (variable.has_valuefrom()) check_env_source(variable, at.child("valueFrom"), findings);
  }
}

template <class Mounts>
void check_mounts(const Mounts& mounts, const core::PodSpec& spec, const FieldPath& path, Findings* findings) {
  std::set<std::string_view> places;
  for (int i = 0; i < mounts.size(); ++i) {
    const core::VolumeMount& mount = mounts[i];
    FieldPath at = path.index(i);
    if (mount.name().empty()) findings->required(at.child("name"));
    bool known = std::any_of(spec.volumes().begin(), spec.volumes().end(),
                             [&](const core::Volume& volume) { return volume.name() == mount.name(); });
    if (!known) findings->not_found(at.child("name"), mount.name());
    if (mount.mountpath().empty()) findings->required(at.child("mountPath"));
    if (!places.insert(mount.mountpath()).second) {
      findings->invalid(at.child("mountPath"), mount.mountpath(), "must be unique");
    }
    if (!mount.subpath().empty() && !mount.subpathexpr().empty()) {
      findings->invalid(at.child("subPathExpr"), mount.subpathexpr(),
                        "subPathExpr and subPath are mutually exclusive");
    }
  }
}

// Of a probe or a lifecycle hook: two messages with the same members.
template <class Handler>
void check_action(const Handler& handler, bool other, const FieldPath& path, Findings* findings) {
  int actions = handler.has_exec() + handler.has_httpget() + handler.has_tcpsocket() + other;
  if (handler.has_exec() && handler.exec().command().empty()) {
    findings->required(path.child("exec.command"));
  }
  if (handler.has_httpget()) {
    FieldPath at = path.child("httpGet");
    if (handler.httpget().path().empty()) findings->required(at.child("path"));
    check_port_reference(handler.httpget().port(), at.child("port"), findings);
    findings->check_choice(at.child("scheme"), handler.httpget().scheme(), {"HTTP", "HTTPS"});
  }
  if (handler.has_tcpsocket()) {
    FieldPath at = path.child("tcpSocket");
    check_port_reference(handler.tcpsocket().port(), at.child("port"), findings);
  }
  if (actions == 0) findings->required(path, "must specify a handler type");
  if (actions > 1) findings->forbidden(path, "may not specify more than 1 handler type");
}

void check_probe(const core::Probe& probe, bool once, const FieldPath& path, Findings* findings) {
  check_action(probe.handler(), probe.handler().has_grpc(), path, findings);
  if (probe.handler().has_grpc()) {
    FieldPath at = path.child("grpc");
    findings->check_port(at.child("port"), probe.handler().grpc().port());
  }
  findings->check_not_negative(path.child("initialDelaySeconds"), probe.initialdelayseconds());
  findings->check_not_negative(path.child("timeoutSeconds"), probe.timeoutseconds());
  findings->check_not_negative(path.child("periodSeconds"), probe.periodseconds());
  findings->check_not_negative(path.child("successThreshold"), probe.successthreshold());
  findings->check_not_negative(path.child("failureThreshold"), probe.failurethreshold());
  if (once && probe.successthreshold() != 1) {
    findings->invalid(path.child("successThreshold"), probe.successthreshold(), "must be 1");
  }
}

template <class Container>
void check_probes(const Container& container, const FieldPath& path, Findings* findings) {
  if (container.has_lifecycle()) {
    FieldPath at = path.child("lifecycle");
    const auto& lifecycle = container.lifecycle();
    if (lifecycle.has_poststart()) {
      check_action(lifecycle.poststart(), lifecycle.poststart().has_sleep(), at.child("postStart"), findings);
    }
    if (lifecycle.has_prestop()) {
      check_action(lifecycle.prestop(), lifecycle.prestop().has_sleep(), at.child("preStop"), findings);
    }
  }
  if (container.has_livenessprobe()) {
    check_probe(container.livenessprobe(), true, path.child("livenessProbe"), findings);
  }
  if (container.has_readinessprobe()) {
    check_probe(container.readinessprobe(), false, path.child("readinessProbe"), findings);
  }
  if (container.has_startupprobe()) {
    check_probe(container.startupprobe(), true, path.child("startupProbe"), findings);
  }
}

// Of a container or an ephemeral container: two messages with the same fields.
template <class Container>
void check_container(const Container& container, const core::PodSpec& spec, const FieldPath& path,
                     Findings* findings) {
  if (container.name().empty()) {
    findings->required(path.child("name"));
  } else {
    findings->invalid(path.child("name"), container.name(), check_dns1123_label(container.name()));
  }
  const std::string& image = container.image();
  if (image.empty()) {
    findings->required(path.child("image"));
  } else if (image.front() == ' ' || image.back() == ' ') {
    findings->invalid(path.child("image"), image, "must not have leading or trailing whitespace");
  }
  findings->check_choice(path.child("terminationMessagePolicy"), container.terminationmessagepolicy(),
                         {"File", "FallbackToLogsOnError"});
  check_ports(container.ports(), path.child("ports"), findings);
  check_env(container.env(), path.child("env"), findings);
  check_mounts(container.volumemounts(), spec, path.child("volumeMounts"), findings);
  findings->check_choice(path.child("imagePullPolicy"), container.imagepullpolicy(),
                         {"Always", "IfNotPresent", "Never"});
  check_resources(container.resources(), path.child("resources"), findings);
}

// Two containers of a pod share its addresses, and so the host's ports.
void check_host_ports(const core::PodSpec& spec, const FieldPath& path, Findings* findings) {
  std::set<std::string> taken;
  for (int i = 0; i < spec.containers_size(); ++i) {
    FieldPath at = path.index(i);
    FieldPath ports = at.child("ports");
    for (int j = 0; j < spec.containers(i).ports_size(); ++j) {
      const auto& port = spec.containers(i).ports(j);
      if (port.hostport() == 0) continue;
      std::string key = port.protocol() + "/" + port.hostip() + "/" + std::to_string(port.hostport());
      FieldPath port_path = ports.index(j);
      if (!taken.insert(key).second) findings->duplicate(port_path.child("hostPort"), key);
    }
  }
}

}  // namespace

void check_containers(const core::PodSpec& spec, const FieldPath& path, Findings* findings) {
  std::set<std::string_view> names;
  FieldPath containers = path.child("containers");
  if (spec.containers().empty()) findings->required(containers);
  for (int i = 0; i < spec.containers_size(); ++i) {
    const core::Container& container = spec.containers(i);
    FieldPath at = containers.index(i);
    check_container(container, spec, at, findings);
    if (!container.name().empty() && !names.insert(container.name()).second) {
      findings->duplicate(at.child("name"), container.name());
    }
    check_probes(container, at, findings);
    if (container.has_restartpolicy()) {
      findings->check_choice(at.child("restartPolicy"), container.restartpolicy(), {"Always", "Never", "OnFailure"});
    }
  }
  check_host_ports(spec, containers, findings);

  FieldPath inits = path.child("initContainers");
  for (int i = 0; i < spec.initcontainers_size(); ++i) {
    const core::Container& container = spec.initcontainers(i);
    FieldPath at = inits.index(i);
    check_container(container, spec, at, findings);
    if (!container.name().empty() && !names.insert(container.name()).second) {
      findings->duplicate(at.child("name"), container.name());
    }
    // A sidecar lives as long as a container does, so it may have what a container has.
    bool sidecar = container.restartpolicy() == "Always";
    if (sidecar) {
      check_probes(container, at, findings);
      continue;
    }
    if (container.has_restartpolicy()) {
      findings->check_choice(at.child("restartPolicy"), container.restartpolicy(), {"Always", "Never", "OnFailure"});
    }
    constexpr std::string_view kNotHere = "may not be set for init containers without restartPolicy=Always";
    if (container.has_lifecycle()) findings->forbidden(at.child("lifecycle"), kNotHere);
    if (container.has_livenessprobe()) findings->forbidden(at.child("livenessProbe"), kNotHere);
    if (container.has_readinessprobe()) findings->forbidden(at.child("readinessProbe"), kNotHere);
    if (container.has_startupprobe()) findings->forbidden(at.child("startupProbe"), kNotHere);
  }

  FieldPath ephemerals = path.child("ephemeralContainers");
  for (int i = 0; i < spec.ephemeralcontainers_size(); ++i) {
    const auto& container = spec.ephemeralcontainers(i).ephemeralcontainercommon();
    FieldPath at = ephemerals.index(i);
    check_container(container, spec, at, findings);
    check_ephemeral_container(spec.ephemeralcontainers(i), spec, at, findings);
    if (!container.name().empty() && !names.insert(container.name()).second) {
      findings->duplicate(at.child("name"), container.name());
    }
  }
}

}  // namespace kabuki::validation
