#include "actors/scheduler/pod_demand.hpp"

#include <algorithm>

#include "actors/scheduler/node_term.hpp"
#include "actors/scheduler/pod_requests.hpp"
#include "messages/api/core/v1/pod_template.pb.h"
#include "messages/wire.hpp"

namespace kabuki::scheduler {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr size_t kRememberedSpecs = 4096;
// core/v1's field numbers.
constexpr int kVolumes = 1, kContainers = 2, kNodeName = 10, kHostname = 16, kInitContainers = 20;
constexpr int kVolumeSource = 2, kProjected = 26;
constexpr int kVolumeMounts = 9;
constexpr const char* kEveryAddress = "0.0.0.0";

template <class Repeated>
std::vector<std::string> strings(const Repeated& from) {
  return {from.begin(), from.end()};
}

/// The selector of a term; one that is absent or unsound selects nothing.
template <class Message>
PodSelector selector_of(const Message& message) {
  PodSelector out;
  out.nothing = !message.has_labelselector();
  if (!out.nothing) {
    auto labels = LabelSelector::from_message(message.labelselector());
    out.nothing = !labels.ok();
    if (labels.ok()) out.labels = std::move(*labels);
  }
  out.same_label_keys = strings(message.matchlabelkeys());
  return out;
}

PodTerm pod_term_of(const core::PodAffinityTerm& message, int32_t weight = 0) {
  PodTerm term;
  term.topology_key = message.topologykey();
  term.pods = selector_of(message);
  term.pods.other_label_keys = strings(message.mismatchlabelkeys());
  term.namespaces = strings(message.namespaces());
  term.weight = weight;
  if (message.has_namespaceselector()) {
    auto namespaces = LabelSelector::from_message(message.namespaceselector());
    if (namespaces.ok()) term.namespace_selector = std::move(*namespaces);
  }
  return term;
}

void read_affinity(const core::Affinity& affinity, PodDemand* demand) {
  const auto& nodes = affinity.nodeaffinity();
  if (nodes.has_requiredduringschedulingignoredduringexecution()) {
    demand->has_affinity = true;
    for (const auto& term : nodes.requiredduringschedulingignoredduringexecution().nodeselectorterms()) {
      demand->affinity.push_back(term_of(term));
    }
  }
  for (const auto& preferred : nodes.preferredduringschedulingignoredduringexecution()) {
    demand->preferred_nodes.push_back(term_of(preferred.preference(), preferred.weight()));
  }
  const auto& near = affinity.podaffinity();
  const auto& apart = affinity.podantiaffinity();
  for (const auto& term : near.requiredduringschedulingignoredduringexecution()) {
    demand->pod_affinity.push_back(pod_term_of(term));
  }
  for (const auto& term : apart.requiredduringschedulingignoredduringexecution()) {
    demand->pod_anti_affinity.push_back(pod_term_of(term));
  }
  for (const auto& preferred : near.preferredduringschedulingignoredduringexecution()) {
    demand->preferred_pods.push_back(pod_term_of(preferred.podaffinityterm(), preferred.weight()));
  }
  for (const auto& preferred : apart.preferredduringschedulingignoredduringexecution()) {
    demand->preferred_pods.push_back(pod_term_of(preferred.podaffinityterm(), -preferred.weight()));
  }
}

SpreadConstraint constraint_of(const core::TopologySpreadConstraint& message) {
  SpreadConstraint out;
  out.topology_key = message.topologykey();
  out.max_skew = message.maxskew();
  out.hard = message.whenunsatisfiable() != "ScheduleAnyway";
  out.pods = selector_of(message);
  out.min_domains = message.has_mindomains() ? message.mindomains() : 1;
  out.honor_affinity = message.nodeaffinitypolicy() != "Ignore";
  out.honor_taints = message.nodetaintspolicy() == "Honor";
  return out;
}

void read_ports(const core::PodSpec& spec, PodDemand* demand) {
  const auto read = [&](const core::Container& container) {
    for (const auto& port : container.ports()) {
      if (port.hostport() == 0) continue;
      demand->host_ports.push_back({port.hostip().empty() ? kEveryAddress : port.hostip(),
                                    port.protocol().empty() ? "TCP" : port.protocol(), port.hostport()});
    }
  };
  for (const auto& container : spec.containers()) read(container);
  for (const auto& container : spec.initcontainers()) {
    if (container.restartpolicy() == "Always") read(container);
  }
  std::sort(demand->host_ports.begin(), demand->host_ports.end());
}

}  // namespace

