#include "tools/sim/node_resources.hpp"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/one_kind.hpp"

namespace kabuki::tools {
namespace {

/// What a pod asks for at most; it asks for as many by the last digit of its name.
constexpr int64_t kMost = 2;
/// However the pods lie, a node may have one widget too few for one more of them.
constexpr int64_t kWasted = kMost - 1;

int64_t asked_by(const Key& key) { return 1 + (key.name.back() - '0') % kMost; }

/// Pods that ask for a resource that only some hardware has.
class Widgets final : public OneKind<Pod> {
 public:
  Widgets(SimCluster& cluster, const WorkloadOptions& options)
      : OneKind(cluster, options, "workload/widgets"),
        placeable_(static_cast<int64_t>(cluster.node_names().size()) * (kWidgetsPerNode - kWasted)) {
    add(kinds::kPod, "widget-", static_cast<size_t>(placeable_), nullptr);
  }

 protected:
  void judge(const Pod& pod, const Observed& observed, Lines* wrong) const override {
    judge_single(pod, observed, wrong);
  }

  /// Everything is to fit in the end.
  bool rest() override {
    int64_t asked = 0;
    for (const Key& key : client().keys()) {
      if (!client().exists(key)) continue;
      asked += asked_by(key);
      if (asked <= placeable_) continue;
      client().remove(key);
      return false;
    }
    return true;
  }

  Pod made(const Key& key) override {
    Pod pod = sim_pod(key.name, PodShape::plain);
    pod.mutable_spec()->set_terminationgraceperiodseconds(2);
    auto* resources = pod.mutable_spec()->mutable_containers(0)->mutable_resources();
    (*resources->mutable_requests())[kWidget].set_string(std::to_string(asked_by(key)));
    *resources->mutable_limits() = resources->requests();
    return pod;
  }

  void change(const Key& key) override {
    if (random().chance(0.4)) remove(key);
  }

 private:
  const int64_t placeable_;  // widgets, whatever lies where
};

}  // namespace

std::unique_ptr<Workload> make_widgets(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<Widgets>(cluster, options);
}

}  // namespace kabuki::tools
