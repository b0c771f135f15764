#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "messages/api/autoscaling/v2/horizontal_pod_autoscaler.pb.h"
#include "runtime/io/time.hpp"

namespace kabuki::controllers {

/// What an autoscaler remembers between two decisions, in monotonic time. It need not survive: a new life begins with
/// the present size as the recommendation, and so does nothing hasty.
struct AutoscalerMemory {
  struct Recommendation {
    int32_t replicas = 0;
    io::MonoTime at;
  };
  struct Change {
    int32_t replicas = 0;  // how many came or went
    io::MonoTime at;
  };
  std::vector<Recommendation> recommendations;
  std::vector<Change> ups, downs;
};

/// A wanted size within what is allowed now.
struct LimitedScale {
  int32_t replicas = 0;
  bool limited = false;
  std::string reason, message;                // of the condition ScalingLimited
  std::string stable_reason, stable_message;  // of the condition AbleToScale
};

struct LimitQuestion {
  int32_t current = 0;
  int32_t wanted = 0;
  int32_t min = 1;
  int32_t max = 1;
  io::MonoTime now;
  io::Duration downscale_stabilization = std::chrono::minutes(5);
};

/// Without spec.behavior: the highest recommendation of the last minutes, at most twice the present size (or 4).
/// Records the recommendation.
LimitedScale limit_scale(const LimitQuestion& question, AutoscalerMemory* memory);

/// With spec.behavior: stabilization windows and policies of both directions. Records the recommendation.
/// Source: Kubernetes, "Configurable scaling behavior", horizontal.go.
using BehaviorMessage = ::k8s::io::api::autoscaling::v2::HorizontalPodAutoscalerBehavior;
LimitedScale limit_scale(const LimitQuestion& question, const BehaviorMessage& behavior, AutoscalerMemory* memory);

/// Remembers that the size was changed, for as long as the policies ask.
void remember_change(const BehaviorMessage& behavior, int32_t before, int32_t after, io::MonoTime now,
                     AutoscalerMemory* memory);

}  // namespace kabuki::controllers