bool PodSelector::operator==(const PodSelector& o) const {
  return nothing == o.nothing && same_label_keys == o.same_label_keys && other_label_keys == o.other_label_keys &&
         labels.text() == o.labels.text();
}

bool PodTerm::operator==(const PodTerm& o) const {
  return topology_key == o.topology_key && pods == o.pods && namespaces == o.namespaces && weight == o.weight &&
         namespace_selector.has_value() == o.namespace_selector.has_value() &&
         (!namespace_selector || namespace_selector->text() == o.namespace_selector->text());
}

PodDemand demand_of(const core::PodSpec& spec) {
  PodDemand demand;
  PodRequests requests = requests_of(spec);
  demand.cpu_milli = requests.amounts["cpu"];
  demand.memory_bytes = requests.amounts["memory"];
  demand.scored_cpu_milli = requests.scored_cpu_milli;
  demand.scored_memory_bytes = requests.scored_memory_bytes;
  for (const auto& [resource, amount] : requests.amounts) {
    if (resource != "cpu" && resource != "memory" && amount > 0) demand.other.emplace_back(resource, amount);
  }
  demand.priority = spec.priority();
  demand.may_preempt = spec.preemptionpolicy() != "Never";
  demand.gated = spec.schedulinggates_size() > 0;
  demand.scheduler_name = spec.schedulername().empty() ? "default-scheduler" : spec.schedulername();
  demand.node_selector.assign(spec.nodeselector().begin(), spec.nodeselector().end());
  std::sort(demand.node_selector.begin(), demand.node_selector.end());
  read_affinity(spec.affinity(), &demand);
  for (const auto& message : spec.tolerations()) {
    demand.tolerations.push_back({message.key(), message.operator_() == "Exists", message.value(), message.effect()});
  }
  for (const auto& message : spec.topologyspreadconstraints()) demand.spread.push_back(constraint_of(message));
  read_ports(spec, &demand);
  for (const auto& container : spec.containers()) demand.images.push_back(container.image());
  for (const auto& volume : spec.volumes()) {
    const auto& source = volume.volumesource();
    if (source.has_persistentvolumeclaim()) demand.claims.push_back(source.persistentvolumeclaim().claimname());
  }
  return demand;
}

namespace {

bool is_projected(std::string_view volume) {
  for (wire::Reader fields(volume); fields.next();) {
    if (fields.number() != kVolumeSource) continue;
    for (wire::Reader source(fields.bytes()); source.next();) {
      if (source.number() == kProjected) return true;
    }
  }
  return false;
}

/// The bytes of a spec without what differs from pod to pod of a template and bears on no placing: where it runs,
/// what it is called, and the volume of its account's token with its mounts, whose name is drawn.
void append_key(std::string_view spec, std::string* key) {
  for (wire::Reader fields(spec); fields.next();) {
    const int number = fields.number();
    if (number == kNodeName || number == kHostname) continue;
    if (number == kVolumes && is_projected(fields.bytes())) continue;
    if (number != kContainers && number != kInitContainers) {
      key->append(fields.field());
      continue;
    }
    wire::append_tag(number, wire::Type::bytes, key);
    for (wire::Reader container(fields.bytes()); container.next();) {
      if (container.number() != kVolumeMounts) key->append(container.field());
    }
    key->push_back('\0');  // no field begins so: containers stay apart
  }
}

}  // namespace

DemandPtr DemandCache::demand(std::string_view spec) {
  key_.clear();
  append_key(spec, &key_);
  auto it = by_key_.find(key_);
  if (it != by_key_.end()) return it->second;
  core::PodSpec parsed;
  if (!parsed.ParseFromArray(spec.data(), static_cast<int>(spec.size()))) return std::make_shared<const PodDemand>();
  auto demand = std::make_shared<const PodDemand>(demand_of(parsed));
  if (by_key_.size() >= kRememberedSpecs) by_key_.clear();
  by_key_.emplace(key_, demand);
  return demand;
}

}  // namespace kabuki::scheduler
