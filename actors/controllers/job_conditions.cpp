#include "actors/controllers/job_conditions.hpp"

#include "messages/meta.hpp"

namespace kabuki::controllers {

namespace batch = ::k8s::io::api::batch::v1;

const batch::JobCondition* true_condition(const batch::JobStatus& status, const std::string& type) {
  for (const auto& condition : status.conditions()) {
    if (condition.type() == type && condition.status() == "True") return &condition;
  }
  return nullptr;
}

const batch::JobCondition* finished_condition(const batch::JobStatus& status) {
  const auto* complete = true_condition(status, "Complete");
  return complete ? complete : true_condition(status, "Failed");
}

bool set_condition(const std::string& type, bool value, const std::string& reason, const std::string& message,
                   const Instant& now, batch::JobStatus* status) {
  batch::JobCondition* condition = nullptr;
  for (auto& have : *status->mutable_conditions()) {
    if (have.type() == type) condition = &have;
  }
  const std::string text = value ? "True" : "False";
  if (condition && condition->status() == text) return false;
  if (!condition) condition = status->add_conditions();
  condition->set_type(type);
  condition->set_status(text);
  condition->set_reason(reason);
  condition->set_message(message);
  *condition->mutable_lastprobetime() = time_of(now.wall.ns);
  *condition->mutable_lasttransitiontime() = time_of(now.wall.ns);
  return true;
}

}  // namespace kabuki::controllers
