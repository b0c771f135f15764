#pragma once

#include <optional>
#include <string>

#include "actors/event_recorder.hpp"
#include "actors/write.hpp"
#include "messages/object.hpp"
#include "runtime/io/time.hpp"

namespace kabuki::scheduler {

/// What the scheduler says of a pod, in kube-scheduler's words.
actors::EventNote scheduled_note(const Object& pod, const std::string& node);
actors::EventNote failed_note(const Object& pod, const std::string& message);

actors::EventNote preempted_note(const Object& victim, const Object& by, const std::string& node);

/// The write that sets the pod's condition PodScheduled to False, reason Unschedulable, and its nominatedNodeName
/// ("" takes it away); none when it says so already.
std::optional<actors::Write> unschedulable_condition(const Object& pod, const std::string& message,
                                                     const std::string& nominated, io::WallTime now);
/// The write that says of a victim that it is to go: DisruptionTarget.
actors::Write disruption_condition(const Object& victim, const Object& by, io::WallTime now);

}  // namespace kabuki::scheduler
