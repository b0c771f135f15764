#include "tools/sim/workloads/deployment.hpp"

#include "messages/api/apps/v1/replica_set.pb.h"
#include "tools/sim/workloads/writes.hpp"

namespace kabuki::tools {
namespace {

namespace apps = ::k8s::io::api::apps::v1;

constexpr const char* kRevision = "deployment.kubernetes.io/revision";

int64_t revision_of(const apps::ReplicaSet& set) {
  auto found = set.metadata().annotations().find(kRevision);
  return found == set.metadata().annotations().end() ? 0 : std::strtoll(found->second.c_str(), nullptr, 10);
}

}  // namespace

Deployment sim_deployment(const Key& key, int replicas, const std::string& image, int64_t cpu_milli) {
  auto deployment = named<Deployment>(key);
  auto* spec = deployment.mutable_spec();
  spec->set_replicas(replicas);
  (*spec->mutable_selector()->mutable_matchlabels())["app"] = key.name;
  fill_template(key.name, image, cpu_milli, spec->mutable_template_());
  return deployment;
}

Lines wrong_deployment(const Deployment& deployment, const Observed& observed) {
  const std::string& who = deployment.metadata().name();
  const std::string& image = image_of(deployment.spec().template_());
  const int replicas = deployment.spec().replicas();
  const auto sets = observed.all_of<apps::ReplicaSet>(kinds::kReplicaSet);
  const apps::ReplicaSet* newest = nullptr;
  for (const auto& [key, set] : sets) {
    if (!is_controlled_by(set, deployment.metadata().uid())) continue;
    if (!newest || revision_of(set) > revision_of(*newest)) newest = &set;
  }
  if (!newest) return {who + " has no ReplicaSet"};
  Lines wrong = wrong_running(observed, who, pods_of(observed, newest->metadata().uid()), replicas, image);
  if (image_of(newest->spec().template_()) != image) {
    wrong.push_back(who + "'s newest ReplicaSet " + newest->metadata().name() + " has another image");
  }
  for (const auto& [key, set] : sets) {
    if (&set == newest || !is_controlled_by(set, deployment.metadata().uid())) continue;
    for (const auto& [pod, unused] : pods_of(observed, set.metadata().uid())) {
      wrong.push_back(pod.name + " is not of " + newest->metadata().name());
    }
  }
  const auto& status = deployment.status();
  expect_equal(who, "observed generation", status.observedgeneration(), deployment.metadata().generation(), &wrong);
  expect_equal(who, "status.replicas", status.replicas(), replicas, &wrong);
  expect_equal(who, "status.updatedReplicas", status.updatedreplicas(), replicas, &wrong);
  expect_equal(who, "status.readyReplicas", status.readyreplicas(), replicas, &wrong);
  expect_equal(who, "status.availableReplicas", status.availablereplicas(), replicas, &wrong);
  expect_equal(who, "status.unavailableReplicas", status.unavailablereplicas(), 0, &wrong);
  return wrong;
}

Lines wrong_deployments(const std::vector<Key>& keys, const Observed& observed) {
  Lines wrong;
  for (const Key& key : keys) {
    const ObjectPtr object = observed.find(key);
    if (!object || key.kind != kinds::kDeployment) continue;
    append(wrong_deployment(object->as<Deployment>(), observed), &wrong);
  }
  return wrong;
}

std::string look_of_deployment(const Object& object) {
  const auto deployment = object.as<Deployment>();
  return "replicas=" + std::to_string(deployment.spec().replicas()) +
         " image=" + image_of(deployment.spec().template_()) + (deployment.spec().paused() ? " paused" : "");
}

}  // namespace kabuki::tools
