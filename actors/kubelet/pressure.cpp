#include "actors/kubelet/pressure.hpp"

#include <algorithm>
#include <tuple>

#include "actors/kubelet/lifecycle/container_id.hpp"
#include "actors/kubelet/runtime/resource_use.hpp"
#include "messages/pod_facts.hpp"

namespace kabuki::kubelet {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int32_t kCriticalPriority = 2'000'000'000;
constexpr const char* kMemoryTaint = "node.kubernetes.io/memory-pressure";

std::string kibibytes(int64_t bytes) { return bytes == 0 ? "0" : std::to_string(bytes >> 10) + "Ki"; }

}  // namespace

Pressure read_pressure(std::string_view annotation) {
  Pressure out;
  while (!annotation.empty()) {
    const size_t comma = annotation.find(',');
    std::string_view word = annotation.substr(0, comma);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    out.memory = out.memory || word == "memory";
    out.disk = out.disk || word == "disk";
    out.pids = out.pids || word == "pid";
    if (comma == std::string_view::npos) break;
    annotation.remove_prefix(comma + 1);
  }
  return out;
}

Candidate candidate_of(const PodView& pod, io::WallTime now) {
  Candidate out;
  out.pod = pod.ns() + "/" + pod.name();
  out.priority = pod.message->spec().priority();
  for (size_t i = 0; i < pod.containers.size(); ++i) {
    const auto& status = pod.message->status();
    for (const auto& recorded : statuses_of(pod, i, status)) {
      if (recorded.name() != pod.spec(i).name() || !recorded.state().has_running()) continue;
      const auto id = read_simulated_id(recorded.containerid());
      const int64_t started = id ? id->started_ns : recorded.state().running().startedat().seconds() * kSecond;
      const int64_t use = resource_use(pod, i, started, now.ns).memory_bytes;
      const int64_t request = requested(pod.spec(i), "memory", UseProfile::Unit::whole);
      out.use += use;
      out.request += request;
      if (use <= request) continue;
      out.consumers += "Container " + pod.spec(i).name() + " was using " + kibibytes(use) + ", request is " +
                       kibibytes(request) + ", has larger consumption of memory. ";
    }
  }
  return out;
}

bool is_critical(const PodView& pod) { return pod.message->spec().priority() >= kCriticalPriority; }

const Candidate* choose_victim(const std::vector<Candidate>& candidates, const Pressure& pressure) {
  const auto rank = [&](const Candidate& c) {
    const bool within = !pressure.memory || c.use <= c.request;
    const int64_t beyond = pressure.memory ? c.use - c.request : 0;
    return std::make_tuple(within, c.priority, -beyond, std::string_view(c.pod));
  };
  const auto first = std::min_element(candidates.begin(), candidates.end(),
                                      [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  return first == candidates.end() ? nullptr : &*first;
}

std::string eviction_message(const Candidate& victim, const Pressure& pressure, int64_t available) {
  if (!pressure.memory) {
    return std::string("The node was low on resource: ") + (pressure.disk ? "ephemeral-storage" : "pids") + ". ";
  }
  return "The node was low on resource: memory. Threshold quantity: 100Mi, available: " +
         kibibytes(std::max<int64_t>(available, 0)) + ". " + victim.consumers;
}

std::string why_refused(const PodView& pod, const Pressure& pressure) {
  if (!pressure.any() || is_critical(pod)) return {};
  if (pressure.memory && !pressure.disk && !pressure.pids) {
    // Pods that request memory are still let in; so is who says that it does not mind.
    if (qos_class(pod.message->spec()) != "BestEffort") return {};
    for (const auto& toleration : pod.message->spec().tolerations()) {
      const bool key =
          toleration.key() == kMemoryTaint || (toleration.key().empty() && toleration.operator_() == "Exists");
      if (key && (toleration.effect().empty() || toleration.effect() == "NoSchedule")) return {};
    }
  }
  std::string conditions;
  if (pressure.disk) conditions += "DiskPressure";
  if (pressure.memory) conditions += (conditions.empty() ? "" : " ") + std::string("MemoryPressure");
  if (pressure.pids) conditions += (conditions.empty() ? "" : " ") + std::string("PIDPressure");
  return "The node had condition: [" + conditions + "]. ";
}

}  // namespace kabuki::kubelet
