#include <string>

#include "messages/api/apps/v1/deployment.pb.h"
#include "messages/api/apps/v1/replica_set.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "tools/sim/invariants/all.hpp"
#include "tools/sim/invariants/owner.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::apps::v1::Deployment;
using ::k8s::io::api::apps::v1::ReplicaSet;
using ::k8s::io::api::core::v1::Pod;

constexpr const char* kTemplate = "pod-template-hash";

bool lives(const Pod& pod) { return pod.status().phase() != "Succeeded" && pod.status().phase() != "Failed"; }

class RecreateApart final : public Invariant {
 public:
  RecreateApart() : Invariant("recreate-apart") {}

  void changed(const Seen& seen, const Breach& breach) override {
    if (seen.object().kind() != kinds::kPod || seen.before || !seen.after || seen.restoring) return;
    const auto pod = seen.after->as<Pod>();
    const auto owner = controller_of(pod, "ReplicaSet");
    if (!owner) return;
    const std::string& ns = pod.metadata().namespace_();
    const ObjectPtr set = find_owner(seen.objects, {kinds::kReplicaSet, ns, owner->name()}, owner->uid());
    const auto above = set ? controller_of(set->as<ReplicaSet>(), "Deployment") : std::nullopt;
    if (!above) return;
    const ObjectPtr deployment = find_owner(seen.objects, {kinds::kDeployment, ns, above->name()}, above->uid());
    if (!deployment) return;
    if (deployment->as<Deployment>().spec().strategy().type() != "Recreate") return;
    for (auto it = seen.objects.lower_bound({kinds::kPod, ns, ""});
         it != seen.objects.end() && it->first.kind == kinds::kPod && it->first.ns == ns; ++it) {
      const auto other = it->second->as<Pod>();
      if (!lives(other) || template_of(other) == template_of(pod)) continue;
      const auto others = controller_of(other, "ReplicaSet");
      if (!others || !is_of(seen, ns, *others, above->uid())) continue;
      breach(seen.after->key().text() + " came while " + it->first.text() + " was there");
    }
  }

 private:
  static std::string template_of(const Pod& pod) {
    const auto found = pod.metadata().labels().find(kTemplate);
    return found == pod.metadata().labels().end() ? "" : found->second;
  }

  static bool is_of(const Seen& seen, const std::string& ns, const OwnerReference& set, const std::string& uid) {
    const ObjectPtr object = find_owner(seen.objects, {kinds::kReplicaSet, ns, set.name()}, set.uid());
    const auto above = object ? controller_of(object->as<ReplicaSet>(), "Deployment") : std::nullopt;
    return above && above->uid() == uid;
  }
};

}  // namespace

std::unique_ptr<Invariant> recreate_apart() { return std::make_unique<RecreateApart>(); }

}  // namespace kabuki::tools
