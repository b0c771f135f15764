#include "actors/kubelet/lifecycle/resize.hpp"

#include <algorithm>
#include <limits>
#include <string_view>
#include <tuple>

#include "actors/scheduler/pod_requests.hpp"
#include "messages/pod_facts.hpp"
#include "messages/quantity.hpp"

namespace kabuki::kubelet {
namespace {

using ContainerStatus = ::k8s::io::api::core::v1::ContainerStatus;
using Requirements = ::k8s::io::api::core::v1::ResourceRequirements;
using PodCondition = ::k8s::io::api::core::v1::PodCondition;

constexpr const char* kResizable[] = {"cpu", "memory"};

/// Init containers that end are not resized.
bool is_resizable(Role role) { return role == Role::main || role == Role::sidecar; }

const ContainerStatus* find_in(const PodView& pod, size_t container, const PodStatusMessage& status) {
  for (const ContainerStatus& one : statuses_of(pod, container, status)) {
    if (one.name() == pod.spec(container).name()) return &one;
  }
  return nullptr;
}

/// What is recorded of what the container has; null: nothing.
const ContainerStatus* recorded(const PodView& pod, size_t container) {
  const ContainerStatus* found = find_in(pod, container, pod.message->status());
  return found && found->has_resources() ? found : nullptr;
}

Requirements amounts_of(const Requirements& from) {
  Requirements out;
  *out.mutable_requests() = from.requests();
  *out.mutable_limits() = from.limits();
  return out;
}

/// As amounts: "1" is "1000m".
bool equal_amounts(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto x = Quantity::parse(a), y = Quantity::parse(b);
  return x.ok() && y.ok() && *x == *y;
}

template <class Amounts>
bool equal(const Amounts& a, const Amounts& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const auto& one) {
           const auto found = b.find(one.first);
           return found != b.end() && equal_amounts(found->second.string(), one.second.string());
         });
}

bool differs(const PodView& pod, size_t container) {
  const ContainerStatus* known = is_resizable(pod.role(container)) ? recorded(pod, container) : nullptr;
  return known && !same_resources(known->resources(), pod.spec(container).resources());
}

bool any_differs(const PodView& pod) {
  for (size_t i = 0; i < pod.mains_end; ++i) {
    if (differs(pod, i)) return true;
  }
  return false;
}

int64_t generation_of(const PodView& pod) { return pod.message->metadata().generation(); }

const ResizeVerdict* verdict_of(const PodView& pod, const PodState& state) {
  if (!state.rarely || state.rarely->resize.generation == 0) return nullptr;
  return state.rarely->resize.generation == generation_of(pod) ? &state.rarely->resize : nullptr;
}

bool is_granted(const PodView& pod, const PodState& state) {
  const ResizeVerdict* verdict = verdict_of(pod, state);
  return verdict && verdict->reason.empty();
}

template <class Amounts>
std::string amount(const Amounts& amounts, const char* resource) {
  const auto found = amounts.find(resource);
  return found == amounts.end() ? "" : found->second.string();
}

/// Whether a change from what it has to what its spec says needs another container.
bool needs_restart_for(const ContainerMessage& spec, const Requirements& has) {
  return std::any_of(std::begin(kResizable), std::end(kResizable), [&](const char* resource) {
    const bool changes =
        !equal_amounts(amount(spec.resources().requests(), resource), amount(has.requests(), resource)) ||
        !equal_amounts(amount(spec.resources().limits(), resource), amount(has.limits(), resource));
    return changes && std::any_of(spec.resizepolicy().begin(), spec.resizepolicy().end(), [&](const auto& policy) {
             return policy.resourcename() == resource && policy.restartpolicy() == "RestartContainer";
           });
  });
}

void add_condition(const PodView& pod, const char* type, const std::string& reason, const std::string& message,
                   io::WallTime now, PodStatusMessage* status) {
  PodCondition condition;
  condition.set_type(type);
  condition.set_status("True");
  condition.set_reason(reason);
  condition.set_message(message);
  condition.set_observedgeneration(generation_of(pod));
  condition.mutable_lasttransitiontime()->set_seconds(now.seconds());
  for (const PodCondition& before : pod.message->status().conditions()) {
    if (before.type() == type) *condition.mutable_lasttransitiontime() = before.lasttransitiontime();
  }
  *status->add_conditions() = condition;
}

Room room_of(const ::k8s::io::api::core::v1::PodSpec& spec) {
  const auto requests = scheduler::requests_of(spec);
  const auto of = [&](const char* resource) {
    const auto found = requests.amounts.find(resource);
    return found == requests.amounts.end() ? 0 : found->second;
  };
  return {of("cpu"), of("memory")};
}

std::string shortage(const char* resource, int64_t requested, int64_t capacity) {
  return std::string(resource) + ", requested: " + std::to_string(requested) +
         ", capacity: " + std::to_string(capacity);
}

std::string shortage(const char* resource, int64_t requested, int64_t used, int64_t capacity) {
  return "Node didn't have enough resource: " + std::string(resource) + ", requested: " + std::to_string(requested) +
         ", used: " + std::to_string(used) + ", capacity: " + std::to_string(capacity);
}

}  // namespace

bool same_resources(const Requirements& a, const Requirements& b) {
  return equal(a.requests(), b.requests()) && equal(a.limits(), b.limits());
}

bool same_allocation(const ContainerStatus& a, const ContainerStatus& b) {
  return equal(a.allocatedresources(), b.allocatedresources());
}

