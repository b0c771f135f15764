#include "actors/controllers/cluster_classes.hpp"

#include "messages/api/scheduling/v1/priority_class.pb.h"
#include "messages/api/storage/v1/storage_class.pb.h"

namespace kabuki::controllers {
namespace {

using actors::Write;

struct SystemClass {
  const char* name;
  int32_t value;
  const char* description;
};
constexpr SystemClass kSystemClasses[] = {
    {"system-cluster-critical", 2000000000,
     "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."},
    {"system-node-critical", 2000001000,
     "Used for system critical pods that must not be moved from their current node."},
};
constexpr const char* kStandard = "standard";

Write priority_class(const SystemClass& made) {
  ::k8s::io::api::scheduling::v1::PriorityClass priority;
  priority.mutable_metadata()->set_name(made.name);
  priority.set_value(made.value);
  priority.set_description(made.description);
  return Write::create(kinds::kPriorityClass, priority);
}

Write standard_class() {
  ::k8s::io::api::storage::v1::StorageClass storage;
  storage.mutable_metadata()->set_name(kStandard);
  (*storage.mutable_metadata()->mutable_annotations())["storageclass.kubernetes.io/is-default-class"] = "true";
  storage.set_provisioner(kSimulatedProvisioner);
  storage.set_reclaimpolicy("Delete");
  storage.set_volumebindingmode("Immediate");
  storage.set_allowvolumeexpansion(true);
  return Write::create(kinds::kStorageClass, storage);
}

}  // namespace

Plan reconcile_cluster_class(const View& view, const Key& key, const Instant&) {
  Plan plan;
  if (view.find(key)) return plan;
  for (const SystemClass& known : kSystemClasses) {
    if (key == Key{kinds::kPriorityClass, "", known.name}) plan.add(priority_class(known));
  }
  if (key.kind == kinds::kStorageClass && view.all(kinds::kStorageClass).empty()) plan.add(standard_class());
  return plan;
}

Controller cluster_classes_controller() {
  Controller controller;
  controller.name = "cluster-classes-controller";
  controller.watches = {kinds::kPriorityClass, kinds::kStorageClass};
  controller.concerns = [](const View&, const Change& change, std::vector<Key>* keys) {
    // A storage class that somebody deletes stays away.
    if (!change.after && change.object().kind() == kinds::kPriorityClass) keys->push_back(change.object().key());
  };
  controller.reconcile = reconcile_cluster_class;
  for (const SystemClass& known : kSystemClasses) {
    controller.at_start.push_back({kinds::kPriorityClass, "", known.name});
  }
  controller.at_start.push_back({kinds::kStorageClass, "", kStandard});
  return controller;
}

}  // namespace kabuki::controllers
