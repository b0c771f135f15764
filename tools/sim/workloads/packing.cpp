#include <algorithm>
#include <array>

#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/one_kind.hpp"

namespace kabuki::tools {
namespace {

/// What a pod asks for, so much that a node has room for one of its sort alone.
struct Sort {
  const char* name;
  const char* resource;  // "": a port of the node
  const char* amount;
};
constexpr std::array kSorts = {Sort{"memory", "memory", "9Gi"}, Sort{"disk", "ephemeral-storage", "60Gi"},
                               Sort{"port", "", ""}};
constexpr int kPort = 9100;

const Sort& sort_of(const Key& key) {
  return *std::ranges::find_if(kSorts, [&](const Sort& sort) { return key.name.starts_with(sort.name); });
}

class Packing final : public OneKind<Pod> {
 public:
  Packing(SimCluster& cluster, const WorkloadOptions& options)
      : OneKind(cluster, options, "workload/packing"), nodes_(cluster.node_names().size()) {
    for (const Sort& sort : kSorts) add(kinds::kPod, std::string(sort.name) + "-", nodes_ + nodes_ / 2, nullptr);
  }

 protected:
  void judge(const Pod& pod, const Observed& observed, Lines* wrong) const override {
    judge_single(pod, observed, wrong);
  }

  /// Everything is to fit in the end.
  bool rest() override {
    std::map<std::string, size_t> there;
    for (const Key& key : client().keys()) {
      if (!client().exists(key) || ++there[sort_of(key).name] <= nodes_) continue;
      client().remove(key);
      return false;
    }
    return true;
  }

  Pod made(const Key& key) override {
    Pod pod = sim_pod(key.name, PodShape::plain);
    pod.mutable_spec()->set_terminationgraceperiodseconds(2);
    auto* container = pod.mutable_spec()->mutable_containers(0);
    const Sort& sort = sort_of(key);
    if (*sort.resource != 0) {
      (*container->mutable_resources()->mutable_requests())[sort.resource].set_string(sort.amount);
    } else {
      auto* port = container->add_ports();
      port->set_containerport(kPort);
      port->set_hostport(kPort);
    }
    return pod;
  }

  void change(const Key& key) override {
    if (random().chance(0.4)) remove(key);
  }

 private:
  const size_t nodes_;
};

}  // namespace

std::unique_ptr<Workload> make_packing(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<Packing>(cluster, options);
}

}  // namespace kabuki::tools
