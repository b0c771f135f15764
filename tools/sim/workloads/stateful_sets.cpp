#include <set>

#include "messages/api/apps/v1/stateful_set.pb.h"
#include "tools/sim/workload_objects.hpp"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/pods.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::apps::v1::StatefulSet;

constexpr int kSets = 2;
constexpr int kReplicasMax = 4;
constexpr int64_t kCpuMilli = 50;
constexpr const char* kRevisionLabel = "controller-revision-hash";

std::string look_of(const Object& object) {
  const auto set = object.as<StatefulSet>();
  return "replicas=" + std::to_string(set.spec().replicas()) + " image=" + image_of(set.spec().template_());
}

/// Every identity there once, running the newest template.
void judge(const StatefulSet& set, const Observed& observed, Lines* wrong) {
  const std::string& who = set.metadata().name();
  const int replicas = set.spec().replicas();
  const auto pods = pods_of(observed, set.metadata().uid());
  for (auto& line : wrong_running(observed, who, pods, replicas, image_of(set.spec().template_())))
    wrong->push_back(std::move(line));
  for (int i = 0; i < replicas; ++i) {
    const Key identity{kinds::kPod, set.metadata().namespace_(), who + "-" + std::to_string(i)};
    const auto found = pods.find(identity);
    if (found == pods.end()) {
      wrong->push_back(identity.name + " is not there");
    } else if (found->second.metadata().labels().at(kRevisionLabel) != set.status().updaterevision()) {
      wrong->push_back(identity.name + " is of an old revision");
    }
  }
  const auto& status = set.status();
  expect_equal(who, "observed generation", status.observedgeneration(), set.metadata().generation(), wrong);
  expect_equal(who, "status.replicas", status.replicas(), replicas, wrong);
  expect_equal(who, "status.readyReplicas", status.readyreplicas(), replicas, wrong);
  expect_equal(who, "status.availableReplicas", status.availablereplicas(), replicas, wrong);
  expect_equal(who, "status.updatedReplicas", status.updatedreplicas(), replicas, wrong);
  expect_equal(who, "status.currentReplicas", status.currentreplicas(), replicas, wrong);
  if (status.currentrevision() != status.updaterevision()) wrong->push_back(who + "'s update has not ended");
}

class StatefulSets final : public Workload {
 public:
  StatefulSets(SimCluster& cluster, const WorkloadOptions& options)
      : Workload(cluster, options, "workload/stateful-sets") {
    for (int i = 1; i <= kSets; ++i) {
      client().add({kinds::kStatefulSet, kSimNamespace, "db" + std::to_string(i)}, look_of);
    }
  }

  Lines wrong(const Observed& observed) const override {
    Lines wrong;
    for (const auto& [key, set] : observed.all_of<StatefulSet>(kinds::kStatefulSet)) judge(set, observed, &wrong);
    return wrong;
  }

 protected:
  void act() override {
    const Key* key = any_key();
    if (!key) return;
    if (!client().exists(*key)) return create(*key);
    const uint64_t draw = random().below(10);
    if (draw < 5) return scale(*key);
    if (draw < 8) return change_image(*key);
    static constexpr const char* kWays[] = {"", "Background", "Foreground", "Orphan"};
    const uint64_t way = random().below(4);
    // What is left without an owner is for the next one of that name to adopt.
    if (way == 3) orphaned_.insert(*key);
    client().remove(*key, kWays[way]);
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
    StatefulSet set;
    set.mutable_metadata()->set_name(key.name);
    set.mutable_metadata()->set_namespace_(key.ns);
    auto* spec = set.mutable_spec();
    spec->set_replicas(static_cast<int>(random().between(1, kReplicasMax)));
    spec->set_servicename(key.name);
    (*spec->mutable_selector()->mutable_matchlabels())["app"] = key.name;
    if (random().chance(0.3)) spec->set_podmanagementpolicy("Parallel");
    fill_template(key.name, image_name(images_++), kCpuMilli, spec->mutable_template_());
    annotate(spec->mutable_template_(), "ready-after", "uniform(10ms,2s)");
    client().create(key, set);
  }

  void scale(const Key& key) {
    const int replicas = static_cast<int>(random().between(0, kReplicasMax));
    client().patch<StatefulSet>(
        key, "{\"spec\":{\"replicas\":" + std::to_string(replicas) + "}}",
        [replicas](StatefulSet* set) { set->mutable_spec()->set_replicas(replicas); }, "scale");
  }

  void change_image(const Key& key) {
    const std::string image = image_name(random().chance(0.3) && images_ > 2 ? images_ - 2 : images_++);
    client().patch<StatefulSet>(
        key, image_patch(image),
        [image](StatefulSet* set) { set_image(image, set->mutable_spec()->mutable_template_()); },
        "patch the image of");
  }

  std::set<Key> orphaned_;  // ever
  int images_ = 1;
};

}  // namespace

std::unique_ptr<Workload> make_stateful_sets(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<StatefulSets>(cluster, options);
}

}  // namespace kabuki::tools
