#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/deployment.hpp"
#include "tools/sim/workloads/one_kind.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::apps::v1::Deployment;

constexpr int kDeployments = 2;
constexpr int kReplicasMax = 5;
constexpr int64_t kCpuMilli = 50;
constexpr int kImages = 4;  // so few that a rollout often goes back to one before

class Rollouts final : public OneKind<Deployment> {
 public:
  Rollouts(SimCluster& cluster, const WorkloadOptions& options) : OneKind(cluster, options, "workload/rollouts") {
    add(kinds::kDeployment, "roll-", kDeployments, look_of_deployment);
  }

 protected:
  void judge(const Deployment& deployment, const Observed& observed, Lines* wrong) const override {
    append(wrong_deployment(deployment, observed), wrong);
    if (deployment.spec().paused()) wrong->push_back(deployment.metadata().name() + " is paused");
  }

  Deployment made(const Key& key) override {
    const int replicas = static_cast<int>(random().between(1, kReplicasMax));
    Deployment deployment = sim_deployment(key, replicas, any_image(), kCpuMilli);
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
    return deployment;
  }

  void change(const Key& key) override {
    const bool paused = client().as<Deployment>(key).spec().paused();
    const uint64_t draw = random().below(20);
    if (draw < 5) return scale_up_to(kReplicasMax, key);
    if (draw < 13) return update_image<Deployment>(key, any_image(), &client());
    if (draw < 18) return pause(key, !paused);
    remove(key, draw == 18 ? "Foreground" : "");
  }

  bool rests(const Key& key, const Deployment& deployment) override {
    if (!deployment.spec().paused()) return true;
    pause(key, false);
    return false;
  }

 private:
  std::string any_image() { return image_name(static_cast<int>(random().between(1, kImages))); }

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
