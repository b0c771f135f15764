#pragma once

#include <string>

#include "actors/controllers/plan.hpp"
#include "messages/api/batch/v1/job.pb.h"

namespace kabuki::controllers {

/// The condition of this type when it is True; null otherwise.
const ::k8s::io::api::batch::v1::JobCondition* true_condition(const ::k8s::io::api::batch::v1::JobStatus& status,
                                                              const std::string& type);

/// Complete or Failed, once it is True: nothing about the job changes any more.
const ::k8s::io::api::batch::v1::JobCondition* finished_condition(const ::k8s::io::api::batch::v1::JobStatus& status);

/// Sets the condition; its transition time moves only with its status. Whether anything changed.
bool set_condition(const std::string& type, bool value, const std::string& reason, const std::string& message,
                   const Instant& now, ::k8s::io::api::batch::v1::JobStatus* status);

}  // namespace kabuki::controllers
