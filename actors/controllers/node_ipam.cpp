#include "actors/controllers/node_ipam.hpp"

#include "actors/controllers/cidr_pool.hpp"
#include "messages/api/core/v1/node.pb.h"
#include "messages/field_scan.hpp"

namespace kabuki::controllers {
namespace {

using ::k8s::io::api::core::v1::NodeSpec;

constexpr int kPodCidr[] = {2, NodeSpec::kPodCIDRFieldNumber};
constexpr size_t kNodesPerPlan = 500;
constexpr io::Duration kFullAgain = std::chrono::minutes(1);

actors::EventNote no_range(const Object& node) {
  return {node.key(), std::string(node.uid()), "Normal", "CIDRNotAvailable",
          "Node " + std::string(node.name()) + " status is now: CIDRNotAvailable"};
}

}  // namespace

Plan reconcile_node_ipam(const View& view, const NodeIpamOptions& options) {
  Plan plan;
  std::vector<ObjectPtr> without;
  auto pool = CidrPool::make(options.cluster_cidr, options.node_mask);
  if (!pool.ok()) return plan;
  pool->occupy(options.service_cidr);
  for (const ObjectPtr& node : view.all(kinds::kNode)) {
    if (auto cidr = scan_bytes(node->body(), kPodCidr); !cidr.empty()) {
      pool->occupy(cidr);
    } else {
      without.push_back(node);
    }
  }
  for (const ObjectPtr& node : without) {
    if (plan.steps.size() == kNodesPerPlan) break;
    const auto cidr = pool->take();
    if (!cidr) {
      plan.events.push_back(no_range(*node));
      plan.again(kFullAgain);
      break;
    }
    // A patch, because kubelets change their nodes all the time: an update would lose the race again and again.
    plan.add(
        actors::Write::merge_patch(node->key(), std::string(node->uid()),
                                   R"({"spec":{"podCIDR":")" + *cidr + R"(","podCIDRs":[")" + *cidr + R"("]}})"));
  }
  return plan;
}

Controller node_ipam_controller(NodeIpamOptions options) {
  const Key every{kinds::kNode, "", ""};
  Controller controller;
  controller.name = "node-ipam-controller";
  controller.watches = {kinds::kNode};
  controller.concerns = [every](const View&, const Change& change, std::vector<Key>* keys) {
    if (!change.after || scan_bytes(change.after->body(), kPodCidr).empty()) keys->push_back(every);
  };
  controller.reconcile = [options = std::move(options)](const View& view, const Key&, const Instant&) {
    return reconcile_node_ipam(view, options);
  };
  controller.at_start = {every};
  return controller;
}

}  // namespace kabuki::controllers
