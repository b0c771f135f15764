#pragma once

#include <memory>

#include "actors/controllers/controller_actor.hpp"
#include "actors/controllers/horizontal_pod_autoscaler.hpp"
#include "runtime/actor.hpp"

namespace kabuki::controllers {

/// The actor around decide_autoscaler. It is none of the generic controllers: it acts by the clock and on what it
/// asks for (scales, pods, their use), not on what it watches.
std::unique_ptr<runtime::Actor> make_autoscaler(ControllerOptions options, AutoscalerOptions autoscaler);

}  // namespace kabuki::controllers
