#include <set>

#include "messages/api/core/v1/replication_controller.pb.h"
#include "tools/sim/workload_objects.hpp"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/pods.hpp"

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

class ReplicationControllers final : public Workload {
 public:
  ReplicationControllers(SimCluster& cluster, const WorkloadOptions& options)
      : Workload(cluster, options, "workload/replication-controllers") {
    for (int i = 1; i <= kControllers; ++i) {
      client().add({kinds::kReplicationController, kSimNamespace, "rc-" + std::to_string(i)}, look_of);
    }
  }

  Lines wrong(const Observed& observed) const override {
    Lines wrong;
    for (const auto& [key, controller] : observed.all_of<ReplicationController>(kinds::kReplicationController)) {
      const int replicas = controller.spec().replicas();
      const auto pods = pods_of(observed, controller.metadata().uid());
      // A pod keeps the image that it was made with: only the template is new.
      for (const auto& [pod, message] : pods) {
        for (auto& line :
             wrong_running(observed, pod.name, {{pod, message}}, 1, message.spec().containers(0).image()))
          wrong.push_back(std::move(line));
      }
      expect_equal(key.name, "number of pods", static_cast<int64_t>(pods.size()), replicas, &wrong);
      const auto& status = controller.status();
      expect_equal(key.name, "observed generation", status.observedgeneration(), controller.metadata().generation(),
                   &wrong);
      expect_equal(key.name, "status.replicas", status.replicas(), replicas, &wrong);
      expect_equal(key.name, "status.readyReplicas", status.readyreplicas(), replicas, &wrong);
      expect_equal(key.name, "status.availableReplicas", status.availablereplicas(), replicas, &wrong);
    }
    return wrong;
  }

 protected:
  void act() override {
    const Key* key = any_key();
    if (!key) return;
    if (!client().exists(*key)) return create(*key);
    const uint64_t draw = random().below(10);
    if (draw < 6) return scale(*key);
    if (draw < 8) return change_image(*key);
    static constexpr const char* kWays[] = {"Background", "Foreground", "Orphan"};
    const char* way = kWays[random().below(3)];
    // What is left without an owner is for the next one of that name to adopt.
    if (way == kWays[2]) orphaned_.insert(*key);
    client().remove(*key, way);
  }

  bool rest() override {
    for (const Key& key : orphaned_) {
      if (client().exists(key)) continue;
      create(key);
      return false;
    }
    return true;
  }

 private:
  void create(const Key& key) {
    ReplicationController controller;
    controller.mutable_metadata()->set_name(key.name);
    controller.mutable_metadata()->set_namespace_(key.ns);
    controller.mutable_spec()->set_replicas(static_cast<int>(random().between(1, kReplicasMax)));
    (*controller.mutable_spec()->mutable_selector())["app"] = key.name;
    fill_template(key.name, image_name(images_++), kCpuMilli, controller.mutable_spec()->mutable_template_());
    client().create(key, controller);
  }

  void scale(const Key& key) {
    const int replicas = static_cast<int>(random().between(0, kReplicasMax));
    client().patch<ReplicationController>(
        key, "{\"spec\":{\"replicas\":" + std::to_string(replicas) + "}}",
        [replicas](ReplicationController* controller) { controller->mutable_spec()->set_replicas(replicas); },
        "scale");
  }

  void change_image(const Key& key) {
    const std::string image = image_name(images_++);
    client().update<ReplicationController>(
        key,
        [image](ReplicationController* controller) {
          set_image(image, controller->mutable_spec()->mutable_template_());
        },
        "update the image of");
  }

  std::set<Key> orphaned_;  // ever
  int images_ = 1;
};

}  // namespace

std::unique_ptr<Workload> make_replication_controllers(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<ReplicationControllers>(cluster, options);
}

}  // namespace kabuki::tools
