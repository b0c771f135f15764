#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "actors/kubelet/node_status.hpp"
#include "actors/kubelet/runtime/container_runtime.hpp"
#include "runtime/address.hpp"
#include "runtime/supervisor.hpp"

namespace kabuki::kubelet {

struct KubeletOptions {
  std::vector<NodeOptions> nodes;
  /// Where objects are written and read.
  runtime::Address api = runtime::role(runtime::roles::kApiServer);
  /// Where the pods of a node are watched: the API server, or the host's views.
  runtime::Address watch_source = runtime::role(runtime::roles::kApiServer);
  /// The container runtime of a node; none: simulated.
  std::function<std::shared_ptr<ContainerRuntime>(const NodeOptions&)> make_runtime;
  /// Whether pods tell Events.
  bool events = true;
  /// Actors of this host's root that are shown as static pods of its first node; only on a control-plane host.
  std::vector<std::string> static_pods;
};

/// The tree of a host's kubelets, to stand at `<host>/kubelet`: the writer that batches their writes
/// (`status-writer`), `static-pods` where there are such, then one kubelet per node under the node's name, each
/// restarted by itself.
runtime::SupervisorSpec kubelet_tree(KubeletOptions options);

/// `count` nodes named `<prefix><n>` from n = `first`, with the n-th simulated address and the default capacity.
std::vector<NodeOptions> simulated_nodes(const std::string& prefix, uint64_t first, uint64_t count);

}  // namespace kabuki::kubelet
