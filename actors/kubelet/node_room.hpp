#pragma once

#include <map>
#include <string>

#include "actors/kubelet/lifecycle/resize.hpp"
#include "actors/kubelet/node_status.hpp"
#include "actors/kubelet/pod_table.hpp"

namespace kabuki::kubelet {

/// Answers pods of a node that are to get other resources. What it has granted counts until the pod's status tells of
/// it, so that nothing is given away twice; what pods that are to be tried before the one that asks can have now is
/// kept for them until they ask again. Pure but for that memory; not thread-safe.
class NodeRoom {
 public:
  NodeRoom(const NodeOptions& options, const PodTable& pods);

  /// Whether `pod` may have what its spec asks for.
  ResizeVerdict judge(const Object& pod);

 private:
  struct Granted {
    std::string uid;
    int64_t generation = 0;
    Room room;
  };
  void forget_gone();
  /// What a pod takes: what it was given, or what it was granted where its status does not tell of that yet.
  Room held(const std::string& name, const PodMessage& pod) const;
  ResizeVerdict try_for(const std::string& name, const PodMessage& pod, const Room& used);

  const PodTable& pods_;
  Room capacity_;
  std::map<std::string, Granted> granted_;  // by `namespace/name`
};

}  // namespace kabuki::kubelet
