#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "actors/controllers/node_lifecycle.hpp"

namespace kabuki::controllers {

/// What of a node decides about the pace at which pods are driven from its zone; read from its bytes.
struct ZoneNode {
  enum class Ready : uint8_t { none, yes, no, unknown };

  std::string zone;  // region and zone
  Ready ready = Ready::none;
  int64_t ready_since = 0;    // seconds
  bool tainted = false;       // not-ready or unreachable, NoExecute
  int64_t tainted_since = 0;  // seconds, the last one
  bool counts = true;         // not excluded from the judgement of disruptions

  static ZoneNode of(const Object& node);
  bool operator==(const ZoneNode&) const = default;
};

/// How much of a zone is lost.
enum class ZoneState : uint8_t { normal, partial_disruption, full_disruption };
ZoneState judge_zone(int ready, int not_ready, double unhealthy_threshold);

/// The key under which `reconcile_node_zones` runs: one for all nodes, so that the write barrier keeps the pace.
Key node_zones_key();

/// Gives nodes that are not ready, or silent, the taint NoExecute, in each zone one at a time and no faster than the
/// zone's state allows: those that have waited longest first. While every zone is lost, which tells more of the
/// control plane than of the nodes, those taints are taken back. The pace follows from the taints that are there: one
/// that was taken back is forgotten. Source: Kubernetes' node lifecycle controller.
Plan reconcile_node_zones(const View& view, const NodeLifecycleOptions& options, const Instant& now);

}  // namespace kabuki::controllers
