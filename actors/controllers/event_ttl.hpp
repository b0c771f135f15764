#pragma once

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

/// Deletes events that were last seen longer than `life` ago, at most 500 at once.
Plan reconcile_event_ttl(const View& view, io::Duration life, const Instant& now);

Controller event_ttl_controller(io::Duration life);

}  // namespace kabuki::controllers
