#pragma once

#include <string>

#include "actors/scheduler/labels.hpp"
#include "actors/scheduler/pod_demand.hpp"
#include "messages/api/core/v1/pod_template.pb.h"
#include "messages/object.hpp"

namespace kabuki::controllers {

/// On which nodes a daemon set's pods run.
class DaemonNodes {
 public:
  /// `spec` is the template's, without the tolerations that every daemon has.
  explicit DaemonNodes(::k8s::io::api::core::v1::PodSpec spec);

  struct Verdict {
    bool should_run = false;    // a pod is to be made there
    bool may_continue = false;  // one that is there stays: a NoSchedule taint alone drives nobody away
    bool operator==(const Verdict&) const = default;
  };
  Verdict judge(const Object& node) const;

  /// The pod spec for one node: bound to it by affinity, for the scheduler to place.
  ::k8s::io::api::core::v1::PodSpec spec_for(const std::string& node) const;

 private:
  ::k8s::io::api::core::v1::PodSpec spec_;
  scheduler::PodDemand demand_;
};

/// The node that a daemon's pod is on or is made for, "" when neither is said.
std::string target_node(const Object& pod);

}  // namespace kabuki::controllers
