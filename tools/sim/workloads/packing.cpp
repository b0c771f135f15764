#include <algorithm>
#include <array>

#include "tools/sim/workload_objects.hpp"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/pods.hpp"

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

class Packing final : public Workload {
 public:
  Packing(SimCluster& cluster, const WorkloadOptions& options)
      : Workload(cluster, options, "workload/packing"), nodes_(cluster.node_names().size()) {
    for (const Sort& sort : kSorts) {
      for (size_t i = 1; i <= nodes_ + nodes_ / 2; ++i) {
        client().add({kinds::kPod, kSimNamespace, std::string(sort.name) + "-" + std::to_string(i)}, nullptr);
      }
    }
  }

  Lines wrong(const Observed& observed) const override {
    Lines wrong;
    for (const auto& [key, wanted] : client().wanted()) {
      const ObjectPtr object = observed.find(key);
      if (!object || !wanted.exists) continue;
      const auto pod = object->as<Pod>();
      // Its node was ending it when the store was put back: it ends.
      if (observed.restored && has_ended(pod)) continue;
      if (auto why = wrong_with(PodShape::plain, pod); !why.empty()) wrong.push_back(key.name + " " + why);
    }
    return wrong;
  }

 protected:
  void act() override {
    const Key* key = any_key();
    if (!key) return;
    if (!client().exists(*key)) return create(*key);
    if (random().chance(0.4)) client().remove(*key);
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

 private:
  void create(const Key& key) {
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
    client().create(key, pod);
  }

  const size_t nodes_;
};

}  // namespace

std::unique_ptr<Workload> make_packing(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<Packing>(cluster, options);
}

}  // namespace kabuki::tools
