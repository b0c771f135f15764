// Nodes, namespaces, leases and events: what the cluster says about itself.
#include <set>

#include "actors/api_server/table/human_duration.hpp"
#include "actors/api_server/table/printer.hpp"
#include "messages/api/coordination/v1/lease.pb.h"
#include "messages/api/core/v1/event.pb.h"
#include "messages/api/core/v1/namespace.pb.h"
#include "messages/api/core/v1/node.pb.h"

namespace kabuki::api_server::table {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr std::string_view kRolePrefix = "node-role.kubernetes.io/";
constexpr const char* kOldRole = "kubernetes.io/role";

std::string node_status(const core::Node& node) {
  std::string out = "Unknown";
  for (const auto& condition : node.status().conditions()) {
    if (condition.type() == "Ready") out = condition.status() == "True" ? "Ready" : "NotReady";
  }
  return node.spec().unschedulable() ? out + ",SchedulingDisabled" : out;
}

std::string node_roles(const core::Node& node) {
  std::set<std::string> roles;
  for (const auto& [key, value] : node.metadata().labels()) {
    if (key.size() > kRolePrefix.size() && key.starts_with(kRolePrefix)) roles.insert(key.substr(kRolePrefix.size()));
    if (key == kOldRole && !value.empty()) roles.insert(value);
  }
  return or_none(joined({roles.begin(), roles.end()}));
}

std::string node_address(const core::Node& node, std::string_view type) {
  for (const auto& address : node.status().addresses()) {
    if (address.type() == type) return address.address();
  }
  return kNone;
}

std::string or_unknown(const std::string& text) { return text.empty() ? "<unknown>" : text; }

Row node_row(const google::protobuf::Message& message, io::WallTime now) {
  const auto& node = static_cast<const core::Node&>(message);
  const auto& info = node.status().nodeinfo();
  return {
      {node.metadata().name(), node_status(node), node_roles(node), age_of(node.metadata().creationtimestamp(), now),
       info.kubeletversion(), node_address(node, "InternalIP"), node_address(node, "ExternalIP"),
       or_unknown(info.osimage()), or_unknown(info.kernelversion()), or_unknown(info.containerruntimeversion())},
      {}};
}

Row namespace_row(const google::protobuf::Message& message, io::WallTime now) {
  const auto& object = static_cast<const core::Namespace&>(message);
  return {{object.metadata().name(), object.status().phase(), age_of(object.metadata().creationtimestamp(), now)},
          {}};
}

Row lease_row(const google::protobuf::Message& message, io::WallTime now) {
  const auto& lease = static_cast<const ::k8s::io::api::coordination::v1::Lease&>(message);
  return {{lease.metadata().name(), lease.spec().holderidentity(), age_of(lease.metadata().creationtimestamp(), now)},
          {}};
}

bool is_zero(const auto& time) { return time.seconds() == 0; }

std::string event_target(const core::ObjectReference& object) {
  std::string out = object.kind();
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return object.name().empty() ? out : out + "/" + object.name();
}

std::string event_source(const core::Event& event) {
  const std::string& component =
      event.source().component().empty() ? event.reportingcomponent() : event.source().component();
  const std::string& instance = event.source().host().empty() ? event.reportinginstance() : event.source().host();
  return instance.empty() ? component : component + ", " + instance;
}

std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

Row event_row(const google::protobuf::Message& message, io::WallTime now) {
  const auto& event = static_cast<const core::Event&>(message);
  std::string first =
      is_zero(event.firsttimestamp()) ? age_of(event.eventtime(), now) : age_of(event.firsttimestamp(), now);
  std::string last = is_zero(event.lasttimestamp()) ? first : age_of(event.lasttimestamp(), now);
  int64_t count = event.count() == 0 ? 1 : event.count();
  if (event.has_series()) {
    last = age_of(event.series().lastobservedtime(), now);
    count = event.series().count();
  }
  return {
      {last, event.type(), event.reason(), event_target(event.involvedobject()), event.involvedobject().fieldpath(),
       event_source(event), trimmed(event.message()), first, count, event.metadata().name()},
      {}};
}

}  // namespace

Printer node_printer() {
  return {{name_column(),
           {"Status", "string", "Whether the node is ready, and open for new pods."},
           {"Roles", "string", "The roles of the node."},
           age_column(),
           {"Version", "string", "The version of the node's kubelet."},
           {"Internal-IP", "string", "The node's address within the cluster.", true},
           {"External-IP", "string", "The node's address for the outside.", true},
           {"OS-Image", "string", "The operating system the node reports.", true},
           {"Kernel-Version", "string", "The kernel the node reports.", true},
           {"Container-Runtime", "string", "The container runtime the node reports.", true}},
          node_row};
}

Printer namespace_printer() {
  return {{name_column(), {"Status", "string", "The phase of the namespace."}, age_column()}, namespace_row};
}

Printer lease_printer() {
  return {{name_column(), {"Holder", "string", "Who holds the lease."}, age_column()}, lease_row};
}

Printer event_printer() {
  Column name = name_column();
  name.wide = true;
  return {{{"Last Seen", "string", "When the event was last seen."},
           {"Type", "string", "Normal or Warning."},
           {"Reason", "string", "Why the event happened, in a word."},
           {"Object", "string", "What the event is about."},
           {"Subobject", "string", "The part of the object the event is about.", true},
           {"Source", "string", "Who reported the event.", true},
           {"Message", "string", "What happened."},
           {"First Seen", "string", "When the event was first seen.", true},
           {"Count", "string", "How often the event happened.", true},
           name},
          event_row};
}

}  // namespace kabuki::api_server::table
