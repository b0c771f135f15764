#include "actors/scheduler/pod_demand.hpp"

#include <algorithm>

#include "messages/api/core/v1/pod_template.pb.h"
#include "messages/quantity.hpp"
#include "messages/wire.hpp"

namespace kabuki::scheduler {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr int64_t kDefaultScoredCpuMilli = 100;
constexpr int64_t kDefaultScoredMemoryBytes = 200 * 1024 * 1024;
constexpr size_t kRememberedSpecs = 4096;
constexpr int kNodeNameField = 10;

using Requests = google::protobuf::Map<std::string, ::k8s::io::apimachinery::pkg::api::resource::Quantity>;

struct Amounts {
  int64_t cpu = 0;
  int64_t memory = 0;
  int64_t scored_cpu = 0;
  int64_t scored_memory = 0;

  void add(const Amounts& o) {
    cpu += o.cpu;
    memory += o.memory;
    scored_cpu += o.scored_cpu;
    scored_memory += o.scored_memory;
  }
  void raise_to(const Amounts& o) {
    cpu = std::max(cpu, o.cpu);
    memory = std::max(memory, o.memory);
    scored_cpu = std::max(scored_cpu, o.scored_cpu);
    scored_memory = std::max(scored_memory, o.scored_memory);
  }
};

std::optional<Quantity> find(const Requests& requests, const char* resource) {
  auto it = requests.find(resource);
  if (it == requests.end()) return std::nullopt;
  auto quantity = Quantity::parse(it->second.string());
  return quantity.ok() ? std::optional(*quantity) : std::nullopt;
}

Amounts amounts_of(const Requests& requests, int64_t default_cpu, int64_t default_memory) {
  const auto cpu = find(requests, "cpu");
  const auto memory = find(requests, "memory");
  Amounts amounts;
  amounts.cpu = cpu ? cpu->milli() : 0;
  amounts.memory = memory ? memory->value() : 0;
  amounts.scored_cpu = cpu ? amounts.cpu : default_cpu;
  amounts.scored_memory = memory ? amounts.memory : default_memory;
  return amounts;
}

Amounts amounts_of(const core::Container& container) {
  return amounts_of(container.resources().requests(), kDefaultScoredCpuMilli, kDefaultScoredMemoryBytes);
}

Amounts total(const core::PodSpec& spec) {
  Amounts running, sidecars, starting;
  for (const auto& container : spec.containers()) running.add(amounts_of(container));
  for (const auto& container : spec.initcontainers()) {
    Amounts amounts = amounts_of(container);
    if (container.restartpolicy() == "Always") {
      running.add(amounts);
      sidecars.add(amounts);
      starting.raise_to(sidecars);
    } else {
      amounts.add(sidecars);
      starting.raise_to(amounts);
    }
  }
  running.raise_to(starting);
  if (spec.has_resources()) {
    const auto& whole = spec.resources().requests();
    if (const auto cpu = find(whole, "cpu")) running.cpu = running.scored_cpu = cpu->milli();
    if (const auto memory = find(whole, "memory")) running.memory = running.scored_memory = memory->value();
  }
  running.add(amounts_of(spec.overhead(), 0, 0));
  return running;
}

NodeRequirement requirement_of(const core::NodeSelectorRequirement& message) {
  using Operator = NodeRequirement::Operator;
  NodeRequirement requirement;
  requirement.key = message.key();
  requirement.values.assign(message.values().begin(), message.values().end());
  const std::string& op = message.operator_();
  requirement.op = op == "NotIn"          ? Operator::not_in
                   : op == "Exists"       ? Operator::exists
                   : op == "DoesNotExist" ? Operator::does_not_exist
                   : op == "Gt"           ? Operator::greater
                   : op == "Lt"           ? Operator::less
                                          : Operator::in;
  return requirement;
}

void read_affinity(const core::PodSpec& spec, PodDemand* demand) {
  const auto& affinity = spec.affinity().nodeaffinity();
  if (!affinity.has_requiredduringschedulingignoredduringexecution()) return;
  demand->has_affinity = true;
  for (const auto& message : affinity.requiredduringschedulingignoredduringexecution().nodeselectorterms()) {
    NodeTerm term;
    for (const auto& expression : message.matchexpressions()) term.labels.push_back(requirement_of(expression));
    for (const auto& field : message.matchfields()) term.fields.push_back(requirement_of(field));
    demand->affinity.push_back(std::move(term));
  }
}

}  // namespace

PodDemand demand_of(const core::PodSpec& spec) {
  PodDemand demand;
  const Amounts amounts = total(spec);
  demand.cpu_milli = amounts.cpu;
  demand.memory_bytes = amounts.memory;
  demand.scored_cpu_milli = amounts.scored_cpu;
  demand.scored_memory_bytes = amounts.scored_memory;
  demand.priority = spec.priority();
  demand.may_preempt = spec.preemptionpolicy() != "Never";
  demand.gated = spec.schedulinggates_size() > 0;
  demand.scheduler_name = spec.schedulername().empty() ? "default-scheduler" : spec.schedulername();
  demand.node_selector.assign(spec.nodeselector().begin(), spec.nodeselector().end());
  std::sort(demand.node_selector.begin(), demand.node_selector.end());
  read_affinity(spec, &demand);
  for (const auto& message : spec.tolerations()) {
    demand.tolerations.push_back({message.key(), message.operator_() == "Exists", message.value(), message.effect()});
  }
  return demand;
}

DemandPtr DemandCache::demand(std::string_view spec) {
  stripped_.clear();
  wire::Reader reader(spec);
  while (reader.next()) {
    if (reader.number() != kNodeNameField) stripped_.append(reader.field());
  }
  auto it = by_spec_.find(stripped_);
  if (it != by_spec_.end()) return it->second;
  core::PodSpec parsed;
  if (!parsed.ParseFromArray(stripped_.data(), static_cast<int>(stripped_.size()))) parsed.Clear();
  auto demand = std::make_shared<const PodDemand>(demand_of(parsed));
  if (by_spec_.size() >= kRememberedSpecs) by_spec_.clear();
  by_spec_.emplace(stripped_, demand);
  return demand;
}

}  // namespace kabuki::scheduler
