#pragma once

#include "actors/controllers/controller.hpp"

namespace kabuki::controllers {

/// Returns what moves a cron job one step on: the job of the last time that is due made, unless it came too late or
/// another runs that forbids it; jobs that ended beyond the history limits deleted; status told. A job's name is the
/// cron job's and the minutes since 1970 of its time, so that no time gets two.
Plan reconcile_cron_job(const View& view, const Key& cron_job, const Instant& now);

Controller cron_job_controller();

}  // namespace kabuki::controllers
