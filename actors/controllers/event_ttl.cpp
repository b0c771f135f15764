#include "actors/controllers/event_ttl.hpp"

#include <algorithm>

#include "messages/api/core/v1/event.pb.h"
#include "messages/field_scan.hpp"

namespace kabuki::controllers {
namespace {

using ::k8s::io::api::core::v1::Event;

constexpr int kCreated[] = {1, 8, 1};
constexpr int kLastSeen[] = {Event::kLastTimestampFieldNumber, 1};
constexpr int kEventTime[] = {Event::kEventTimeFieldNumber, 1};
constexpr size_t kDeletesPerPlan = 500;
constexpr io::Duration kEvery = std::chrono::minutes(1);

int64_t last_seen(const Object& event) {
  uint64_t seconds = 0;
  for (std::span<const int> path :
       {std::span<const int>(kCreated), std::span<const int>(kLastSeen), std::span<const int>(kEventTime)}) {
    seconds = std::max(seconds, scan_varint(event.body(), path).value_or(0));
  }
  return static_cast<int64_t>(seconds);
}

}  // namespace

Plan reconcile_event_ttl(const View& view, io::Duration life, const Instant& now) {
  Plan plan;
  for (const ObjectPtr& event : view.all(kinds::kEvent)) {
    if (io::WallTime{last_seen(*event) * 1'000'000'000} + life > now.wall) continue;
    plan.add(actors::Write::remove(*event));
    if (plan.steps.size() == kDeletesPerPlan) break;
  }
  plan.again(kEvery);
  return plan;
}

Controller event_ttl_controller(io::Duration life) {
  Controller controller;
  controller.name = "event-ttl-controller";
  controller.watches = {kinds::kEvent};
  controller.concerns = [](const View&, const Change&, std::vector<Key>*) {};
  controller.reconcile = [life](const View& view, const Key&, const Instant& now) {
    return reconcile_event_ttl(view, life, now);
  };
  controller.at_start = {{kinds::kEvent, "", ""}};
  return controller;
}

}  // namespace kabuki::controllers
