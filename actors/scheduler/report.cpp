#include "actors/scheduler/report.hpp"

#include "messages/api/core/v1/pod.pb.h"
#include "messages/meta.hpp"

namespace kabuki::scheduler {
namespace {

namespace core = ::k8s::io::api::core::v1;

core::PodCondition* condition(core::PodStatus* status, const std::string& type) {
  for (auto& condition : *status->mutable_conditions()) {
    if (condition.type() == type) return &condition;
  }
  auto* fresh = status->add_conditions();
  fresh->set_type(type);
  return fresh;
}

}  // namespace

actors::EventNote scheduled_note(const Object& pod, const std::string& node) {
  return {pod.key(), std::string(pod.uid()), "Normal", "Scheduled",
          "Successfully assigned " + std::string(pod.ns()) + "/" + std::string(pod.name()) + " to " + node};
}

actors::EventNote failed_note(const Object& pod, const std::string& message) {
  return {pod.key(), std::string(pod.uid()), "Warning", "FailedScheduling", message};
}

std::optional<actors::Write> unschedulable_condition(const Object& object, const std::string& message,
                                                     io::WallTime now) {
  auto pod = object.as<core::Pod>();
  auto* scheduled = condition(pod.mutable_status(), "PodScheduled");
  if (scheduled->status() == "False" && scheduled->reason() == "Unschedulable" && scheduled->message() == message) {
    return std::nullopt;
  }
  if (scheduled->status() != "False") *scheduled->mutable_lasttransitiontime() = time_of(now.ns);
  scheduled->set_status("False");
  scheduled->set_reason("Unschedulable");
  scheduled->set_message(message);
  return actors::Write::update_status(object, pod);
}

}  // namespace kabuki::scheduler
