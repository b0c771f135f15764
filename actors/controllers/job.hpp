#pragma once

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

inline constexpr const char* kJobTracking = "batch.kubernetes.io/job-tracking";

/// Returns what moves a job one step on: pods made and taken away, ends of pods counted exactly once, status told.
/// A pod's end goes through three recorded states, so that no crash and no lost answer counts it twice or not at
/// all: its uid is noted in status.uncountedTerminatedPods; then its finalizer is removed; then, when nothing of that
/// uid has the finalizer any more, it is moved into the counter. A completion index is noted in completedIndexes
/// instead, which no repetition can change. A pod's key releases a pod whose job is gone.
Plan reconcile_job(const View& view, const Key& key, const Instant& now);

Controller job_controller();

}  // namespace kabuki::controllers
