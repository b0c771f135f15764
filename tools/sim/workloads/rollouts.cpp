#include "tools/sim/workload_objects.hpp"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/deployment.hpp"
#include "tools/sim/workloads/pods.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::apps::v1::Deployment;

constexpr int kDeployments = 2;
constexpr int kReplicasMax = 5;
constexpr int64_t kCpuMilli = 50;
constexpr int kImages = 4;  // so few that a rollout often goes back to one before

class Rollouts final : public Workload {
 public:
  Rollouts(SimCluster& cluster, const WorkloadOptions& options) : Workload(cluster, options, "workload/rollouts") {
    for (int i = 1; i <= kDeployments; ++i) {
      client().add({kinds::kDeployment, kSimNamespace, "roll-" + std::to_string(i)}, look_of_deployment);
    }
  }

  Lines wrong(const Observed& observed) const override {
    Lines wrong;
    for (const Key& key : client().keys()) {
      const ObjectPtr object = observed.find(key);
      if (!object) continue;
      const auto deployment = object->as<Deployment>();
      for (auto& line : wrong_deployment(deployment, observed)) wrong.push_back(std::move(line));
      if (deployment.spec().paused()) wrong.push_back(key.name + " is paused");
    }
    return wrong;
  }

 protected:
  void act() override {
    const Key* key = any_key();
    if (!key) return;
    if (!client().exists(*key)) return create(*key);
    const bool paused = client().as<Deployment>(*key).spec().paused();
    const uint64_t draw = random().below(20);
    if (draw < 5) return scale(*key);
    if (draw < 13) return change_image(*key);
    if (draw < 18) return pause(*key, !paused);
    client().remove(*key, draw == 18 ? "Foreground" : "");
  }

  bool rest() override {
    for (const Key& key : client().keys()) {
      if (!client().exists(key) || !client().as<Deployment>(key).spec().paused()) continue;
      pause(key, false);
      return false;
    }
    return true;
  }

 private:
  void create(const Key& key) {
    const int replicas = static_cast<int>(random().between(1, kReplicasMax));
    Deployment deployment = sim_deployment(key.name, replicas, any_image(), kCpuMilli);
    auto* spec = deployment.mutable_spec();
    if (random().chance(0.5)) {
      spec->mutable_strategy()->set_type("Recreate");
    } else {
      auto* bounds = spec->mutable_strategy()->mutable_rollingupdate();
      const int surge = static_cast<int>(random().between(0, 2));
      bounds->mutable_maxsurge()->set_intval(surge);
      bounds->mutable_maxunavailable()->set_intval(static_cast<int>(random().between(surge == 0 ? 1 : 0, 2)));
      spec->mutable_strategy()->set_type("RollingUpdate");
    }
    spec->set_minreadyseconds(static_cast<int>(random().between(0, 3)));
    spec->set_revisionhistorylimit(static_cast<int>(random().between(0, 3)));
    client().create(key, deployment);
  }

  void scale(const Key& key) {
    const int replicas = static_cast<int>(random().between(0, kReplicasMax));
    client().patch<Deployment>(
        key, "{\"spec\":{\"replicas\":" + std::to_string(replicas) + "}}",
        [replicas](Deployment* deployment) { deployment->mutable_spec()->set_replicas(replicas); }, "scale");
  }

  std::string any_image() { return image_name(static_cast<int>(random().between(1, kImages))); }

  void change_image(const Key& key) {
    const std::string image = any_image();
    client().update<Deployment>(
        key, [image](Deployment* deployment) { set_image(image, deployment->mutable_spec()->mutable_template_()); },
        "update the image of");
  }

  void pause(const Key& key, bool paused) {
    client().patch<Deployment>(
        key, std::string("{\"spec\":{\"paused\":") + (paused ? "true" : "null") + "}}",
        [paused](Deployment* deployment) { deployment->mutable_spec()->set_paused(paused); },
        paused ? "pause" : "resume");
  }
};

}  // namespace

std::unique_ptr<Workload> make_rollouts(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<Rollouts>(cluster, options);
}

}  // namespace kabuki::tools