bool wants_resize(const PodView& pod, const PodState& state) {
  if (pod.deleted || state.over || generation_of(pod) == 0) return false;
  return !verdict_of(pod, state) && any_differs(pod);
}

bool resize_restarts(const PodView& pod, const PodState& state, size_t container) {
  if (!is_granted(pod, state) || !differs(pod, container)) return false;
  const ContainerStatus* known = recorded(pod, container);
  return known->containerid() == state.containers[container].id &&
         needs_restart_for(pod.spec(container), known->resources());
}

const Requirements& resources_in_force(const PodView& pod, size_t container) {
  return differs(pod, container) ? recorded(pod, container)->resources() : pod.spec(container).resources();
}

void tell_resources(const PodView& pod, const PodState& state, size_t container, bool running, ContainerStatus* out) {
  const ContainerMessage& spec = pod.spec(container);
  const ContainerStatus* known = is_resizable(pod.role(container)) ? recorded(pod, container) : nullptr;
  const bool stays = known && !is_granted(pod, state) && differs(pod, container);
  const Requirements& given = stays ? known->resources() : spec.resources();
  if (pod.role(container) == Role::ephemeral || (given.requests().empty() && given.limits().empty())) return;
  *out->mutable_allocatedresources() = stays ? known->allocatedresources() : given.requests();
  const bool to_restart = known && running && known->containerid() == out->containerid() && !stays &&
                          needs_restart_for(spec, known->resources());
  *out->mutable_resources() = amounts_of(to_restart ? known->resources() : given);
}

void tell_resize(const PodView& pod, const PodState& state, io::WallTime now, PodStatusMessage* status) {
  if (!any_differs(pod)) return;
  const ResizeVerdict* verdict = verdict_of(pod, state);
  if (!verdict) {
    // Until the node has answered it stays as it is.
    for (const PodCondition& before : pod.message->status().conditions()) {
      if (before.type() == kResizePending || before.type() == kResizeInProgress) *status->add_conditions() = before;
    }
    return;
  }
  if (!verdict->reason.empty())
    return add_condition(pod, kResizePending, verdict->reason, verdict->message, now, status);
  for (size_t i = 0; i < pod.mains_end; ++i) {
    if (!is_resizable(pod.role(i))) continue;
    const ContainerStatus* told = find_in(pod, i, *status);
    if (!told || !told->has_resources() || same_resources(told->resources(), pod.spec(i).resources())) continue;
    return add_condition(pod, kResizeInProgress, "", "", now, status);
  }
}

Room requested_room(const PodMessage& pod) { return room_of(pod.spec()); }

Room given_room(const PodMessage& pod) {
  const PodView view = view_of(pod);
  if (!any_differs(view)) return room_of(pod.spec());
  auto spec = pod.spec();
  for (size_t i = 0; i < view.mains_end; ++i) {
    if (!differs(view, i)) continue;
    auto* container = i < view.inits ? spec.mutable_initcontainers(static_cast<int>(i))
                                     : spec.mutable_containers(static_cast<int>(i - view.inits));
    *container->mutable_resources()->mutable_requests() = recorded(view, i)->allocatedresources();
  }
  return room_of(spec);
}

bool asks_for_resize(const PodMessage& pod) {
  const std::string& phase = pod.status().phase();
  return phase != "Succeeded" && phase != "Failed" && !pod.metadata().has_deletiontimestamp() &&
         any_differs(view_of(pod));
}

bool is_resized_before(const PodMessage& a, const PodMessage& b) {
  const auto rank = [](const PodMessage& pod) {
    const Room asked = requested_room(pod), given = given_room(pod);
    const bool grows = asked.cpu_milli > given.cpu_milli || asked.memory_bytes > given.memory_bytes;
    int64_t since = std::numeric_limits<int64_t>::max();
    for (const PodCondition& condition : pod.status().conditions()) {
      if (condition.type() == kResizePending) since = condition.lasttransitiontime().seconds();
    }
    // Who asks for nothing at all cannot be resized, so there are but two classes.
    return std::tuple(grows, -int64_t{pod.spec().priority()}, qos_class(pod.spec()) != "Guaranteed", since,
                      std::string_view(pod.metadata().namespace_()), std::string_view(pod.metadata().name()));
  };
  return rank(a) < rank(b);
}

ResizeVerdict judge_resize(const Room& requested, const Room& used, const Room& capacity) {
  ResizeVerdict out;
  const bool lacks_memory = requested.memory_bytes > capacity.memory_bytes;
  if (lacks_memory || requested.cpu_milli > capacity.cpu_milli) {
    out.reason = "Infeasible";
    out.message = "Node didn't have enough capacity: " +
                  (lacks_memory ? shortage("memory", requested.memory_bytes, capacity.memory_bytes)
                                : shortage("cpu", requested.cpu_milli, capacity.cpu_milli));
  } else if (requested.cpu_milli > capacity.cpu_milli - used.cpu_milli) {
    out.reason = "Deferred";
    out.message = shortage("cpu", requested.cpu_milli, used.cpu_milli, capacity.cpu_milli);
  } else if (requested.memory_bytes > capacity.memory_bytes - used.memory_bytes) {
    out.reason = "Deferred";
    out.message = shortage("memory", requested.memory_bytes, used.memory_bytes, capacity.memory_bytes);
  }
  return out;
}

}  // namespace kabuki::kubelet
