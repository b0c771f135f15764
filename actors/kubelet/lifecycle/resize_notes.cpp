#include "actors/kubelet/lifecycle/resize_notes.hpp"

#include <string>
#include <string_view>

#include "actors/kubelet/lifecycle/resize.hpp"
#include "messages/json.hpp"

namespace kabuki::kubelet {
namespace {

using ContainerStatus = ::k8s::io::api::core::v1::ContainerStatus;
using PodCondition = ::k8s::io::api::core::v1::PodCondition;

const PodCondition* find(const PodStatusMessage& status, std::string_view type) {
  for (const PodCondition& condition : status.conditions()) {
    if (condition.type() == type) return &condition;
  }
  return nullptr;
}

const ContainerStatus* find(const PodView& pod, size_t container, const PodStatusMessage& status) {
  for (const ContainerStatus& one : statuses_of(pod, container, status)) {
    if (one.name() == pod.spec(container).name()) return one.has_resources() ? &one : nullptr;
  }
  return nullptr;
}

void add_containers(const PodView& pod, size_t from, size_t to, const char* list, std::string* out) {
  if (from == to) return;
  *out += '"' + std::string(list) + "\":[";
  for (size_t i = from; i < to; ++i) {
    *out += i == from ? "{\"name\":" : ",{\"name\":";
    append_json_string(pod.spec(i).name(), out);
    *out += ",\"resources\":";
    encode_json(pod.spec(i).resources(), out);
    *out += '}';
  }
  *out += "],";
}

/// What all containers are to have, as Kubernetes tells it.
std::string message(const PodView& pod, std::string_view what, std::string_view error = {}) {
  std::string out = "Pod resize " + std::string(what) + ": {";
  add_containers(pod, 0, pod.inits, "initContainers", &out);
  add_containers(pod, pod.inits, pod.mains_end, "containers", &out);
  out += "\"generation\":" + std::to_string(pod.message->metadata().generation());
  if (!error.empty()) {
    out += ",\"error\":";
    append_json_string(error, &out);
  }
  return out + '}';
}

bool same_answer(const PodCondition* before, const PodCondition& next) {
  return before && before->reason() == next.reason() && before->message() == next.message() &&
         before->observedgeneration() == next.observedgeneration();
}

}  // namespace

std::vector<Note> resize_notes(const PodView& pod, const PodStatusMessage& next) {
  const PodStatusMessage& before = pod.message->status();
  if (const PodCondition* pending = find(next, kResizePending)) {
    if (same_answer(find(before, kResizePending), *pending)) return {};
    return {{true, "Resize" + pending->reason(), message(pod, pending->reason(), pending->message()), ""}};
  }
  bool changed = false;    // somebody was granted or has got something else
  bool completed = false;  // somebody has got what it was granted
  bool missing = false;    // somebody has not yet
  for (size_t i = 0; i < pod.mains_end; ++i) {
    const ContainerStatus* was = find(pod, i, before);
    const ContainerStatus* is = find(pod, i, next);
    if (!was || !is) continue;
    const bool got = !same_resources(was->resources(), is->resources());
    completed = completed || got;
    changed = changed || got || !same_allocation(*was, *is);
    missing = missing || !same_resources(is->resources(), pod.spec(i).resources());
  }
  const PodCondition* progress = find(next, kResizeInProgress);
  const PodCondition* told = find(before, kResizeInProgress);
  const bool was_told = told && told->observedgeneration() == pod.message->metadata().generation();
  const bool is_new = progress && !(told && told->observedgeneration() == progress->observedgeneration());
  std::vector<Note> notes;
  if (!was_told && (changed || is_new)) notes.push_back({false, "ResizeStarted", message(pod, "started"), ""});
  if (completed && !missing) notes.push_back({false, "ResizeCompleted", message(pod, "completed"), ""});
  return notes;
}

}  // namespace kabuki::kubelet
