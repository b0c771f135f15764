#include <algorithm>

#include "messages/api/core/v1/node.pb.h"
#include "tools/sim/checks/all.hpp"

namespace kabuki::tools {

namespace core = ::k8s::io::api::core::v1;

Lines wrong_nodes(const Observed& observed) {
  const auto nodes = observed.all_of<core::Node>(kinds::kNode);
  Lines wrong;
  for (const std::string& name : observed.nodes) {
    auto found = nodes.find({kinds::kNode, "", name});
    if (found == nodes.end()) {
      wrong.push_back(name + " is not registered");
      continue;
    }
    const core::Node& node = found->second;
    const bool ready = std::ranges::any_of(node.status().conditions(), [](const auto& condition) {
      return condition.type() == "Ready" && condition.status() == "True";
    });
    if (!ready) wrong.push_back(name + " is not ready");
    for (const auto& taint : node.spec().taints()) wrong.push_back(name + " is still tainted " + taint.key());
    if (node.spec().podcidr().empty()) wrong.push_back(name + " has no podCIDR");
  }
  if (nodes.size() != observed.nodes.size()) wrong.push_back("there are " + std::to_string(nodes.size()) + " nodes");
  return wrong;
}

}  // namespace kabuki::tools
