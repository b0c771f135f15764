#include "actors/controllers/daemon_nodes.hpp"

#include <utility>

#include "actors/controllers/pod_facts.hpp"
#include "actors/scheduler/node_match.hpp"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr const char* kNameField = "metadata.name";

void tolerate(const std::string& key, const std::string& effect, core::PodSpec* spec) {
  for (const auto& have : spec->tolerations()) {
    if (have.key() == key && have.operator_() == "Exists" && have.effect() == effect) return;
  }
  auto* toleration = spec->add_tolerations();
  toleration->set_key(key);
  toleration->set_operator_("Exists");
  toleration->set_effect(effect);
}

// Kubernetes' AddOrUpdateDaemonPodTolerations.
void tolerate_troubles(core::PodSpec* spec) {
  tolerate("node.kubernetes.io/not-ready", "NoExecute", spec);
  tolerate("node.kubernetes.io/unreachable", "NoExecute", spec);
  tolerate("node.kubernetes.io/disk-pressure", "NoSchedule", spec);
  tolerate("node.kubernetes.io/memory-pressure", "NoSchedule", spec);
  tolerate("node.kubernetes.io/pid-pressure", "NoSchedule", spec);
  tolerate("node.kubernetes.io/unschedulable", "NoSchedule", spec);
  if (spec->hostnetwork()) tolerate("node.kubernetes.io/network-unavailable", "NoSchedule", spec);
}

scheduler::Taint::Effect effect_of(const std::string& text) {
  using Effect = scheduler::Taint::Effect;
  return text == "NoExecute"    ? Effect::no_execute
         : text == "NoSchedule" ? Effect::no_schedule
                                : Effect::prefer_no_schedule;
}

}  // namespace

DaemonNodes::DaemonNodes(core::PodSpec spec) : spec_(std::move(spec)) {
  tolerate_troubles(&spec_);
  demand_ = scheduler::demand_of(spec_);
}

DaemonNodes::Verdict DaemonNodes::judge(const Object& object) const {
  const auto node = object.as<core::Node>();
  if (!spec_.nodename().empty() && spec_.nodename() != node.metadata().name()) return {};
  scheduler::Labels labels(node.metadata().labels().begin(), node.metadata().labels().end());
  std::sort(labels.begin(), labels.end());
  if (!scheduler::selects(demand_, node.metadata().name(), labels)) return {};
  Verdict verdict{true, true};
  for (const auto& message : node.spec().taints()) {
    const scheduler::Taint taint{message.key(), message.value(), effect_of(message.effect())};
    if (taint.effect == scheduler::Taint::Effect::prefer_no_schedule || scheduler::tolerated(demand_, taint))
      continue;
    verdict.should_run = false;
    if (taint.effect == scheduler::Taint::Effect::no_execute) verdict.may_continue = false;
  }
  return verdict;
}

core::PodSpec DaemonNodes::spec_for(const std::string& node) const {
  core::PodSpec spec = spec_;
  auto* required =
      spec.mutable_affinity()->mutable_nodeaffinity()->mutable_requiredduringschedulingignoredduringexecution();
  // What the template asked for was judged already.
  required->clear_nodeselectorterms();
  auto* field = required->add_nodeselectorterms()->add_matchfields();
  field->set_key(kNameField);
  field->set_operator_("In");
  field->add_values(node);
  return spec;
}

std::string target_node(const Object& pod) {
  if (auto node = node_of_pod(pod); !node.empty()) return std::string(node);
  const auto spec = pod.as<core::Pod>().spec();
  for (const auto& term :
       spec.affinity().nodeaffinity().requiredduringschedulingignoredduringexecution().nodeselectorterms()) {
    for (const auto& field : term.matchfields()) {
      if (field.key() == kNameField && field.operator_() == "In" && field.values_size() == 1) return field.values(0);
    }
  }
  return {};
}

}  // namespace kabuki::controllers
