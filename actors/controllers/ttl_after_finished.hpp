#pragma once

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

/// Deletes a job, and with it its pods, spec.ttlSecondsAfterFinished after it finished.
Plan reconcile_ttl_after_finished(const View& view, const Key& job, const Instant& now);

Controller ttl_after_finished_controller();

}  // namespace kabuki::controllers
