#include <set>

#include "messages/api/apps/v1/daemon_set.pb.h"
#include "tools/sim/workloads/all.hpp"
#include "tools/sim/workloads/one_kind.hpp"

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

class DaemonSets final : public OneKind<DaemonSet> {
 public:
  DaemonSets(SimCluster& cluster, const WorkloadOptions& options)
      : OneKind(cluster, options, "workload/daemon-sets") {
    add(kinds::kDaemonSet, "agent-", kSets, look_of);
  }

 protected:
  /// One ready pod on each of its nodes.
  void judge(const DaemonSet& set, const Observed& observed, Lines* wrong) const override {
    const std::string& who = set.metadata().name();
    std::set<std::string> nodes(observed.nodes.begin(), observed.nodes.end());
    if (const std::string only = node_of(set); !only.empty()) nodes = {only};
    const int count = static_cast<int>(nodes.size());
    const auto pods = pods_of(observed, set.metadata().uid());
    append(wrong_running(observed, who, pods, count, image_of(set.spec().template_())), wrong);
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

  DaemonSet made(const Key& key) override {
    auto set = named<DaemonSet>(key);
    auto* spec = set.mutable_spec();
    (*spec->mutable_selector()->mutable_matchlabels())["app"] = key.name;
    // It asks for nothing, or it would not fit where others were first.
    fill_template(key.name, new_image(), 0, spec->mutable_template_());
    choose(any_node(), &set);
    return set;
  }

  void change(const Key& key) override {
    const uint64_t draw = random().below(10);
    if (draw < 4) return patch_image<DaemonSet>(key, new_image(), &client());
    if (draw >= 8) return remove(key);
    client().update<DaemonSet>(
        key, [node = any_node()](DaemonSet* set) { choose(node, set); }, "update the node of");
  }

 private:
  /// All nodes ("") as often as one.
  std::string any_node() {
    const auto nodes = cluster().node_names();
    return random().chance(0.5) ? "" : nodes[random().below(nodes.size())];
  }

  static void choose(const std::string& node, DaemonSet* set) {
    auto* selector = set->mutable_spec()->mutable_template_()->mutable_spec()->mutable_nodeselector();
    selector->clear();
    if (!node.empty()) (*selector)[kHostName] = node;
  }
};

}  // namespace

std::unique_ptr<Workload> make_daemon_sets(SimCluster& cluster, const WorkloadOptions& options) {
  return std::make_unique<DaemonSets>(cluster, options);
}

}  // namespace kabuki::tools
