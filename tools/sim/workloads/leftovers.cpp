#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/one_kind.hpp"

namespace kabuki::tools {
namespace {

constexpr int kPods = 6;

/// Pods that nobody can run: bound by their maker to nodes that are not there.
class Leftovers final : public OneKind<Pod> {
 public:
  Leftovers(SimCluster& cluster, const WorkloadOptions& options) : OneKind(cluster, options, "workload/leftovers") {
    add(kinds::kPod, "left-", kPods, nullptr);
  }

 protected:
  void judge(const Pod& pod, const Observed&, Lines* wrong) const override {
    wrong->push_back(pod.metadata().name() + " is still there");
  }

  Pod made(const Key& key) override {
    auto pod = named<Pod>(key);
    auto* container = pod.mutable_spec()->add_containers();
    container->set_name("app");
    container->set_image(image_name(1));
    pod.mutable_spec()->set_nodename("nowhere-" + std::to_string(random().between(1, 3)));
    return pod;
  }
  bool vanishes(const Pod&) const override { return true; }

  void change(const Key& key) override { remove(key); }
};

}  // namespace

std::unique_ptr<Workload> make_leftovers(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<Leftovers>(cluster, options);
}

}  // namespace kabuki::tools
