#include "actors/kubelet/node_room.hpp"

#include <algorithm>

#include "messages/quantity.hpp"

namespace kabuki::kubelet {
namespace {

std::string name_of(const Object& pod) { return std::string(pod.ns()) + "/" + std::string(pod.name()); }

Quantity amount(const NodeOptions& options, const char* resource) {
  const auto found = options.capacity.find(resource);
  const auto quantity = Quantity::parse(found == options.capacity.end() ? "0" : found->second);
  return quantity.ok() ? *quantity : Quantity();
}

}  // namespace

NodeRoom::NodeRoom(const NodeOptions& options, const PodTable& pods)
    : pods_(pods), capacity_{amount(options, "cpu").milli(), amount(options, "memory").value()} {}

Room NodeRoom::used_by_others(const std::string& name) {
  std::erase_if(granted_, [&](const auto& one) {
    const auto* entry = pods_.find(one.first);
    return !entry || !entry->pod || entry->pod->uid() != one.second.uid;
  });
  Room used;
  for (const auto& [other, entry] : pods_.all()) {
    if (other == name || !entry.pod) continue;
    const auto pod = entry.pod->as<PodMessage>();
    if (pod.status().phase() == "Succeeded" || pod.status().phase() == "Failed") continue;
    Room room = given_room(pod);
    const auto granted = granted_.find(other);
    if (granted != granted_.end() && pod.status().observedgeneration() <= granted->second.generation) {
      room.cpu_milli = std::max(room.cpu_milli, granted->second.room.cpu_milli);
      room.memory_bytes = std::max(room.memory_bytes, granted->second.room.memory_bytes);
    }
    used.cpu_milli += room.cpu_milli;
    used.memory_bytes += room.memory_bytes;
  }
  return used;
}

ResizeVerdict NodeRoom::judge(const Object& object) {
  const auto pod = object.as<PodMessage>();
  const std::string name = name_of(object);
  const Room requested = requested_room(pod);
  ResizeVerdict verdict = judge_resize(requested, used_by_others(name), capacity_);
  verdict.generation = pod.metadata().generation();
  if (verdict.reason.empty()) granted_[name] = {std::string(object.uid()), verdict.generation, requested};
  return verdict;
}

}  // namespace kabuki::kubelet
