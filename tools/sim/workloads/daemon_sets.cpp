#include <set>

#include "messages/api/apps/v1/daemon_set.pb.h"
#include "tools/sim/workload_objects.hpp"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/pods.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::apps::v1::DaemonSet;

constexpr int kSets = 2;
constexpr const char* kHostName = "kubernetes.io/hostname";

/// The one node that it is for; "" is all.
std::string node_of(const DaemonSet& set) {
  const auto& selector = set.spec().template_().spec().nodeselector();
  const auto found = selector.find(kHostName);
  return found == selector.end() ? "" : found->second;
}

std::string look_of(const Object& object) {
  const auto set = object.as<DaemonSet>();
  return "image=" + image_of(set.spec().template_()) + " node=" + node_of(set);
}

/// One ready pod on each of its nodes.
void judge(const DaemonSet& set, const Observed& observed, Lines* wrong) {
  const std::string& who = set.metadata().name();
  std::set<std::string> nodes(observed.nodes.begin(), observed.nodes.end());
  if (const std::string only = node_of(set); !only.empty()) nodes = {only};
  const int count = static_cast<int>(nodes.size());
  const auto pods = pods_of(observed, set.metadata().uid());
  for (auto& line : wrong_running(observed, who, pods, count, image_of(set.spec().template_())))
    wrong->push_back(std::move(line));
  for (const auto& [key, pod] : pods) {
    if (nodes.erase(pod.spec().nodename()) == 0) {
      wrong->push_back(key.name + " is on " + pod.spec().nodename() + ", where none is to be, or one more");
    }
  }
  const auto& status = set.status();
  expect_equal(who, "observed generation", status.observedgeneration(), set.metadata().generation(), wrong);
  expect_equal(who, "status.desiredNumberScheduled", status.desirednumberscheduled(), count, wrong);
  expect_equal(who, "status.currentNumberScheduled", status.currentnumberscheduled(), count, wrong);
  expect_equal(who, "status.numberReady", status.numberready(), count, wrong);
  expect_equal(who, "status.numberAvailable", status.numberavailable(), count, wrong);
  expect_equal(who, "status.updatedNumberScheduled", status.updatednumberscheduled(), count, wrong);
  expect_equal(who, "status.numberMisscheduled", status.numbermisscheduled(), 0, wrong);
}

class DaemonSets final : public Workload {
 public:
  DaemonSets(SimCluster& cluster, const WorkloadOptions& options)
      : Workload(cluster, options, "workload/daemon-sets") {
    for (int i = 1; i <= kSets; ++i) {
      client().add({kinds::kDaemonSet, kSimNamespace, "agent-" + std::to_string(i)}, look_of);
    }
  }

  Lines wrong(const Observed& observed) const override {
    Lines wrong;
    for (const auto& [key, set] : observed.all_of<DaemonSet>(kinds::kDaemonSet)) judge(set, observed, &wrong);
    return wrong;
  }

 protected:
  void act() override {
    const Key* key = any_key();
    if (!key) return;
    if (!client().exists(*key)) return create(*key);
    const uint64_t draw = random().below(10);
    if (draw < 4) return change_image(*key);
    if (draw < 8) return change_node(*key);
    client().remove(*key);
  }

 private:
  /// All nodes, as often as one.
  std::string any_node() {
    const auto nodes = cluster().node_names();
    return random().chance(0.5) ? "" : nodes[random().below(nodes.size())];
  }

  void create(const Key& key) {
    DaemonSet set;
    set.mutable_metadata()->set_name(key.name);
    set.mutable_metadata()->set_namespace_(key.ns);
    auto* spec = set.mutable_spec();
    (*spec->mutable_selector()->mutable_matchlabels())["app"] = key.name;
    // It asks for nothing, or it would not fit where others were first.
    fill_template(key.name, image_name(images_++), 0, spec->mutable_template_());
    if (const std::string node = any_node(); !node.empty()) {
      (*spec->mutable_template_()->mutable_spec()->mutable_nodeselector())[kHostName] = node;
    }
    client().create(key, set);
  }

  void change_image(const Key& key) {
    const std::string image = image_name(images_++);
    client().patch<DaemonSet>(
        key, image_patch(image),
        [image](DaemonSet* set) { set_image(image, set->mutable_spec()->mutable_template_()); },
        "patch the image of");
  }

  void change_node(const Key& key) {
    const std::string node = any_node();
    client().update<DaemonSet>(
        key,
        [node](DaemonSet* set) {
          auto* selector = set->mutable_spec()->mutable_template_()->mutable_spec()->mutable_nodeselector();
          selector->clear();
          if (!node.empty()) (*selector)[kHostName] = node;
        },
        "update the node of");
  }

  int images_ = 1;
};

}  // namespace

std::unique_ptr<Workload> make_daemon_sets(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<DaemonSets>(cluster, options);
}

}  // namespace kabuki::tools
