#include <string>
#include <string_view>

#include "messages/api/core/v1/pod_template.pb.h"
#include "messages/defaults.hpp"

namespace kabuki {
namespace {

namespace core = k8s::io::api::core::v1;

constexpr int32_t kFileMode = 0644;
constexpr int64_t kGraceSeconds = 30;
constexpr int64_t kTokenSeconds = 3600;

void set_if_empty(std::string* field, std::string_view value) {
  if (field->empty()) *field = value;
}

// An image without a tag, or tagged `latest`, is pulled each time. A digest pins it.
std::string_view pull_policy(std::string_view image) {
  if (image.find('@') != std::string_view::npos) return "IfNotPresent";
  size_t name = image.rfind('/');
  size_t colon = image.find(':', name == std::string_view::npos ? 0 : name);
  if (colon == std::string_view::npos || image.substr(colon + 1) == "latest") return "Always";
  return "IfNotPresent";
}

void http_get_defaults(core::HTTPGetAction* action) {
  set_if_empty(action->mutable_path(), "/");
  set_if_empty(action->mutable_scheme(), "HTTP");
}

void probe_defaults(core::Probe* probe) {
  if (probe->timeoutseconds() == 0) probe->set_timeoutseconds(1);
  if (probe->periodseconds() == 0) probe->set_periodseconds(10);
  if (probe->successthreshold() == 0) probe->set_successthreshold(1);
  if (probe->failurethreshold() == 0) probe->set_failurethreshold(3);
  if (!probe->has_handler()) return;
  core::ProbeHandler* handler = probe->mutable_handler();
  if (handler->has_httpget()) http_get_defaults(handler->mutable_httpget());
  if (handler->has_grpc() && !handler->grpc().has_service()) handler->mutable_grpc()->set_service("");
}

void field_ref_defaults(core::ObjectFieldSelector* field) { set_if_empty(field->mutable_apiversion(), "v1"); }

// What is limited and not requested is requested to its limit.
void resources_defaults(core::ResourceRequirements* resources) {
  for (const auto& [name, limit] : resources->limits()) {
    if (!resources->requests().contains(name)) (*resources->mutable_requests())[name] = limit;
  }
}

// Of a container or an ephemeral container: two messages with the same fields.
template <class Container>
void container_defaults(Container* container) {
  set_if_empty(container->mutable_terminationmessagepath(), "/dev/termination-log");
  set_if_empty(container->mutable_terminationmessagepolicy(), "File");
  if (container->imagepullpolicy().empty()) {
    container->set_imagepullpolicy(std::string(pull_policy(container->image())));
  }
  for (auto& port : *container->mutable_ports()) set_if_empty(port.mutable_protocol(), "TCP");
  for (auto& variable : *container->mutable_env()) {
    if (variable.has_valuefrom() && variable.valuefrom().has_fieldref()) {
      field_ref_defaults(variable.mutable_valuefrom()->mutable_fieldref());
    }
  }
  if (container->has_livenessprobe()) probe_defaults(container->mutable_livenessprobe());
  if (container->has_readinessprobe()) probe_defaults(container->mutable_readinessprobe());
  if (container->has_startupprobe()) probe_defaults(container->mutable_startupprobe());
  if (!container->has_lifecycle()) return;
  auto* lifecycle = container->mutable_lifecycle();
  if (lifecycle->has_poststart() && lifecycle->poststart().has_httpget()) {
    http_get_defaults(lifecycle->mutable_poststart()->mutable_httpget());
  }
  if (lifecycle->has_prestop() && lifecycle->prestop().has_httpget()) {
    http_get_defaults(lifecycle->mutable_prestop()->mutable_httpget());
  }
}

template <class Source>
void mode_default(Source* source) {
  if (!source->has_defaultmode()) source->set_defaultmode(kFileMode);
}

void downward_items_defaults(google::protobuf::RepeatedPtrField<core::DownwardAPIVolumeFile>* items) {
  for (auto& item : *items) {
    if (item.has_fieldref()) field_ref_defaults(item.mutable_fieldref());
  }
}

void volume_defaults(core::Volume* volume) {
  core::VolumeSource* source = volume->mutable_volumesource();
  if (source->ByteSizeLong() == 0) {
    // Sources are messages, and an empty one still takes two bytes: here is none.
    source->mutable_emptydir();
    return;
  }
  if (source->has_secret()) mode_default(source->mutable_secret());
  if (source->has_configmap()) mode_default(source->mutable_configmap());
  if (source->has_downwardapi()) {
    mode_default(source->mutable_downwardapi());
    downward_items_defaults(source->mutable_downwardapi()->mutable_items());
  }
  if (source->has_hostpath() && !source->hostpath().has_type()) source->mutable_hostpath()->set_type("");
  if (source->has_projected()) {
    mode_default(source->mutable_projected());
    for (auto& projection : *source->mutable_projected()->mutable_sources()) {
      if (projection.has_downwardapi()) downward_items_defaults(projection.mutable_downwardapi()->mutable_items());
      if (projection.has_serviceaccounttoken() && !projection.serviceaccounttoken().has_expirationseconds()) {
        projection.mutable_serviceaccounttoken()->set_expirationseconds(kTokenSeconds);
      }
    }
  }
}

// On the host's network a container port is the host's port.
void host_ports(google::protobuf::RepeatedPtrField<core::Container>* containers) {
  for (auto& container : *containers) {
    for (auto& port : *container.mutable_ports()) {
      if (port.hostport() == 0) port.set_hostport(port.containerport());
    }
  }
}

}  // namespace

void apply_pod_spec_defaults(core::PodSpec* spec) {
  set_if_empty(spec->mutable_restartpolicy(), "Always");
  set_if_empty(spec->mutable_dnspolicy(), "ClusterFirst");
  set_if_empty(spec->mutable_schedulername(), "default-scheduler");
  spec->mutable_securitycontext();
  if (!spec->has_terminationgraceperiodseconds()) spec->set_terminationgraceperiodseconds(kGraceSeconds);
  // The older of two names for one field follows the newer.
  if (spec->serviceaccountname().empty()) spec->set_serviceaccountname(spec->serviceaccount());
  spec->set_serviceaccount(spec->serviceaccountname());

  for (auto& volume : *spec->mutable_volumes()) volume_defaults(&volume);
  for (auto& container : *spec->mutable_containers()) container_defaults(&container);
  for (auto& container : *spec->mutable_initcontainers()) container_defaults(&container);
  for (auto& container : *spec->mutable_ephemeralcontainers()) {
    container_defaults(container.mutable_ephemeralcontainercommon());
  }
  for (auto& constraint : *spec->mutable_topologyspreadconstraints()) {
    if (!constraint.has_nodeaffinitypolicy()) constraint.set_nodeaffinitypolicy("Honor");
    if (!constraint.has_nodetaintspolicy()) constraint.set_nodetaintspolicy("Ignore");
  }
}

void apply_pod_only_defaults(core::PodSpec* spec) {
  if (!spec->has_enableservicelinks()) spec->set_enableservicelinks(true);
  for (auto* containers : {spec->mutable_containers(), spec->mutable_initcontainers()}) {
    for (auto& container : *containers) {
      if (container.has_resources()) resources_defaults(container.mutable_resources());
    }
    if (spec->hostnetwork()) host_ports(containers);
  }
}

}  // namespace kabuki
