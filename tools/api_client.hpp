#pragma once

#include <string>
#include <vector>

#include "messages/object.hpp"
#include "messages/result.hpp"
#include "tools/control_client.hpp"

namespace kabuki::tools {

/// Reads of the API as the command line needs them, over the control connection.
Result<ObjectPtr> get_object(const ControlClient& client, const Key& key);
Result<std::vector<ObjectPtr>> list_objects(const ControlClient& client, KindId kind);

/// "web-1" or "shop/web-1": a pod as an argument names it; the namespace is `default` where none is given.
Key pod_key(const std::string& text);

/// The full name of the actor that runs this pod: `host-1/kubelet/node-2/pods/default/web-1`. Error: there is no such
/// pod, it has no node yet, or its node has no host.
Result<runtime::Address> pod_actor(const ControlClient& client, const Key& pod);

}  // namespace kabuki::tools
