#include "messages/api/apps/v1/stateful_set.pb.h"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/one_kind.hpp"

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

class StatefulSets final : public OneKind<StatefulSet> {
 public:
  StatefulSets(SimCluster& cluster, const WorkloadOptions& options)
      : OneKind(cluster, options, "workload/stateful-sets") {
    add(kinds::kStatefulSet, "db", kSets, look_of);
  }

 protected:
  /// Every identity there once, running the newest template.
  void judge(const StatefulSet& set, const Observed& observed, Lines* wrong) const override {
    const std::string& who = set.metadata().name();
    const int replicas = set.spec().replicas();
    const auto pods = pods_of(observed, set.metadata().uid());
    append(wrong_running(observed, who, pods, replicas, image_of(set.spec().template_())), wrong);
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

  StatefulSet made(const Key& key) override {
    auto set = named<StatefulSet>(key);
    auto* spec = set.mutable_spec();
    spec->set_replicas(static_cast<int>(random().between(1, kReplicasMax)));
    spec->set_servicename(key.name);
    (*spec->mutable_selector()->mutable_matchlabels())["app"] = key.name;
    if (random().chance(0.3)) spec->set_podmanagementpolicy("Parallel");
    fill_template(key.name, new_image(), kCpuMilli, spec->mutable_template_());
    annotate(spec->mutable_template_(), "ready-after", "uniform(10ms,2s)");
    return set;
  }

  void change(const Key& key) override {
    const uint64_t draw = random().below(10);
    if (draw < 5) return scale_up_to(kReplicasMax, key);
    if (draw < 8) return patch_image<StatefulSet>(key, some_image(), &client());
    static constexpr const char* kWays[] = {"", "Background", "Foreground", "Orphan"};
    remove(key, kWays[random().below(4)]);
  }
};

}  // namespace

std::unique_ptr<Workload> make_stateful_sets(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<StatefulSets>(cluster, options);
}

}  // namespace kabuki::tools
