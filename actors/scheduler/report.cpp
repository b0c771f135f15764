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

/// Whether anything changed.
bool set(core::PodStatus* status, const std::string& type, const std::string& value, const std::string& reason,
         const std::string& message, io::WallTime now) {
  auto* one = condition(status, type);
  if (one->status() == value && one->reason() == reason && one->message() == message) return false;
  if (one->status() != value) *one->mutable_lasttransitiontime() = time_of(now.ns);
  one->set_status(value);
  one->set_reason(reason);
  one->set_message(message);
  return true;
}

}  // namespace

actors::EventNote scheduled_note(const Object& pod, const std::string& node) {
  return {pod.key(), std::string(pod.uid()), "Normal", "Scheduled",
          "Successfully assigned " + std::string(pod.ns()) + "/" + std::string(pod.name()) + " to " + node};
}

actors::EventNote failed_note(const Object& pod, const std::string& message) {
  return {pod.key(), std::string(pod.uid()), "Warning", "FailedScheduling", message};
}

actors::EventNote preempted_note(const Object& victim, const Object& by, const std::string& node) {
  return {victim.key(), std::string(victim.uid()), "Normal", "Preempted",
          "Preempted by pod " + std::string(by.uid()) + " on node " + node};
}

std::optional<actors::Write> unschedulable_condition(const Object& object, const std::string& message,
                                                     const std::string& nominated, io::WallTime now) {
  auto pod = object.as<core::Pod>();
  const bool said = !set(pod.mutable_status(), "PodScheduled", "False", "Unschedulable", message, now);
  if (said && pod.status().nominatednodename() == nominated) return std::nullopt;
  pod.mutable_status()->set_nominatednodename(nominated);
  return actors::Write::update_status(object, pod);
}

actors::Write disruption_condition(const Object& victim, const Object& by, io::WallTime now) {
  auto pod = victim.as<core::Pod>();
  set(pod.mutable_status(), "DisruptionTarget", "True", "PreemptionByScheduler",
      "default-scheduler: preempting to accommodate a higher priority pod " + std::string(by.uid()), now);
  return actors::Write::update_status(victim, pod);
}

}  // namespace kabuki::scheduler
