#include "actors/controllers/replication_controller.hpp"

#include "actors/controllers/replica_set.hpp"
#include "messages/api/core/v1/replication_controller.pb.h"
#include "messages/encode.hpp"

namespace kabuki::controllers {
namespace {

namespace apps = ::k8s::io::api::apps::v1;
namespace core = ::k8s::io::api::core::v1;

apps::ReplicaSet as_replica_set(const core::ReplicationController& controller) {
  apps::ReplicaSet set;
  *set.mutable_metadata() = controller.metadata();
  if (controller.spec().has_replicas()) set.mutable_spec()->set_replicas(controller.spec().replicas());
  set.mutable_spec()->set_minreadyseconds(controller.spec().minreadyseconds());
  *set.mutable_spec()->mutable_template_() = controller.spec().template_();
  const auto& status = controller.status();
  set.mutable_status()->set_replicas(status.replicas());
  set.mutable_status()->set_fullylabeledreplicas(status.fullylabeledreplicas());
  set.mutable_status()->set_readyreplicas(status.readyreplicas());
  set.mutable_status()->set_availablereplicas(status.availablereplicas());
  set.mutable_status()->set_observedgeneration(status.observedgeneration());
  for (const auto& condition : status.conditions()) {
    auto* taken = set.mutable_status()->add_conditions();
    taken->set_type(condition.type());
    taken->set_status(condition.status());
    taken->set_reason(condition.reason());
    taken->set_message(condition.message());
    if (condition.has_lasttransitiontime()) *taken->mutable_lasttransitiontime() = condition.lasttransitiontime();
  }
  return set;
}

void take_status(const apps::ReplicaSetStatus& from, core::ReplicationControllerStatus* status) {
  status->set_replicas(from.replicas());
  status->set_fullylabeledreplicas(from.fullylabeledreplicas());
  status->set_readyreplicas(from.readyreplicas());
  status->set_availablereplicas(from.availablereplicas());
  status->set_observedgeneration(from.observedgeneration());
  status->clear_conditions();
  for (const auto& condition : from.conditions()) {
    auto* taken = status->add_conditions();
    taken->set_type(condition.type());
    taken->set_status(condition.status());
    taken->set_reason(condition.reason());
    taken->set_message(condition.message());
    if (condition.has_lasttransitiontime()) *taken->mutable_lasttransitiontime() = condition.lasttransitiontime();
  }
}

}  // namespace

Plan reconcile_replication_controller(const View& view, const Key& key, const Instant& now) {
  const ObjectPtr object = view.find(key);
  if (!object) return {};
  const auto controller = object->as<core::ReplicationController>();
  Plan plan = reconcile_replicas(view, object, as_replica_set(controller), now, [&](const apps::ReplicaSet& updated) {
    auto written = controller;
    take_status(updated.status(), written.mutable_status());
    return actors::Write::update_status(*object, written);
  });
  // What this kind has no field for is no reason to write.
  std::erase_if(plan.steps, [&](const Step& step) {
    return step.write.verb == bus::WriteObjects::UPDATE_STATUS &&
           serialize(step.write.object->as<core::ReplicationController>().status()) == serialize(controller.status());
  });
  return plan;
}

Controller replication_controller() {
  Controller controller = replica_controller(kinds::kReplicationController, "replication-controller");
  controller.reconcile = reconcile_replication_controller;
  return controller;
}

}  // namespace kabuki::controllers
