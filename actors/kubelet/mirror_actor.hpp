#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/kubelet/node_status.hpp"
#include "runtime/actor.hpp"

namespace kabuki::kubelet {

struct MirrorOptions {
  /// The host's first node, which is said to run them.
  NodeOptions node;
  /// Actors of this host's root that are shown, each with what is directly below it.
  std::vector<std::string> components;
  runtime::Address api;
  /// The name of the sibling that writes for all.
  std::string writer;
};

/// Shows the control plane's actors as static pods in kube-system: every 5 s it inspects them, makes the mirror pods
/// that are missing, and records how the actors are. Who deletes such a pod has deleted its picture: it comes back.
std::unique_ptr<runtime::Actor> make_mirror_actor(MirrorOptions options);

}  // namespace kabuki::kubelet
