#include "actors/kubelet/node_pressure.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "actors/kubelet/limits.hpp"
#include "actors/kubelet/pod_objects.hpp"
#include "messages/bus/pods.pb.h"
#include "messages/field_scan.hpp"
#include "messages/quantity.hpp"

namespace kabuki::kubelet {
namespace {

constexpr std::string_view kMemoryUse = "memory-use";

bool says_memory_use(const Object& pod) {
  bool found = false;
  scan_string_map(pod.body(), paths::kAnnotations, [&](std::string_view key, std::string_view) {
    found = found || (key.starts_with("sim.kabuki.io/") && key.ends_with(kMemoryUse));
    return !found;
  });
  return found;
}

int64_t bytes_of(const NodeOptions& options, const std::string& resource) {
  const auto found = options.capacity.find(resource);
  const auto quantity = Quantity::parse(found == options.capacity.end() ? "0" : found->second);
  return quantity.ok() ? quantity->value() : 0;
}

}  // namespace

NodePressure::NodePressure(runtime::Actor& owner, const NodeOptions& options, const PodTable& pods,
                           std::function<void(const Pressure&)> report)
    : actor_(owner), pods_(pods), report_(std::move(report)), memory_(bytes_of(options, "memory")) {}

void NodePressure::take_node(const NodeMessage& node) {
  if (!std::exchange(has_node_, true)) {
    pressure_ = recorded_pressure(node);
    if (pressure_.any()) {
      report_(pressure_);
      look_later();
    }
  }
  const auto& annotations = node.metadata().annotations();
  const auto found = annotations.find(std::string(kPressureAnnotation));
  const Pressure said = found == annotations.end() ? Pressure{} : read_pressure(found->second);
  if (said == annotated_) return;
  annotated_ = said;
  look_later();
}

void NodePressure::pod_changed(const std::string& name, const ObjectPtr& pod) {
  if (pod && says_memory_use(*pod)) {
    if (users_.insert(name).second) look_later();
  } else if (!users_.empty()) {
    users_.erase(name);
  }
}

void NodePressure::admit(const std::string& name, const ObjectPtr& pod) {
  if (!pressure_.any()) return;
  const PodMessage message = pod->as<PodMessage>();
  if (message.status().has_starttime()) return;
  std::string why = why_refused(view_of(message), pressure_);
  if (!why.empty()) evict(name, std::move(why));
}

void NodePressure::look_later() {
  if (look_set_) return;
  look_set_ = true;
  actor_.after(limits::kPressurePeriod, [this] {
    look_set_ = false;
    look();
  });
}

void NodePressure::look() {
  std::vector<Candidate> candidates;
  int64_t used = 0;
  if (has_to_look()) {
    for (const auto& [name, entry] : pods_.all()) {
      if (!entry.pod || !entry.running) continue;
      const PodMessage message = entry.pod->as<PodMessage>();
      const PodView view = view_of(message);
      const std::string& phase = message.status().phase();
      if (phase == "Succeeded" || phase == "Failed") continue;
      Candidate candidate = candidate_of(view, actor_.now());
      used += candidate.use;
      if (!view.deleted && !is_critical(view)) candidates.push_back(std::move(candidate));
    }
  }
  int64_t available = memory_ - used;
  // What the annotation simulates is use by others.
  if (annotated_.memory) available = std::min(available, kMemoryThreshold / 2);
  Pressure now = annotated_;
  now.memory = available < kMemoryThreshold;
  if (now != pressure_) report_(pressure_ = now);
  if (pressure_.any()) {
    if (const Candidate* victim = choose_victim(candidates, pressure_)) {
      evict(victim->pod, eviction_message(*victim, pressure_, available));
    }
  }
  if (has_to_look()) look_later();
}

void NodePressure::evict(const std::string& pod, std::string why) {
  bus::EvictPod request;
  request.set_why(std::move(why));
  actor_.tell({actor_.name() + "/pods/" + pod}, runtime::make_message(std::move(request)));
}

}  // namespace kabuki::kubelet
