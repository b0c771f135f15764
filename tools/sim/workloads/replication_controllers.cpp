#include "messages/api/core/v1/replication_controller.pb.h"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/one_kind.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::core::v1::ReplicationController;

constexpr int kControllers = 2;
constexpr int kReplicasMax = 4;
constexpr int64_t kCpuMilli = 50;

std::string look_of(const Object& object) {
  const auto controller = object.as<ReplicationController>();
  return "replicas=" + std::to_string(controller.spec().replicas()) +
         " image=" + image_of(controller.spec().template_());
}

class ReplicationControllers final : public OneKind<ReplicationController> {
 public:
  ReplicationControllers(SimCluster& cluster, const WorkloadOptions& options)
      : OneKind(cluster, options, "workload/replication-controllers") {
    add(kinds::kReplicationController, "rc-", kControllers, look_of);
  }

 protected:
  void judge(const ReplicationController& controller, const Observed& observed, Lines* wrong) const override {
    const std::string& who = controller.metadata().name();
    const int replicas = controller.spec().replicas();
    const auto pods = pods_of(observed, controller.metadata().uid());
    // A pod keeps the image that it was made with: only the template is new.
    for (const auto& [key, pod] : pods) {
      append(wrong_running(observed, key.name, {{key, pod}}, 1, pod.spec().containers(0).image()), wrong);
    }
    expect_equal(who, "number of pods", static_cast<int64_t>(pods.size()), replicas, wrong);
    const auto& status = controller.status();
    expect_equal(who, "observed generation", status.observedgeneration(), controller.metadata().generation(), wrong);
    expect_equal(who, "status.replicas", status.replicas(), replicas, wrong);
    expect_equal(who, "status.readyReplicas", status.readyreplicas(), replicas, wrong);
    expect_equal(who, "status.availableReplicas", status.availablereplicas(), replicas, wrong);
  }

  ReplicationController made(const Key& key) override {
    auto controller = named<ReplicationController>(key);
    auto* spec = controller.mutable_spec();
    spec->set_replicas(static_cast<int>(random().between(1, kReplicasMax)));
    (*spec->mutable_selector())["app"] = key.name;
    fill_template(key.name, new_image(), kCpuMilli, spec->mutable_template_());
    return controller;
  }

  void change(const Key& key) override {
    const uint64_t draw = random().below(10);
    if (draw < 6) return scale_up_to(kReplicasMax, key);
    if (draw < 8) return update_image<ReplicationController>(key, new_image(), &client());
    static constexpr const char* kWays[] = {"Background", "Foreground", "Orphan"};
    remove(key, kWays[random().below(3)]);
  }
};

}  // namespace

std::unique_ptr<Workload> make_replication_controllers(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<ReplicationControllers>(cluster, options);
}

}  // namespace kabuki::tools
