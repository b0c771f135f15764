#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "actors/api_server/write/write.hpp"
#include "messages/object.hpp"
#include "messages/result.hpp"

namespace kabuki::api_server {

/// Which host runs which node, as a watch has shown it: nodes carry their host as the annotation `kabuki.io/host`.
/// Lags behind the store: a node that is not known is to be looked up before anything is refused.
class NodeHosts {
 public:
  void put(const Object& node);
  void remove(const std::string& node) { hosts_.erase(node); }
  /// "" for a node without a host; none for an unknown node.
  std::optional<std::string> host_of(const std::string& node) const;

 private:
  std::map<std::string, std::string> hosts_;
};

/// The host that the annotation of an encoded Node names; "" without one.
std::string host_of_node(const Object& node);

/// The node that a write of a host concerns: a pod's, a node lease's. "" where the write is about no other node, or
/// is one that no host may ask for.
std::string node_of_write(const Write& write, const ObjectPtr& current);

/// Whether `write.host` may do this to `current` (null: a create), which becomes `next` (null: a removal). A host
/// that runs nodes acts only for them, as Kubernetes' Node authorizer and NodeRestriction have it: it writes its own
/// Node objects, their leases in kube-node-lease, status and end of the pods bound to them, and events. `node_host`
/// is the host of node_of_write. Error: 403. Pure.
Result<> host_may(const Write& write, const ObjectPtr& current, const ObjectPtr& next, const std::string& node_host);

}  // namespace kabuki::api_server
