#include "messages/api/core/v1/persistent_volume.pb.h"
#include "messages/api/core/v1/persistent_volume_claim.pb.h"
#include "tools/sim/workload_objects.hpp"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/writes.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::core::v1::PersistentVolume;
using ::k8s::io::api::core::v1::PersistentVolumeClaim;

constexpr int kPairs = 3;

/// It has a volume of its own, which says the same.
void judge(const PersistentVolumeClaim& claim, const Observed& observed, Lines* wrong) {
  const std::string& who = claim.metadata().name();
  if (claim.status().phase() != "Bound") wrong->push_back(who + " is " + claim.status().phase());
  const ObjectPtr object = observed.find({kinds::kPersistentVolume, "", claim.spec().volumename()});
  if (!object) return wrong->push_back(who + "'s volume \"" + claim.spec().volumename() + "\" is not there");
  const auto volume = object->as<PersistentVolume>();
  if (volume.spec().claimref().uid() != claim.metadata().uid() || volume.status().phase() != "Bound") {
    wrong->push_back(volume.metadata().name() + " is " + volume.status().phase() + " and not " + who + "'s");
  }
}

class Volumes final : public Workload {
 public:
  Volumes(SimCluster& cluster, const WorkloadOptions& options) : Workload(cluster, options, "workload/volumes") {
    for (int i = 1; i <= kPairs; ++i) {
      client().add({kinds::kPersistentVolumeClaim, kSimNamespace, "disk-" + std::to_string(i)}, nullptr);
      client().add({kinds::kPod, kSimNamespace, "user-" + std::to_string(i)}, nullptr);
    }
  }

  Lines wrong(const Observed& observed) const override {
    Lines wrong;
    size_t claims = 0;
    for (const auto& [key, claim] : observed.all_of<PersistentVolumeClaim>(kinds::kPersistentVolumeClaim)) {
      judge(claim, observed, &wrong);
      ++claims;
    }
    // What was made for a claim goes with it.
    const auto volumes = observed.all_of<PersistentVolume>(kinds::kPersistentVolume).size();
    expect_equal("the cluster", "number of volumes", static_cast<int64_t>(volumes), static_cast<int64_t>(claims),
                 &wrong);
    for (const Key& key : client().keys()) {
      const ObjectPtr object = observed.find(key);
      if (!object || key.kind != kinds::kPod) continue;
      judge_single(object->as<Pod>(), observed, &wrong);
    }
    return wrong;
  }

 protected:
  void act() override {
    const Key* key = any_key();
    if (!key) return;
    if (client().exists(*key)) return random().chance(0.4) ? client().remove(*key) : void();
    key->kind == kinds::kPod ? create_pod(*key) : create_claim(*key);
  }

  /// A claim goes when no pod uses it any more, and a pod comes when its claim is there.
  bool rest() override {
    for (size_t i = 0; i < client().keys().size(); i += 2) {
      const Key &claim = client().keys()[i], &pod = client().keys()[i + 1];
      if (client().exists(claim) || !client().exists(pod)) continue;
      client().remove(pod);
      return false;
    }
    return true;
  }

 private:
  void create_claim(const Key& key) {
    auto claim = named<PersistentVolumeClaim>(key);
    claim.mutable_spec()->add_accessmodes("ReadWriteOnce");
    (*claim.mutable_spec()->mutable_resources()->mutable_requests())["storage"].set_string("1Gi");
    client().create(key, claim);
  }

  void create_pod(const Key& key) {
    Pod pod = sim_pod(key.name, PodShape::plain);
    auto* volume = pod.mutable_spec()->add_volumes();
    volume->set_name("data");
    auto* source = volume->mutable_volumesource()->mutable_persistentvolumeclaim();
    source->set_claimname("disk-" + key.name.substr(key.name.size() - 1));
    client().create(key, pod);
  }
};

}  // namespace

std::unique_ptr<Workload> make_volumes(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<Volumes>(cluster, options);
}

}  // namespace kabuki::tools
