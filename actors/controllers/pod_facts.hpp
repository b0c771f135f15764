#pragma once

#include <cstdint>
#include <string_view>

#include "messages/object.hpp"

namespace kabuki::controllers {

/// What controllers ask of a pod again and again, read once from its bytes: 48 bytes instead of a parsed message.
struct PodFacts {
  enum class Phase : uint8_t { pending, unknown, running, succeeded, failed };
  Phase phase = Phase::pending;
  bool ready = false;
  bool deleting = false;
  bool bound = false;
  int32_t restarts = 0;       // the most of its containers
  int64_t created = 0;        // seconds since 1970
  int64_t ready_since = 0;    // seconds since 1970; 0 when not ready
  int32_t deletion_cost = 0;  // controller.kubernetes.io/pod-deletion-cost
  uint64_t labels_hash = 0;   // equal labels, equal hash
  bool operator==(const PodFacts&) const = default;

  bool over() const { return phase == Phase::succeeded || phase == Phase::failed; }
  /// Counts towards its set's replicas.
  bool active() const { return !over() && !deleting; }
};

PodFacts facts_of_pod(const Object& pod);
/// spec.nodeName, "" while it has none.
std::string_view node_of_pod(const Object& pod);

}  // namespace kabuki::controllers
