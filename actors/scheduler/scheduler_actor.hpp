#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/scheduler/profile.hpp"
#include "actors/write.hpp"
#include "runtime/actor.hpp"

namespace kabuki::scheduler {

struct SchedulerOptions {
  runtime::Address source = runtime::role(runtime::roles::kApiServer);  // of pods and nodes: `host-3/views` or a role
  runtime::Address api = runtime::role(runtime::roles::kApiServer);     // takes binds, events and conditions
  /// What pods ask for by spec.schedulerName. None is the standard one.
  std::vector<Profile> profiles;
  std::string user_agent = "default-scheduler";
  /// An event for every pod that found its node. Without, a large run writes half as much.
  bool record_scheduled = true;
  actors::Fence fence;  // of its writes
  io::Duration write_timeout = std::chrono::seconds(30);
};

/// Places every unbound pod that asks for one of its profiles: watches pods, nodes and what else bears on placement,
/// decides in rounds (SchedulerState), and sends each round's binds as one write, several of them at a time.
std::unique_ptr<runtime::Actor> make_scheduler(SchedulerOptions options);

}  // namespace kabuki::scheduler
