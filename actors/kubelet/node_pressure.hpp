#pragma once

#include <functional>
#include <set>
#include <string>

#include "actors/kubelet/node_status.hpp"
#include "actors/kubelet/pod_table.hpp"
#include "actors/kubelet/pressure.hpp"
#include "runtime/actor_tools.hpp"

namespace kabuki::kubelet {

/// Watches what a node has left, and evicts a pod every 10 s while it is too little. It looks only while the Node is
/// annotated so or a pod says that it uses memory as it likes: all others stay within what they request, and the
/// scheduler sees to that there is enough of that. A member of the node's actor.
class NodePressure {
 public:
  /// `report` is called with each change.
  NodePressure(runtime::Actor& owner, const NodeOptions& options, const PodTable& pods,
               std::function<void(const Pressure&)> report);

  /// The first version tells what a former life has recorded.
  void take_node(const NodeMessage& node);
  /// A pod of this node has another version, or (null) is gone.
  void pod_changed(const std::string& name, const ObjectPtr& pod);
  /// Refuses a pod that has just been started, where it has to be.
  void admit(const std::string& name, const ObjectPtr& pod);

 private:
  bool has_to_look() const { return annotated_.any() || pressure_.any() || !users_.empty(); }
  void look();
  void look_later();
  void evict(const std::string& pod, std::string why);

  runtime::ActorTools actor_;
  const PodTable& pods_;
  const std::function<void(const Pressure&)> report_;
  int64_t memory_ = 0;           // of the node, bytes
  std::set<std::string> users_;  // pods that say what memory they use
  Pressure annotated_;
  Pressure pressure_;
  bool has_node_ = false;
  bool look_set_ = false;
};

}  // namespace kabuki::kubelet
