#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/kubelet/lifecycle/view.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::kubelet {

/// The annotation of a Node that puts it under pressure: `memory`, `disk`, `pid`, or a list of them.
inline constexpr std::string_view kPressureAnnotation = "sim.kabuki.io/pressure";
/// Kubernetes' hard eviction threshold memory.available.
inline constexpr int64_t kMemoryThreshold = int64_t{100} << 20;

/// Of what a node has too little.
struct Pressure {
  bool memory = false;
  bool disk = false;
  bool pids = false;
  bool any() const { return memory || disk || pids; }
  bool operator==(const Pressure&) const = default;
};
/// What the annotation says; words that mean nothing are left out.
Pressure read_pressure(std::string_view annotation);

/// A pod that may be evicted, with what it uses and requests of memory.
struct Candidate {
  std::string pod;  // `namespace/name`
  int32_t priority = 0;
  int64_t use = 0;
  int64_t request = 0;
  std::string consumers;  // its containers that use more than they request, as an eviction message lists them
};
/// The pod as a candidate at `now`: it runs on this node, and its recorded containers are what uses memory.
Candidate candidate_of(const PodView& pod, io::WallTime now);
/// Whether a kubelet never evicts or refuses it: its priority is a system's.
bool is_critical(const PodView& pod);

/// Who goes first: who uses more memory than it requests, then the lower priority, then who uses most beyond its
/// request; the name decides among equals. Without lack of memory the priority alone counts. Null: nobody is there.
/// Source: Kubernetes, eviction/helpers.go, rankMemoryPressure.
const Candidate* choose_victim(const std::vector<Candidate>& candidates, const Pressure& pressure);
/// Why it goes, in a kubelet's words. `available`: bytes of memory that are free.
std::string eviction_message(const Candidate& victim, const Pressure& pressure, int64_t available);

/// Why a node under pressure does not take a pod that comes to it; "": it does.
std::string why_refused(const PodView& pod, const Pressure& pressure);

}  // namespace kabuki::kubelet
