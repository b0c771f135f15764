#include "actors/scheduler/resized_pod.hpp"

#include <string_view>
#include <utility>

#include "messages/api/core/v1/pod.pb.h"
#include "messages/field_scan.hpp"
#include "messages/quantity.hpp"

namespace kabuki::scheduler {
namespace {

namespace core = ::k8s::io::api::core::v1;

constexpr int kGeneration[] = {1, 7};
constexpr int kStatus[] = {3};
constexpr const char* kPending = "PodResizePending";

/// Cheap, for every pod is asked: nobody has changed the spec of one in its first generation, and a deletion counts
/// as the next.
bool may_be_resized(const Object& pod) {
  if (scan_varint(pod.body(), kGeneration).value_or(0) < 2) return false;
  return scan_bytes(pod.body(), paths::kDeletionTimestamp).empty() ||
         scan_bytes(pod.body(), kStatus).find("PodResize") != std::string_view::npos;
}

bool is_infeasible(const core::Pod& pod) {
  for (const auto& condition : pod.status().conditions()) {
    if (condition.type() == kPending && condition.reason() == "Infeasible") return true;
  }
  return false;
}

template <class Amounts>
void raise_to(const Amounts& amounts, Amounts* to) {
  for (const auto& [resource, amount] : amounts) {
    const auto more = Quantity::parse(amount.string()), has = Quantity::parse((*to)[resource].string());
    if (more.ok() && (!has.ok() || *has < *more)) (*to)[resource] = amount;
  }
}

template <class Statuses>
void count(const Statuses& statuses, bool infeasible, core::Container* container) {
  for (const auto& status : statuses) {
    if (status.name() != container->name() || !status.has_resources()) continue;
    auto* requests = container->mutable_resources()->mutable_requests();
    if (infeasible) requests->clear();
    raise_to(status.allocatedresources(), requests);
    raise_to(status.resources().requests(), requests);
  }
}

}  // namespace

DemandPtr demand_while_resized(const Object& object, const DemandPtr& of_spec) {
  if (!may_be_resized(object)) return of_spec;
  core::Pod pod;
  if (!object.parse(&pod).ok()) return of_spec;
  const bool infeasible = is_infeasible(pod);
  for (auto& container : *pod.mutable_spec()->mutable_containers()) {
    count(pod.status().containerstatuses(), infeasible, &container);
  }
  for (auto& container : *pod.mutable_spec()->mutable_initcontainers()) {
    if (container.restartpolicy() == "Always") count(pod.status().initcontainerstatuses(), infeasible, &container);
  }
  PodDemand demand = demand_of(pod.spec());
  return demand == *of_spec ? of_spec : std::make_shared<const PodDemand>(std::move(demand));
}

}  // namespace kabuki::scheduler
