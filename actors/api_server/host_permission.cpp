#include "actors/api_server/host_permission.hpp"

#include <string_view>

#include "messages/field_scan.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

constexpr std::string_view kHostAnnotation = "kabuki.io/host";
constexpr std::string_view kNodeLeases = "kube-node-lease";
constexpr int kPodNodeName[] = {2, 10};  // spec.nodeName

Error refused(const Write& write, const std::string& why) {
  return forbidden(*write.kind, write.key.name, "host \"" + write.host + "\" " + why);
}

/// A node is taken by the host that makes it, or by the first one where it has none, and never changes hands.
Result<> may_write_node(const Write& write, const ObjectPtr& current, const ObjectPtr& next) {
  std::string before = current ? host_of_node(*current) : "";
  if (!before.empty() && before != write.host) return refused(write, "does not run this node: " + before + " does");
  if (next && host_of_node(*next) != write.host) {
    return refused(write, "writes only nodes whose annotation " + std::string(kHostAnnotation) + " names it");
  }
  if (!next && before.empty()) return refused(write, "does not run this node");
  return {};
}

}  // namespace

std::string host_of_node(const Object& node) {
  std::string host;
  scan_string_map(node.body(), paths::kAnnotations, [&](std::string_view key, std::string_view value) {
    if (key != kHostAnnotation) return true;
    host = value;
    return false;
  });
  return host;
}

void NodeHosts::put(const Object& node) { hosts_[std::string(node.name())] = host_of_node(node); }

std::optional<std::string> NodeHosts::host_of(const std::string& node) const {
  auto found = hosts_.find(node);
  if (found == hosts_.end()) return std::nullopt;
  return found->second;
}

std::string node_of_write(const Write& write, const ObjectPtr& current) {
  if (write.kind->id == kinds::kPod && current) return std::string(scan_bytes(current->body(), kPodNodeName));
  if (write.kind->id == kinds::kLease && write.key.ns == kNodeLeases) return write.key.name;
  return {};
}

Result<> host_may(const Write& write, const ObjectPtr& current, const ObjectPtr& next, const std::string& node_host) {
  using Verb = Write::Verb;
  const bool removes = write.verb == Verb::remove;
  const bool changes = write.verb == Verb::update || write.verb == Verb::patch;
  switch (write.kind->id) {
    case kinds::kEvent:
      if (write.verb == Verb::create || changes) return {};
      break;
    case kinds::kNode:
      return may_write_node(write, current, next);
    case kinds::kLease:
      if (write.key.ns != kNodeLeases) break;
      if (node_host == write.host) return {};
      return refused(write, "does not run the node of this lease");
    case kinds::kPod:
      if (!removes && !(changes && write.subresource == "status")) break;
      if (!node_host.empty() && node_host == write.host) return {};
      return refused(write, "does not run the node of this pod");
    default:
      break;
  }
  return refused(write, "may not write this: a host acts only for its own nodes");
}

}  // namespace kabuki::api_server
