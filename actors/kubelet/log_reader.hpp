#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "messages/bus/pods.pb.h"
#include "messages/object.hpp"
#include "runtime/actor_tools.hpp"

namespace kabuki::kubelet {

/// Answers bus.ReadLog at a node's kubelet: at once where there is something to read, or the log has ended; who
/// follows a log waits here for its next line, at most 5 s. A member of the node's actor.
class LogReader {
 public:
  /// `find` gives the newest version known of a pod of this node, by `namespace/name`; null: there is none.
  LogReader(runtime::Actor& owner, std::function<ObjectPtr(const std::string& pod)> find);

  /// A first request brings the pod as the API server has read it: this node's view may be behind.
  void answer(const bus::ReadLog& request, runtime::Inbound& in);
  /// A pod has another version, or is gone.
  void pod_changed(const std::string& pod);

 private:
  struct Follower {
    bus::ReadLog request;
    ObjectPtr shown;  // the pod that came with it
    runtime::Reply asker;
    int64_t until_ns = 0;  // wall time
    runtime::ActorTools::TimerId timer = 0;
  };
  /// Answers, or waits on; whether it has answered.
  bool look(uint64_t follower);

  runtime::ActorTools actor_;
  const std::function<ObjectPtr(const std::string&)> find_;
  std::map<uint64_t, Follower> followers_;
  uint64_t next_follower_ = 1;
};

}  // namespace kabuki::kubelet
