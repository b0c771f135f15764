#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "actors/kubelet/exec/exec_sessions.hpp"
#include "actors/kubelet/kubelet.hpp"
#include "actors/kubelet/log_reader.hpp"
#include "actors/kubelet/net_probe.hpp"
#include "actors/kubelet/node_pressure.hpp"
#include "actors/kubelet/node_registration.hpp"
#include "actors/kubelet/node_room.hpp"
#include "actors/kubelet/pod_actor.hpp"
#include "actors/kubelet/pod_table.hpp"
#include "runtime/watch_client.hpp"

namespace kabuki::kubelet {

/// The kubelet of one node: keeps the Node registered and beating, watches the pods bound to it, and keeps one pod
/// actor per pod as its temporary child `pods/<namespace>/<pod>`. It holds nothing that is not in the API: started
/// again, it finds its pods there and takes them up where their recorded statuses left them.
class NodeActor : public runtime::Actor {
 public:
  /// `writer` is the name of the sibling that writes for all.
  NodeActor(NodeOptions node, const KubeletOptions& options, std::string writer);

 protected:
  void started() override;
  void received(runtime::Inbound& in) override;
  void child_ended(const std::string& name, const runtime::ExitReason& reason) override;
  std::string health() const override;

 private:
  void pod_changed(runtime::WatchClient::Type type, const ObjectPtr& pod);
  ObjectPtr find_pod(const std::string& name) const;
  bus::Selection pods_of_this_node() const;
  void take_node(const NodeMessage& node);
  void judge_resize(runtime::Inbound& in);
  void reconcile();
  void look_again_later();
  /// Lets the writes of a former life of this kubelet end, and then reads the node's pods, whose addresses those may
  /// have recorded: the view may be older than that, and an address must not be given twice.
  void take_over();
  void read_pods();
  /// What only the list had shown is gone: a view that lists anew does not tell the end of what it had never held.
  void forget_only_listed();
  void tell_pod(const std::string& pod, bus::WatchEvents::Type type, const ObjectPtr& object);

  const NodeOptions node_;
  const std::string writer_name_;
  const runtime::Address api_;
  const runtime::Address watch_source_;
  const bool events_;
  const std::shared_ptr<ContainerRuntime> runtime_;
  std::shared_ptr<const NodeContext> context_;
  PodTable pods_;
  std::set<std::string> only_listed_;  // pods of the list of read_pods that the watch has not shown yet
  std::unique_ptr<runtime::WatchClient> watch_;
  std::unique_ptr<NodeRegistration> registration_;
  std::unique_ptr<NetProber> prober_;
  std::unique_ptr<LogReader> logs_;
  std::unique_ptr<ExecSessions> execs_;
  std::unique_ptr<NodePressure> pressure_;
  std::unique_ptr<NodeRoom> room_;
  std::map<std::string, ObjectPtr> mirrors_;  // pods that only show what runs without a pod's actor
  bool taking_over_ = false;
  bool taken_over_ = false;
  bool reconcile_set_ = false;
  bool look_again_set_ = false;
};

}  // namespace kabuki::kubelet
