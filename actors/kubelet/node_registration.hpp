#pragma once

#include <functional>
#include <string>

#include "actors/kubelet/node_status.hpp"
#include "actors/write.hpp"
#include "runtime/actor_tools.hpp"

namespace kabuki::kubelet {

/// Keeps one Node and its Lease in the API: creates them, renews the lease every 10 s, and reads the node as often,
/// to write the status when it is not what it should be and at least every 5 minutes. A member of the node's actor.
class NodeRegistration {
 public:
  /// `changed` is called with every version of the node that was read or written.
  NodeRegistration(runtime::Actor& owner, NodeOptions options, runtime::Address writer, runtime::Address api,
                   std::function<void(const NodeMessage&)> changed);

  void start();
  bool registered() const { return registered_; }
  /// The node's status is to say so from now on.
  void report(const Pressure& pressure);

 private:
  void create_node();
  void read_node();
  void take_node(const ObjectPtr& object);
  void write_status(const Object& read, NodeMessage node);
  void renew_lease();
  void create_lease();
  void beat();
  void retry(std::function<void()> run);
  void write(actors::Write write, std::function<void(const actors::WriteOutcome&)> done);

  runtime::ActorTools actor_;
  const NodeOptions options_;
  const runtime::Address writer_;
  const runtime::Address api_;
  const std::function<void(const NodeMessage&)> changed_;
  Pressure pressure_;
  bool registered_ = false;
  bool has_cidr_ = false;
  int failures_ = 0;
  int64_t status_written_ns_ = 0;  // monotonic
};

}  // namespace kabuki::kubelet
