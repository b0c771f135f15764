#include "actors/controllers/node_zones.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

#include "actors/controllers/owned_pods.hpp"
#include "messages/api/core/v1/node.pb.h"
#include "messages/field_scan.hpp"
#include "messages/meta.hpp"
#include "messages/wire.hpp"

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;
using actors::Write;

constexpr int kSpec[] = {2};
constexpr int kStatus[] = {3};
constexpr int kSeconds[] = {core::NodeCondition::kLastTransitionTimeFieldNumber, 1};
constexpr int kAdded[] = {core::Taint::kTimeAddedFieldNumber, 1};
/// Of partly lost zones that only lose more if more than two nodes are not ready.
constexpr int kFewNotReady = 2;

std::string_view text_in(std::string_view body, int number) {
  const int path[] = {number};
  return scan_bytes(body, path);
}

ZoneNode::Ready ready_of(std::string_view status) {
  if (status == "True") return ZoneNode::Ready::yes;
  return status == "False" ? ZoneNode::Ready::no : ZoneNode::Ready::unknown;
}

bool is_ours(std::string_view key) { return key == taints::kNotReady || key == taints::kUnreachable; }

struct Waiting {
  int64_t since = 0;
  ObjectPtr node;
};

struct Zone {
  int ready = 0, not_ready = 0, nodes = 0;
  int64_t last = INT64_MIN;  // when a node of it was tainted
  std::vector<Waiting> waiting;
  std::vector<ObjectPtr> tainted;
};

std::map<std::string, Zone> survey(const View& view, const Instant& now) {
  std::map<std::string, Zone> zones;
  for (const ObjectPtr& object : view.all(kinds::kNode)) {
    const ZoneNode node = ZoneNode::of(*object);
    Zone& zone = zones[node.zone];
    ++zone.nodes;
    if (node.counts) ++(node.ready == ZoneNode::Ready::yes ? zone.ready : zone.not_ready);
    if (node.tainted) {
      zone.tainted.push_back(object);
      // What lies ahead was written by another clock.
      if (node.tainted_since <= now.wall.seconds()) zone.last = std::max(zone.last, node.tainted_since);
    } else if (node.ready == ZoneNode::Ready::no || node.ready == ZoneNode::Ready::unknown) {
      zone.waiting.push_back({node.ready_since, object});
    }
  }
  return zones;
}

Write with_taint(const ObjectPtr& object, const Instant& now) {
  auto node = object->as<core::Node>();
  auto* taint = node.mutable_spec()->add_taints();
  const bool silent = ZoneNode::of(*object).ready == ZoneNode::Ready::unknown;
  taint->set_key(silent ? taints::kUnreachable : taints::kNotReady);
  taint->set_effect(taints::kNoExecute);
  *taint->mutable_timeadded() = time_of(now.wall.ns);
  return Write::update(*object, node);
}

Write without_taints(const ObjectPtr& object) {
  auto node = object->as<core::Node>();
  auto* all = node.mutable_spec()->mutable_taints();
  all->erase(
      std::remove_if(all->begin(), all->end(),
                     [](const auto& taint) { return taint.effect() == taints::kNoExecute && is_ours(taint.key()); }),
      all->end());
  return Write::update(*object, node);
}

/// How long there is between two nodes of the zone; 0: none is touched.
io::Duration pace(const Zone& zone, ZoneState state, const NodeLifecycleOptions& options) {
  if (state != ZoneState::partial_disruption) return options.taint_every;
  return zone.nodes > options.large_zone ? options.taint_every_when_disrupted : io::Duration(0);
}

void taint_next(const Zone& zone, io::Duration every, const Instant& now, Plan* plan) {
  if (zone.waiting.empty() || every == io::Duration(0)) return;
  const io::Duration left =
      zone.last == INT64_MIN ? io::Duration(0) : io::WallTime{zone.last * 1'000'000'000} + every - now.wall;
  if (left > io::Duration(0)) return plan->again(left);
  const auto first =
      std::min_element(zone.waiting.begin(), zone.waiting.end(), [](const Waiting& a, const Waiting& b) {
        return std::tuple(a.since, a.node->name()) < std::tuple(b.since, b.node->name());
      });
  plan->add(with_taint(first->node, now));
}

}  // namespace

ZoneNode ZoneNode::of(const Object& node) {
  ZoneNode out;
  for (wire::Reader status(scan_bytes(node.body(), kStatus)); status.next();) {
    if (status.number() != core::NodeStatus::kConditionsFieldNumber) continue;
    if (text_in(status.bytes(), core::NodeCondition::kTypeFieldNumber) != "Ready") continue;
    out.ready = ready_of(text_in(status.bytes(), core::NodeCondition::kStatusFieldNumber));
    out.ready_since = static_cast<int64_t>(scan_varint(status.bytes(), kSeconds).value_or(0));
  }
  for (wire::Reader spec(scan_bytes(node.body(), kSpec)); spec.next();) {
    if (spec.number() != core::NodeSpec::kTaintsFieldNumber) continue;
    if (text_in(spec.bytes(), core::Taint::kEffectFieldNumber) != taints::kNoExecute) continue;
    if (!is_ours(text_in(spec.bytes(), core::Taint::kKeyFieldNumber))) continue;
    out.tainted = true;
    out.tainted_since =
        std::max(out.tainted_since, static_cast<int64_t>(scan_varint(spec.bytes(), kAdded).value_or(0)));
  }
  std::string region, zone;
  scan_string_map(node.body(), paths::kLabels, [&](std::string_view key, std::string_view value) {
    if (key == "topology.kubernetes.io/region") region = value;
    if (key == "topology.kubernetes.io/zone") zone = value;
    if (key == "node.kubernetes.io/exclude-disruption") out.counts = false;
    return true;
  });
  out.zone = region + ":" + zone;
  return out;
}

ZoneState judge_zone(int ready, int not_ready, double unhealthy_threshold) {
  if (ready == 0 && not_ready > 0) return ZoneState::full_disruption;
  const double share = ready + not_ready == 0 ? 0 : static_cast<double>(not_ready) / (ready + not_ready);
  if (not_ready > kFewNotReady && share >= unhealthy_threshold) return ZoneState::partial_disruption;
  return ZoneState::normal;
}

Key node_zones_key() { return {kinds::kNode, "", ""}; }

Plan reconcile_node_zones(const View& view, const NodeLifecycleOptions& options, const Instant& now) {
  Plan plan;
  const auto zones = survey(view, now);
  std::map<std::string, ZoneState> states;
  for (const auto& [name, zone] : zones) {
    states[name] = judge_zone(zone.ready, zone.not_ready, options.unhealthy_threshold);
  }
  const bool all_lost = std::all_of(states.begin(), states.end(),
                                    [](const auto& one) { return one.second == ZoneState::full_disruption; });
  for (const auto& [name, zone] : zones) {
    if (all_lost) {
      for (const ObjectPtr& node : zone.tainted) plan.add(without_taints(node));
    } else {
      taint_next(zone, pace(zone, states[name], options), now, &plan);
    }
  }
  return plan;
}

}  // namespace kabuki::controllers
