#pragma once

#include <memory>
#include <string>

#include "runtime/actor.hpp"

namespace kabuki::scheduler {

struct SchedulerOptions {
  runtime::Address source = runtime::role(runtime::roles::kApiServer);  // of pods and nodes: `host-3/views` or a role
  runtime::Address api = runtime::role(runtime::roles::kApiServer);     // takes binds, events and conditions
  std::string scheduler_name = "default-scheduler";
  /// An event for every pod that found its node. Without, a large run writes half as much.
  bool record_scheduled = true;
  io::Duration write_timeout = std::chrono::seconds(30);
};

/// Places every unbound pod that asks for `scheduler_name`: watches pods and nodes, decides in rounds
/// (SchedulerState), and sends each round's binds as one write, several of them at a time.
std::unique_ptr<runtime::Actor> make_scheduler(SchedulerOptions options);

}  // namespace kabuki::scheduler
