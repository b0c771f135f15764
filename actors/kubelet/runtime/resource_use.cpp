#include "actors/kubelet/runtime/resource_use.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "actors/kubelet/lifecycle/resize.hpp"
#include "actors/kubelet/runtime/behaviour.hpp"
#include "messages/hash.hpp"
#include "messages/quantity.hpp"

namespace kabuki::kubelet {
namespace {

using Unit = UseProfile::Unit;

constexpr const char* kCpu = "cpu";
constexpr const char* kMemory = "memory";
// Of a container that does not say what it uses.
constexpr int64_t kCpuPercent = 30;
constexpr int64_t kMemoryPercent = 60;
// Of one that does not even say what it requests: about what a sleeping process takes.
constexpr int64_t kIdleCpuMilli = 1;
constexpr int64_t kIdleMemoryBytes = int64_t{2} << 20;

template <class Resources>
int64_t amount(const Resources& resources, const char* resource, Unit unit) {
  const auto found = resources.find(resource);
  if (found == resources.end()) return 0;
  const auto quantity = Quantity::parse(found->second.string());
  if (!quantity.ok()) return 0;
  return unit == Unit::milli ? quantity->milli() : quantity->value();
}

UseProfile::Container container_of(const PodView& pod, size_t container, int64_t started_ns, const char* resource,
                                   Unit unit) {
  const ContainerMessage& spec = pod.spec(container);
  const auto& resources = resources_in_force(pod, container);
  const int64_t request = amount(resources.requests(), resource, unit);
  return {.seed = fnv1a_64(pod.uid() + "/" + spec.name() + "/" + resource),
          .started_ns = started_ns,
          .request = request > 0 ? request : amount(resources.limits(), resource, unit)};
}

UseProfile profile_of(const std::optional<UseProfile>& said, const UseProfile::Container& container, int64_t percent,
                      int64_t idle) {
  if (said) return *said;
  return container.request > 0 ? UseProfile::share(percent) : UseProfile::constant(idle);
}

struct Memory {
  UseProfile profile;
  UseProfile::Container container;
};

Memory memory_of(const Behaviour& behaviour, const PodView& pod, size_t container, int64_t started_ns) {
  const auto self = container_of(pod, container, started_ns, kMemory, Unit::whole);
  return {profile_of(behaviour.memory_use, self, kMemoryPercent, kIdleMemoryBytes), self};
}

}  // namespace

int64_t requested(const ContainerMessage& container, const char* resource, Unit unit) {
  return amount(container.resources().requests(), resource, unit);
}

int64_t limited(const ContainerMessage& container, const char* resource, Unit unit) {
  return amount(container.resources().limits(), resource, unit);
}

ResourceUse resource_use(const PodView& pod, size_t container, int64_t started_ns, int64_t now_ns) {
  const auto read = behaviour_of(pod, container);
  const Behaviour behaviour = read.ok() ? *read : Behaviour{};
  const auto cpu = container_of(pod, container, started_ns, kCpu, Unit::milli);
  const Memory memory = memory_of(behaviour, pod, container, started_ns);
  ResourceUse use;
  use.cpu_milli = profile_of(behaviour.cpu_use, cpu, kCpuPercent, kIdleCpuMilli).at(cpu, now_ns);
  if (const int64_t limit = amount(resources_in_force(pod, container).limits(), kCpu, Unit::milli); limit > 0) {
    use.cpu_milli = std::min(use.cpu_milli, limit);
  }
  use.memory_bytes = memory.profile.at(memory.container, now_ns);
  return use;
}

UseProfile::Crossing memory_over_limit(const PodView& pod, size_t container, int64_t started_ns, int64_t from_ns) {
  const UseProfile::Crossing never{false, std::numeric_limits<int64_t>::max()};
  const int64_t limit = amount(resources_in_force(pod, container).limits(), kMemory, Unit::whole);
  if (limit <= 0) return never;
  const auto behaviour = behaviour_of(pod, container);
  if (!behaviour.ok()) return never;
  const Memory memory = memory_of(*behaviour, pod, container, started_ns);
  return memory.profile.first_above(limit, memory.container, from_ns);
}

}  // namespace kabuki::kubelet
