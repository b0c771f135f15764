#pragma once

#include "messages/api/batch/v1/job.pb.h"
#include "tools/sim/observed.hpp"

namespace kabuki::tools {

using ::k8s::io::api::batch::v1::Job;

/// Whether its pods are made to fail.
bool is_failing(const Job& job);

/// Whether it has a true condition of this type ("Complete", "Failed", "Suspended").
bool has_condition(const Job& job, std::string_view type);

/// That the Job has come to its end: Complete exactly as often as asked, or Failed after as many pods as its backoff
/// limit lets fail; that what it says of its pods is so; and that none of them runs.
void wrong_job(const Job& job, const Observed& observed, Lines* wrong);

}  // namespace kabuki::tools
