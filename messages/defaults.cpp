#include "messages/defaults.hpp"

#include <google/protobuf/message.h>
#include <string_view>

#include "messages/api/core/v1/namespace.pb.h"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/core/v1/secret.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/default_rules.hpp"
#include "messages/int_or_string.hpp"

namespace kabuki {
namespace {

namespace core = k8s::io::api::core::v1;

constexpr int32_t kClientIpTimeoutSeconds = 10800;
constexpr std::string_view kNamespaceLabel = "kubernetes.io/metadata.name";

void set_if_empty(std::string* field, std::string_view value) {
  if (field->empty()) *field = value;
}

// A port that is an IntOrString: the number 0 and no text say nothing.
bool is_unset(const IntOrStringMessage& value) { return value.intval() == 0 && value.strval().empty(); }

void pod_defaults(core::Pod* pod) {
  core::PodSpec* spec = pod->mutable_spec();
  apply_pod_spec_defaults(spec);
  apply_pod_only_defaults(spec);
  set_if_empty(pod->mutable_status()->mutable_phase(), "Pending");
}

void service_defaults(core::Service* service) {
  core::ServiceSpec* spec = service->mutable_spec();
  set_if_empty(spec->mutable_type(), "ClusterIP");
  set_if_empty(spec->mutable_sessionaffinity(), "None");
  if (spec->sessionaffinity() == "None") spec->clear_sessionaffinityconfig();
  if (spec->sessionaffinity() == "ClientIP") {
    auto* client = spec->mutable_sessionaffinityconfig()->mutable_clientip();
    if (!client->has_timeoutseconds()) client->set_timeoutseconds(kClientIpTimeoutSeconds);
  }
  for (auto& port : *spec->mutable_ports()) {
    set_if_empty(port.mutable_protocol(), "TCP");
    if (!port.has_targetport() || is_unset(port.targetport())) *port.mutable_targetport() = int_value(port.port());
  }
  bool external_name = spec->type() == "ExternalName";
  bool node_ports = spec->type() == "NodePort" || spec->type() == "LoadBalancer";
  if (node_ports) set_if_empty(spec->mutable_externaltrafficpolicy(), "Cluster");
  if (spec->type() == "LoadBalancer" && !spec->has_allocateloadbalancernodeports()) {
    spec->set_allocateloadbalancernodeports(true);
  }
  if (external_name) return;
  if (!spec->has_internaltrafficpolicy()) spec->set_internaltrafficpolicy("Cluster");
  if (!spec->has_ipfamilypolicy()) spec->set_ipfamilypolicy("SingleStack");
  if (spec->ipfamilies().empty()) spec->add_ipfamilies("IPv4");
  if (!spec->clusterip().empty() && spec->clusterips().empty()) spec->add_clusterips(spec->clusterip());
  if (spec->clusterip().empty() && !spec->clusterips().empty()) spec->set_clusterip(spec->clusterips(0));
}

void secret_defaults(core::Secret* secret) {
  set_if_empty(secret->mutable_type(), "Opaque");
  for (const auto& [key, value] : secret->stringdata()) (*secret->mutable_data())[key] = value;
  secret->clear_stringdata();
}

void namespace_defaults(core::Namespace* space) {
  if (!space->metadata().name().empty()) {
    (*space->mutable_metadata()->mutable_labels())[std::string(kNamespaceLabel)] = space->metadata().name();
  }
  set_if_empty(space->mutable_status()->mutable_phase(), "Active");
  bool deleted = space->metadata().has_deletiontimestamp();
  if (!deleted && space->spec().finalizers().empty()) space->mutable_spec()->add_finalizers("kubernetes");
}

void node_defaults(core::Node* node) {
  const core::NodeStatus& status = node->status();
  if (status.allocatable().empty() && !status.capacity().empty()) {
    *node->mutable_status()->mutable_allocatable() = status.capacity();
  }
  if (!node->spec().podcidr().empty() && node->spec().podcidrs().empty()) {
    node->mutable_spec()->add_podcidrs(node->spec().podcidr());
  }
}

template <class T, void (*apply)(T*)>
void of_type(google::protobuf::Message* object) {
  apply(static_cast<T*>(object));
}

struct Rule {
  KindId kind;
  void (*apply)(google::protobuf::Message*);
};

// These first kinds are written by hand: pods because they are made most, the others because of what follows from
// what. All others are data (default_table.cpp, special_defaults.cpp).
constexpr Rule kRules[] = {
    {kinds::kPod, of_type<core::Pod, pod_defaults>},
    {kinds::kNode, of_type<core::Node, node_defaults>},
    {kinds::kNamespace, of_type<core::Namespace, namespace_defaults>},
    {kinds::kSecret, of_type<core::Secret, secret_defaults>},
    {kinds::kService, of_type<core::Service, service_defaults>},
};

}  // namespace

void apply_defaults(const Kind& kind, google::protobuf::Message* object) {
  for (const Rule& rule : kRules) {
    if (rule.kind == kind.id) rule.apply(object);
  }
  apply_default_rules(kind, object);
  apply_special_defaults(kind, object);
}

}  // namespace kabuki
