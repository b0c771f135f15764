#include <algorithm>
#include <array>

#include "messages/api/scheduling/v1/priority_class.pb.h"
#include "tools/sim/workload_objects.hpp"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/deployment.hpp"
#include "tools/sim/workloads/writes.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::scheduling::v1::PriorityClass;

/// Below 0, so that none of them ever drives out a pod of another workload.
struct Class {
  const char* name;
  int32_t value;
  const char* preemption;
};
constexpr std::array kClasses = {Class{"bulk", -1000, "PreemptLowerPriority"}, Class{"polite", -1, "Never"},
                                 Class{"urgent", -1, "PreemptLowerPriority"}};

struct Crowd {
  const char* name;
  const char* its_class;
  int replicas_max;
};
// 2.5 CPUs a pod, three to a node of eight: together more than there is room for.
constexpr std::array kCrowds = {Crowd{"bulk-1", "bulk", 20}, Crowd{"bulk-2", "bulk", 20},
                                Crowd{"polite-1", "polite", 4}, Crowd{"urgent-1", "urgent", 10}};
constexpr int64_t kCpuMilli = 2500;
constexpr int kReplicasAtRest = 2;

std::string look_of_class(const Object& object) {
  return "value=" + std::to_string(object.as<PriorityClass>().value());
}

const Crowd& crowd_of(const Key& key) {
  return *std::ranges::find_if(kCrowds, [&](const Crowd& crowd) { return key.name == crowd.name; });
}

class Priorities final : public Workload {
 public:
  Priorities(SimCluster& cluster, const WorkloadOptions& options)
      : Workload(cluster, options, "workload/priorities") {
    for (const Class& one : kClasses) client().add({kinds::kPriorityClass, "", one.name}, look_of_class);
    for (const Crowd& crowd : kCrowds) {
      client().add({kinds::kDeployment, kSimNamespace, crowd.name}, look_of_deployment);
    }
  }

  Lines wrong(const Observed& observed) const override { return wrong_deployments(client().keys(), observed); }

 protected:
  void act() override {
    for (size_t i = 0; i < kClasses.size(); ++i) {
      const Key& key = client().keys()[i];
      if (client().busy(key)) return;
      if (!client().exists(key)) return create_class(key, kClasses[i]);
    }
    const Key* key = any_key();
    if (!key || key->kind != kinds::kDeployment) return;
    if (!client().exists(*key)) return create_deployment(*key);
    if (random().below(12) == 0) return client().remove(*key);
    scale<Deployment>(*key, static_cast<int>(random().between(0, crowd_of(*key).replicas_max)), &client());
  }

  /// Everything is to fit in the end.
  bool rest() override {
    for (const Key& key : client().keys()) {
      if (key.kind != kinds::kDeployment || !client().exists(key)) continue;
      if (client().as<Deployment>(key).spec().replicas() <= kReplicasAtRest) continue;
      scale<Deployment>(key, kReplicasAtRest, &client());
      return false;
    }
    return true;
  }

 private:
  void create_class(const Key& key, const Class& one) {
    auto made = named<PriorityClass>(key);
    made.set_value(one.value);
    made.set_preemptionpolicy(one.preemption);
    client().create(key, made);
  }

  void create_deployment(const Key& key) {
    const Crowd& crowd = crowd_of(key);
    const int replicas = static_cast<int>(random().between(1, crowd.replicas_max));
    Deployment deployment = sim_deployment(key, replicas, image_name(1), kCpuMilli);
    auto* spec = deployment.mutable_spec()->mutable_template_()->mutable_spec();
    spec->set_priorityclassname(crowd.its_class);
    spec->set_terminationgraceperiodseconds(2);
    client().create(key, deployment);
  }
};

}  // namespace

std::unique_ptr<Workload> make_priorities(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<Priorities>(cluster, options);
}

}  // namespace kabuki::tools
