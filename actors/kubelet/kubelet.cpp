#include "actors/kubelet/kubelet.hpp"

#include <algorithm>

#include "actors/kubelet/mirror_actor.hpp"
#include "actors/kubelet/node_actor.hpp"
#include "actors/kubelet/status_writer_actor.hpp"

namespace kabuki::kubelet {
namespace {

constexpr const char* kWriter = "status-writer";
constexpr const char* kStaticPods = "static-pods";
constexpr int kIntensityMin = 10;
constexpr std::chrono::seconds kPeriod{10};

}  // namespace

runtime::SupervisorSpec kubelet_tree(KubeletOptions options) {
  const auto shared = std::make_shared<const KubeletOptions>(std::move(options));
  runtime::SupervisorSpec spec;
  spec.strategy = runtime::Strategy::one_for_one;
  // Nodes fail apart from each other: only many more failures than nodes say something about the host.
  spec.intensity = std::max<int>(kIntensityMin, static_cast<int>(shared->nodes.size()));
  spec.period = kPeriod;
  spec.children.push_back(
      {.name = kWriter, .make = [shared] { return std::make_unique<StatusWriterActor>(shared->api); }});
  if (!shared->static_pods.empty() && !shared->nodes.empty()) {
    spec.children.push_back(
        {.name = kStaticPods, .make = [shared] {
           return make_mirror_actor({shared->nodes.front(), shared->static_pods, shared->api, kWriter});
         }});
  }
  for (size_t i = 0; i < shared->nodes.size(); ++i) {
    spec.children.push_back({.name = shared->nodes[i].name, .make = [shared, i] {
                               return std::make_unique<NodeActor>(shared->nodes[i], *shared, kWriter);
                             }});
  }
  return spec;
}

std::vector<NodeOptions> simulated_nodes(const std::string& prefix, uint64_t first, uint64_t count) {
  std::vector<NodeOptions> nodes;
  for (uint64_t n = first; n < first + count; ++n) {
    NodeOptions node;
    node.name = prefix + std::to_string(n);
    node.address = simulated_node_address(n);
    nodes.push_back(std::move(node));
  }
  return nodes;
}

}  // namespace kabuki::kubelet
