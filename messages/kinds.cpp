#include "messages/kinds.hpp"

#include <algorithm>
#include <cassert>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <utility>

#include "messages/api/apps/v1/deployment.pb.h"
#include "messages/api/apps/v1/replica_set.pb.h"
#include "messages/api/coordination/v1/lease.pb.h"
#include "messages/api/core/v1/config_map.pb.h"
#include "messages/api/core/v1/event.pb.h"
#include "messages/api/core/v1/namespace.pb.h"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "messages/api/core/v1/secret.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/api/core/v1/service_account.pb.h"
#include "messages/api/options.pb.h"

namespace kabuki {
namespace {

namespace core = k8s::io::api::core::v1;
namespace apps = k8s::io::api::apps::v1;
namespace coordination = k8s::io::api::coordination::v1;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

enum Flags : unsigned {
  kPlain = 0,
  kCluster = 1,
  kStatus = 2,
  kScale = 4,
  kGeneration = 8,
  kNoDeleteCollection = 16
};
using Words = std::vector<std::string>;

/// A label of a field selector; the field's JSON path where that is another one.
struct Label {
  Label(const char* both) : label(both), json_path(both) {}  // NOLINT: a label is its path
  Label(const char* name, const char* path) : label(name), json_path(path) {}
  const char* label;
  const char* json_path;
};

const FieldDescriptor* json_field(const Descriptor* descriptor, std::string_view name, std::vector<int>* numbers) {
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    if (!field->options().GetExtension(inlined)) {
      if (field->json_name() != name) continue;
      numbers->push_back(field->number());
      return field;
    }
    numbers->push_back(field->number());
    if (const auto* found = json_field(field->message_type(), name, numbers)) return found;
    numbers->pop_back();
  }
  return nullptr;
}

SelectableField selectable(const Descriptor* descriptor, const Label& label) {
  SelectableField field{label.label, {}};
  std::string_view rest = label.json_path;
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    [[maybe_unused]] const auto* found = json_field(descriptor, name, &field.numbers);
    assert(found && "the kinds table names a field that the message does not have");
    descriptor = found->message_type();
  }
  return field;
}

template <class Message>
Kind line(KindId id, std::string group, std::string plural, Words short_names, Words categories, unsigned flags,
          std::vector<Label> labels = {}) {
  Kind kind;
  kind.id = id;
  kind.group = std::move(group);
  kind.version = "v1";
  kind.descriptor = Message::descriptor();
  kind.kind = kind.descriptor->name();
  kind.plural = std::move(plural);
  for (const char c : kind.kind) kind.singular += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  kind.short_names = std::move(short_names);
  kind.categories = std::move(categories);
  kind.namespaced = !(flags & kCluster);
  kind.has_status = flags & kStatus;
  kind.has_scale = flags & kScale;
  kind.has_delete_collection = !(flags & kNoDeleteCollection);
  kind.has_generation = flags & kGeneration;
  labels.insert(labels.begin(), {"metadata.name", "metadata.namespace"});
  for (const Label& label : labels) kind.selectable.push_back(selectable(kind.descriptor, label));
  return kind;
}

// clang-format off
/// In the order of ids, without gaps.
std::vector<Kind> make_table() {
  using namespace kinds;
  const std::vector<Label> pod_labels = {
      "spec.nodeName",           "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
      "spec.hostNetwork",        "status.phase",       "status.podIP",       {"status.podIPs", "status.podIPs.ip"},
      "status.nominatedNodeName"};
  const std::vector<Label> event_labels = {"involvedObject.kind",
                                           "involvedObject.namespace",
                                           "involvedObject.name",
                                           "involvedObject.uid",
                                           "involvedObject.apiVersion",
                                           "involvedObject.resourceVersion",
                                           "involvedObject.fieldPath",
                                           "reason",
                                           {"source", "source.component"},
                                           "type",
                                           "reportingComponent"};
  const unsigned workload = kStatus | kScale | kGeneration;
  return {
      //   message             id               group  resource           short     categories  flags
      line<core::Pod>(           kPod,            "",     "pods",            {"po"},     {"all"}, kStatus | kGeneration, pod_labels),
      line<core::Node>(          kNode,           "",     "nodes",           {"no"},     {},      kCluster | kStatus, {"spec.unschedulable"}),
      line<core::Namespace>(     kNamespace,      "",     "namespaces",      {"ns"},     {},      kCluster | kStatus | kNoDeleteCollection, {"status.phase"}),
      line<core::ConfigMap>(     kConfigMap,      "",     "configmaps",      {"cm"},     {},      kPlain),
      line<core::Secret>(        kSecret,         "",     "secrets",         {},         {},      kPlain, {"type"}),
      line<core::Service>(       kService,        "",     "services",        {"svc"},    {"all"}, kStatus, {"spec.clusterIP", "spec.type"}),
      line<core::ServiceAccount>(kServiceAccount, "",     "serviceaccounts", {"sa"},     {},      kPlain),
      line<core::Event>(         kEvent,          "",     "events",          {"ev"},     {},      kPlain, event_labels),
      line<coordination::Lease>( kLease,          "coordination.k8s.io", "leases", {},   {},      kPlain),
      line<apps::Deployment>(    kDeployment,     "apps", "deployments",     {"deploy"}, {"all"}, workload),
      line<apps::ReplicaSet>(    kReplicaSet,     "apps", "replicasets",     {"rs"},     {"all"}, workload),
  };
}
// clang-format on

const std::vector<Kind>& table() {
  static const std::vector<Kind> lines = make_table();
  return lines;
}

template <class Predicate>
const Kind* find_if(Predicate predicate) {
  for (const Kind& kind : table()) {
    if (predicate(kind)) return &kind;
  }
  return nullptr;
}

}  // namespace

google::protobuf::Message* Kind::make() const {
  return google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor)->New();
}

std::span<const Kind> all_kinds() { return table(); }

const Kind* find_kind(KindId id) { return id >= 1 && id <= table().size() ? &table()[id - 1] : nullptr; }

const Kind* find_kind(std::string_view group, std::string_view name) {
  return find_if([&](const Kind& kind) { return kind.kind == name && kind.group == group; });
}

const Kind* find_resource(std::string_view group, std::string_view version, std::string_view plural) {
  return find_if(
      [&](const Kind& kind) { return kind.plural == plural && kind.group == group && kind.version == version; });
}

const Kind& kind_of(KindId id) {
  const Kind* kind = find_kind(id);
  assert(kind && "no kind has this id");
  return *kind;
}

}  // namespace kabuki
