#include "actors/node_host.hpp"

#include <charconv>
#include <utility>

#include "actors/kubelet/kubelet.hpp"
#include "actors/membership/membership_actor.hpp"
#include "messages/kinds.hpp"
#include "runtime/view_actor.hpp"

namespace kabuki::actors {
namespace {

constexpr const char* kNodeName = "spec.nodeName";
/// Simulated addresses that one host may give its nodes; host-2's begin after host-1's.
constexpr uint64_t kAddressesPerHost = 4096;
constexpr uint64_t kHostsWithOwnRange = 255;

uint64_t number_of(const std::string& host) {
  uint64_t number = 1;
  size_t dash = host.rfind('-');
  if (dash != std::string::npos) std::from_chars(host.data() + dash + 1, host.data() + host.size(), number);
  return number == 0 ? 1 : number;
}

std::vector<kubelet::NodeOptions> nodes_of(const NodeHostOptions& options) {
  uint64_t first = (number_of(options.host) - 1) % kHostsWithOwnRange * kAddressesPerHost;
  auto nodes = kubelet::simulated_nodes("", first, static_cast<uint64_t>(options.nodes));
  for (size_t i = 0; i < nodes.size(); ++i) {
    nodes[i].name = node_name(options.host, i + 1);
    nodes[i].lease_period = options.lease_period;
    nodes[i].capacity["pods"] = std::to_string(options.pods_per_node);
    for (const auto& [resource, amount] : options.resources) nodes[i].capacity[resource] = amount;
  }
  return nodes;
}

runtime::ViewSpec whole_view(const Kind& kind) {
  runtime::ViewSpec view;
  view.name = kind.resource();
  view.selection.set_kind(kind.id);
  if (kind.id == kinds::kPod) view.index_field = kNodeName;
  return view;
}

std::vector<runtime::ViewSpec> views_of(const NodeHostOptions& options) {
  std::vector<runtime::ViewSpec> views;
  if (options.all_views) {
    for (const Kind& kind : all_kinds()) views.push_back(whole_view(kind));
    return views;
  }
  runtime::ViewSpec pods = whole_view(kind_of(kinds::kPod));
  auto* field = pods.selection.add_fields();
  field->set_field(kNodeName);
  for (int i = 1; i <= options.nodes; ++i) field->add_values(node_name(options.host, static_cast<size_t>(i)));
  if (options.nodes > 0) views.push_back(std::move(pods));
  return views;
}

}  // namespace

std::string node_name(const std::string& host, size_t number) {
  return (host == kFirstHost ? "" : host + "-") + "node-" + std::to_string(number);
}

void add_node_host(const NodeHostOptions& options, TreeParts* parts) {
  parts->member = [member = options.member] { return membership::make_member(member); };
  parts->views = [views = views_of(options)] { return runtime::make_views(views); };
  kubelet::KubeletOptions kubelets;
  kubelets.nodes = nodes_of(options);
  kubelets.watch_source = runtime::views_of(options.host);
  if (options.static_pods) kubelets.static_pods = {"api-server", "controllers", "membership", "scheduler", "store"};
  parts->kubelet = kubelet::kubelet_tree(std::move(kubelets));
}

}  // namespace kabuki::actors
