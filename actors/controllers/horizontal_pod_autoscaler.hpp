#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/controllers/autoscaler_limits.hpp"
#include "actors/controllers/autoscaler_replicas.hpp"
#include "actors/controllers/plan.hpp"
#include "actors/event_recorder.hpp"
#include "messages/api/autoscaling/v2/horizontal_pod_autoscaler.pb.h"
#include "messages/bus/metrics.pb.h"
#include "messages/result.hpp"

namespace kabuki::controllers {

using AutoscalerMessage = ::k8s::io::api::autoscaling::v2::HorizontalPodAutoscaler;
using AutoscalerStatus = ::k8s::io::api::autoscaling::v2::HorizontalPodAutoscalerStatus;

struct AutoscalerOptions {
  /// How often each autoscaler decides.
  io::Duration period = std::chrono::seconds(15);
  io::Duration downscale_stabilization = std::chrono::minutes(5);
  io::Duration cpu_initialization = std::chrono::minutes(5);
  io::Duration initial_readiness = std::chrono::seconds(30);
  double tolerance = 0.1;
};

/// The scale of what an autoscaler scales.
struct ScaleFacts {
  int32_t wanted = 0;    // spec.replicas
  std::string selector;  // as text
};

/// All that a decision is made on.
struct AutoscalerView {
  AutoscalerMessage object;
  Result<ScaleFacts> scale = ScaleFacts();
  std::vector<PodMessage> pods;                // of the namespace that the selector selects
  Result<bus::PodUses> uses = bus::PodUses();  // theirs
  /// Autoscalers, this one among them, whose selectors select one of the pods: "default/web".
  std::vector<std::string> selecting;
};

/// What a decision wants done.
struct AutoscalerPlan {
  std::optional<int32_t> resize;  // to so many replicas
  std::string reason;             // of the resizing
  int32_t before = 0;
  AutoscalerStatus status;  // to be recorded after `conclude`
  std::vector<actors::EventNote> events;
};

/// Decides one autoscaler: reads its metrics, stabilizes and limits what follows from them, tells it all in the
/// status. Pure but for `memory`. Conditions, reasons and events are those of Kubernetes' controller.
AutoscalerPlan decide_autoscaler(const AutoscalerView& view, const AutoscalerOptions& options, const Instant& now,
                                 AutoscalerMemory* memory);

/// Tells in status and events whether the resizing was done; `failure` says why it was not.
void conclude_autoscaler(const AutoscalerMessage& object, const std::optional<Error>& failure, const Instant& now,
                         AutoscalerPlan* plan, AutoscalerMemory* memory);

}  // namespace kabuki::controllers
