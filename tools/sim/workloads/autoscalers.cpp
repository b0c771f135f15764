#include "messages/api/autoscaling/v2/horizontal_pod_autoscaler.pb.h"
#include "tools/sim/workload_objects.hpp"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/deployment.hpp"
#include "tools/sim/workloads/writes.hpp"

namespace kabuki::tools {
namespace {

using Autoscaler = ::k8s::io::api::autoscaling::v2::HorizontalPodAutoscaler;

constexpr int kPairs = 2;
constexpr int kMostMin = 2;
constexpr int kMostMax = 6;
constexpr int64_t kCpuMilli = 100;  // asked for by each pod; half of it is to be used
constexpr int kTarget = 50;
constexpr const char* kUse = "sim.kabuki.io/cpu-use";
/// From the last change of use until the last decision that may follow from it: a window of stabilization, and a few
/// decisions that each double the size.
constexpr int kWindowSeconds = 30;
constexpr std::chrono::seconds kDecided{180};

std::string use_of(const Deployment& deployment) {
  const auto& annotations = deployment.spec().template_().metadata().annotations();
  const auto found = annotations.find(kUse);
  return found == annotations.end() ? "" : found->second;
}

/// Not its size, which is the autoscaler's.
std::string look_of_scaled(const Object& object) { return "use=" + use_of(object.as<Deployment>()); }

std::string look_of_autoscaler(const Object& object) {
  const auto spec = object.as<Autoscaler>().spec();
  return "min=" + std::to_string(spec.minreplicas()) + " max=" + std::to_string(spec.maxreplicas());
}

/// Pods that use too much are as many as there may be, those that use too little as few.
void judge(const Autoscaler& scaler, const Observed& observed, Lines* wrong) {
  const std::string& who = scaler.metadata().name();
  const ObjectPtr object = observed.find({kinds::kDeployment, kSimNamespace, who});
  if (!object) return;
  const auto deployment = object->as<Deployment>();
  const int replicas = deployment.spec().replicas();
  const int min = scaler.spec().minreplicas(), max = scaler.spec().maxreplicas();
  const std::string use = use_of(deployment);
  const bool in_bounds = replicas >= min && replicas <= max;
  if (!in_bounds || (use == "100m" && replicas != max) || (use == "10m" && replicas != min)) {
    wrong->push_back(who + " has " + std::to_string(replicas) + " replicas, each using " + use + " of 100m, within " +
                     std::to_string(min) + " and " + std::to_string(max));
  }
  expect_equal(who, "status.desiredReplicas", scaler.status().desiredreplicas(), replicas, wrong);
  expect_equal(who, "status.currentReplicas", scaler.status().currentreplicas(), replicas, wrong);
}

class Autoscalers final : public Workload {
 public:
  Autoscalers(SimCluster& cluster, const WorkloadOptions& options)
      : Workload(cluster, options, "workload/autoscalers") {
    for (int i = 1; i <= kPairs; ++i) {
      const std::string name = "auto-" + std::to_string(i);
      client().add({kinds::kDeployment, kSimNamespace, name}, look_of_scaled);
      client().add({kinds::kHorizontalPodAutoscaler, kSimNamespace, name}, look_of_autoscaler);
    }
  }

  Lines wrong(const Observed& observed) const override {
    Lines wrong;
    for (const auto& [key, scaler] : observed.all_of<Autoscaler>(kinds::kHorizontalPodAutoscaler)) {
      judge(scaler, observed, &wrong);
    }
    append(wrong_deployments(client().keys(), observed), &wrong);
    return wrong;
  }

 protected:
  void act() override {
    const Key* key = any_key();
    if (!key) return;
    last_act_ = cluster().now();
    const bool is_deployment = key->kind == kinds::kDeployment;
    if (!client().exists(*key)) return is_deployment ? create_deployment(*key) : create_scaler(*key);
    const uint64_t draw = random().below(20);
    if (draw == 0) return client().remove(*key);
    if (draw < 4) is_deployment ? change_use(*key) : change_bounds(*key);
  }

  /// An autoscaler that has nothing to scale says so again and again.
  bool rest() override {
    for (size_t i = 0; i < client().keys().size(); i += 2) {
      const Key &deployment = client().keys()[i], &scaler = client().keys()[i + 1];
      if (!client().exists(scaler) || client().exists(deployment)) continue;
      last_act_ = cluster().now();
      create_deployment(deployment);
      return false;
    }
    return cluster().now() - last_act_ > kDecided;
  }

 private:
  std::string any_use() {
    static constexpr const char* kUses[] = {"10m", "50m", "100m"};
    return kUses[random().below(3)];
  }

  void create_deployment(const Key& key) {
    Deployment deployment = sim_deployment(key, 1, image_name(1), kCpuMilli);
    annotate(deployment.mutable_spec()->mutable_template_(), "cpu-use", any_use());
    client().create(key, deployment);
  }

  void change_use(const Key& key) {
    const std::string use = any_use();
    client().update<Deployment>(
        key,
        [use](Deployment* deployment) { annotate(deployment->mutable_spec()->mutable_template_(), "cpu-use", use); },
        "update the use of");
  }

  void create_scaler(const Key& key) {
    auto scaler = named<Autoscaler>(key);
    auto* spec = scaler.mutable_spec();
    spec->mutable_scaletargetref()->set_apiversion("apps/v1");
    spec->mutable_scaletargetref()->set_kind("Deployment");
    spec->mutable_scaletargetref()->set_name(key.name);
    set_bounds(any_min(), any_max(), spec);
    auto* metric = spec->add_metrics();
    metric->set_type("Resource");
    metric->mutable_resource()->set_name("cpu");
    metric->mutable_resource()->mutable_target()->set_type("Utilization");
    metric->mutable_resource()->mutable_target()->set_averageutilization(kTarget);
    spec->mutable_behavior()->mutable_scaledown()->set_stabilizationwindowseconds(kWindowSeconds);
    client().create(key, scaler);
  }

  void change_bounds(const Key& key) {
    const int min = any_min(), max = any_max();
    client().update<Autoscaler>(
        key, [min, max](Autoscaler* scaler) { set_bounds(min, max, scaler->mutable_spec()); },
        "update the bounds of");
  }

  static void set_bounds(int min, int max, ::k8s::io::api::autoscaling::v2::HorizontalPodAutoscalerSpec* spec) {
    spec->set_minreplicas(min);
    spec->set_maxreplicas(max);
  }
  int any_min() { return static_cast<int>(random().between(1, kMostMin)); }
  int any_max() { return static_cast<int>(random().between(kMostMin, kMostMax)); }

  io::MonoTime last_act_;
};

}  // namespace

std::unique_ptr<Workload> make_autoscalers(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<Autoscalers>(cluster, options);
}

}  // namespace kabuki::tools
