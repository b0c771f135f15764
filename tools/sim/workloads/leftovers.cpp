#include "tools/sim/workload_objects.hpp"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/pods.hpp"

namespace kabuki::tools {
namespace {

constexpr int kPods = 6;

/// Pods that nobody can run: bound by their maker to nodes that are not there.
class Leftovers final : public Workload {
 public:
  Leftovers(SimCluster& cluster, const WorkloadOptions& options) : Workload(cluster, options, "workload/leftovers") {
    for (int i = 1; i <= kPods; ++i) client().add({kinds::kPod, kSimNamespace, "left-" + std::to_string(i)}, nullptr);
  }

  Lines wrong(const Observed& observed) const override {
    Lines wrong;
    for (const Key& key : client().keys()) {
      if (observed.find(key)) wrong.push_back(key.text() + " is still there");
    }
    return wrong;
  }

 protected:
  void act() override {
    const Key* key = any_key();
    if (!key) return;
    if (client().exists(*key)) return client().remove(*key);
    Pod pod;
    pod.mutable_metadata()->set_name(key->name);
    pod.mutable_metadata()->set_namespace_(key->ns);
    auto* container = pod.mutable_spec()->add_containers();
    container->set_name("app");
    container->set_image(image_name(1));
    pod.mutable_spec()->set_nodename("nowhere-" + std::to_string(random().between(1, 3)));
    client().create(*key, pod, true);
  }
};

}  // namespace

std::unique_ptr<Workload> make_leftovers(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<Leftovers>(cluster, options);
}

}  // namespace kabuki::tools
