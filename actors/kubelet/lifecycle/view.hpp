#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "messages/api/core/v1/pod.pb.h"

namespace kabuki::kubelet {

using PodMessage = ::k8s::io::api::core::v1::Pod;
using PodStatusMessage = ::k8s::io::api::core::v1::PodStatus;
using ContainerMessage = ::k8s::io::api::core::v1::Container;

/// How a container takes part in its pod's life.
enum class Role : uint8_t {
  init,     // runs to success before the next one begins
  sidecar,  // an init container with restartPolicy Always: started in order, kept running, stopped last
  main,
  ephemeral,  // added to a running pod to look into it; runs once, and nothing depends on it
};
enum class RestartPolicy : uint8_t { always, on_failure, never };

struct ContainerView {
  const ContainerMessage* spec = nullptr;
  Role role = Role::main;
};

/// A pod as the lifecycle sees it: borrowed from a parsed message that must outlive it, so that nothing of the
/// message is kept between two steps.
struct PodView {
  const PodMessage* message = nullptr;
  /// Init containers first, then the main ones, then the ephemeral ones, each in the order of the spec.
  std::vector<ContainerView> containers;
  size_t inits = 0;      // how many of them are init containers and sidecars
  size_t mains_end = 0;  // where the ephemeral ones begin
  RestartPolicy policy = RestartPolicy::always;
  bool deleted = false;        // asked to terminate
  int64_t kill_ns = 0;         // of a deleted pod: when what still runs is killed
  int64_t grace_seconds = 30;  // of a stop that is not a deletion
  std::optional<int64_t> active_deadline_seconds;

  const std::string& ns() const { return message->metadata().namespace_(); }
  const std::string& name() const { return message->metadata().name(); }
  const std::string& uid() const { return message->metadata().uid(); }
  const ContainerMessage& spec(size_t container) const { return *containers[container].spec; }
  Role role(size_t container) const { return containers[container].role; }
  /// The container of this name, or containers.size().
  size_t find(const std::string& container) const;

  std::shared_ptr<const std::vector<ContainerMessage>> ephemerals;  // what their specs point to; null: none
};

/// The statuses among which that of a container of this place in a view is told.
template <class Status>
auto& statuses_of(const PodView& pod, size_t container, Status& status) {
  if constexpr (std::is_const_v<Status>) {
    return container < pod.inits       ? status.initcontainerstatuses()
           : container < pod.mains_end ? status.containerstatuses()
                                       : status.ephemeralcontainerstatuses();
  } else {
    return *(container < pod.inits       ? status.mutable_initcontainerstatuses()
             : container < pod.mains_end ? status.mutable_containerstatuses()
                                         : status.mutable_ephemeralcontainerstatuses());
  }
}

PodView view_of(const PodMessage& pod);
/// Always for what is neither OnFailure nor Never.
RestartPolicy restart_policy_of(const std::string& text);

}  // namespace kabuki::kubelet
