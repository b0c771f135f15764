#include "actors/kubelet/node_room.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "messages/quantity.hpp"

namespace kabuki::kubelet {
namespace {

std::string name_of(const Object& pod) { return std::string(pod.ns()) + "/" + std::string(pod.name()); }

Room operator+(const Room& a, const Room& b) { return {a.cpu_milli + b.cpu_milli, a.memory_bytes + b.memory_bytes}; }

Room operator-(const Room& a, const Room& b) { return {a.cpu_milli - b.cpu_milli, a.memory_bytes - b.memory_bytes}; }

Quantity amount(const NodeOptions& options, const char* resource) {
  const auto found = options.capacity.find(resource);
  const auto quantity = Quantity::parse(found == options.capacity.end() ? "0" : found->second);
  return quantity.ok() ? *quantity : Quantity();
}

}  // namespace

NodeRoom::NodeRoom(const NodeOptions& options, const PodTable& pods)
    : pods_(pods), capacity_{amount(options, "cpu").milli(), amount(options, "memory").value()} {}

void NodeRoom::forget_gone() {
  std::erase_if(granted_, [&](const auto& one) {
    const auto* entry = pods_.find(one.first);
    return !entry || !entry->pod || entry->pod->uid() != one.second.uid;
  });
}

Room NodeRoom::held(const std::string& name, const PodMessage& pod) const {
  Room room = given_room(pod);
  const auto granted = granted_.find(name);
  if (granted != granted_.end() && pod.status().observedgeneration() <= granted->second.generation) {
    room.cpu_milli = std::max(room.cpu_milli, granted->second.room.cpu_milli);
    room.memory_bytes = std::max(room.memory_bytes, granted->second.room.memory_bytes);
  }
  return room;
}

ResizeVerdict NodeRoom::try_for(const std::string& name, const PodMessage& pod, const Room& used) {
  const Room requested = requested_room(pod);
  ResizeVerdict verdict = judge_resize(requested, used, capacity_);
  verdict.generation = pod.metadata().generation();
  if (verdict.reason.empty()) granted_[name] = {pod.metadata().uid(), verdict.generation, requested};
  return verdict;
}

ResizeVerdict NodeRoom::judge(const Object& object) {
  forget_gone();
  const auto pod = object.as<PodMessage>();
  const std::string name = name_of(object);
  Room used;  // by all others
  std::vector<std::pair<std::string, PodMessage>> ahead;
  for (const auto& [other, entry] : pods_.all()) {
    if (other == name || !entry.pod) continue;
    auto message = entry.pod->as<PodMessage>();
    if (message.status().phase() == "Succeeded" || message.status().phase() == "Failed") continue;
    used = used + held(other, message);
    if (asks_for_resize(message) && is_resized_before(message, pod)) ahead.emplace_back(other, std::move(message));
  }
  std::sort(ahead.begin(), ahead.end(),
            [](const auto& a, const auto& b) { return is_resized_before(a.second, b.second); });
  const Room own = held(name, pod);
  for (const auto& [other, message] : ahead) {
    const Room before = held(other, message);
    if (try_for(other, message, used + own - before).reason.empty()) used = used + held(other, message) - before;
  }
  return try_for(name, pod, used);
}

}  // namespace kabuki::kubelet
