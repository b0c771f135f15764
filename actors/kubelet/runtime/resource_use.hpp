#pragma once

#include <cstdint>

#include "actors/kubelet/lifecycle/view.hpp"
#include "actors/kubelet/runtime/use_profile.hpp"

namespace kabuki::kubelet {

/// What a running container uses at a moment.
struct ResourceUse {
  int64_t cpu_milli = 0;  // never above its limit: the kernel would throttle it
  int64_t memory_bytes = 0;
  bool operator==(const ResourceUse&) const = default;
};

/// The use of a simulated container, started at `started_ns`, at `now_ns`: a pure function of (pod uid, container,
/// its start, time), as the annotations `cpu-use` and `memory-use` say, and by default a share of what it requests.
/// Memory may be above the limit: what then happens is the runtime's affair. An annotation that is not understood
/// counts as absent.
ResourceUse resource_use(const PodView& pod, size_t container, int64_t started_ns, int64_t now_ns);

/// When, from `from_ns` on, the container's memory is above its limit; never where it has none. Where the crossing is
/// not found, ask again at its `at_ns`.
UseProfile::Crossing memory_over_limit(const PodView& pod, size_t container, int64_t started_ns, int64_t from_ns);

/// What a container asks for, or may use at most, of a resource; 0 where it says nothing.
int64_t requested(const ContainerMessage& container, const char* resource, UseProfile::Unit unit);
int64_t limited(const ContainerMessage& container, const char* resource, UseProfile::Unit unit);

}  // namespace kabuki::kubelet
