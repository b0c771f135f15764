#include <algorithm>

#include "tools/sim/workload_objects.hpp"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/deployment.hpp"
#include "tools/sim/workloads/writes.hpp"

namespace kabuki::tools {
namespace {

/// So much that nodes fill up, and so little that everything fits.
int64_t pod_cpu_milli(size_t nodes, const WorkloadOptions& options) {
  constexpr int64_t kMost = 1500;
  const int64_t pods = std::max<int64_t>(1, int64_t{options.deployments} * options.replicas_max);
  return std::min(kMost, static_cast<int64_t>(nodes) * kSimNodeCpuMilli * 6 / 10 / pods);
}

class Web final : public Workload {
 public:
  Web(SimCluster& cluster, const WorkloadOptions& options)
      : Workload(cluster, options, "workload"), cpu_milli_(pod_cpu_milli(cluster.node_names().size(), options)) {
    for (int i = 1; i <= options.deployments; ++i) {
      client().add({kinds::kDeployment, kSimNamespace, "web-" + std::to_string(i)}, look_of_deployment);
    }
    for (int i = 1; i <= options.pods; ++i) {
      client().add({kinds::kPod, kSimNamespace, "single-" + std::to_string(i)}, nullptr);
    }
  }

  Lines wrong(const Observed& observed) const override {
    Lines wrong = wrong_deployments(client().keys(), observed);
    for (const Key& key : client().keys()) {
      const ObjectPtr object = observed.find(key);
      if (object && key.kind == kinds::kPod) judge_single(object->as<Pod>(), observed, &wrong);
    }
    return wrong;
  }

 protected:
  void act() override {
    if (client().keys().empty()) return;
    const Key* key = any_key();
    if (!key) return;
    key->kind == kinds::kDeployment ? change_deployment(*key) : change_pod(*key);
  }

 private:
  void change_deployment(const Key& key) {
    if (!client().exists(key)) {
      const int replicas = static_cast<int>(random().between(1, options().replicas_max));
      return client().create(key, sim_deployment(key, replicas, image_name(images_++), cpu_milli_));
    }
    const uint64_t draw = random().below(10);
    if (draw < 5) {
      return scale<Deployment>(key, static_cast<int>(random().between(0, options().replicas_max)), &client());
    }
    if (draw < 8) return change_image(key);
    client().remove(key);
  }

  void change_pod(const Key& key) {
    if (!client().exists(key)) {
      return client().create(key, sim_pod(key.name, static_cast<PodShape>(random().below(kPodShapes))));
    }
    if (random().chance(0.3)) client().remove(key);
  }

  void change_image(const Key& key) {
    const std::string image = image_name(images_++);
    random().chance(0.5) ? update_image<Deployment>(key, image, &client())
                         : patch_image<Deployment>(key, image, &client());
  }

  const int64_t cpu_milli_;  // of each pod of a Deployment
  int images_ = 1;
};

}  // namespace

std::unique_ptr<Workload> make_web(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<Web>(cluster, options);
}

}  // namespace kabuki::tools
