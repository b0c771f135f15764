#pragma once

#include <memory>

#include "actors/controllers/controller.hpp"
#include "actors/write.hpp"
#include "runtime/actor.hpp"

namespace kabuki::controllers {

struct ControllerOptions {
  runtime::Address source =
      runtime::role(runtime::roles::kApiServer);                     // of what is watched: `host-3/views` or a role
  runtime::Address api = runtime::role(runtime::roles::kApiServer);  // takes the writes, knows what exists
  actors::Fence fence;                                               // of its writes
  io::Duration write_timeout = std::chrono::seconds(30);
};

/// The one actor around every controller: feeds its watches to a Reconciler and carries out what that asks for.
std::unique_ptr<runtime::Actor> make_controller(Controller controller, ControllerOptions options);

}  // namespace kabuki::controllers
