#pragma once

#include "actors/kubelet/pod_table.hpp"
#include "messages/bus/control.pb.h"
#include "overlay/cidr.hpp"
#include "overlay/routes.hpp"
#include "runtime/actor_tools.hpp"

namespace kabuki::kubelet {

/// Answers bus.NetProbe at a node's kubelet, at either end: at A's it checks that A can send, finds the node that has
/// B's address and asks the kubelet there; at B's it says whether B takes the packet. A member of the node's actor.
class NetProber {
 public:
  NetProber(runtime::Actor& owner, std::string node, overlay::Ipv4 node_address, const PodTable& pods,
            runtime::Address api);

  void answer(const bus::NetProbe& request, runtime::Inbound& in);

 private:
  /// A probe under way from a pod of this node.
  struct Journey {
    bus::NetProbe request;
    bus::NetProbeReply reply;
    io::MonoTime began;
    runtime::Reply asker;
  };

  bool is_here(overlay::Ipv4 address) const;
  bus::NetProbeReply arrive(const bus::NetProbe& request) const;
  void find_route(std::shared_ptr<Journey> journey, overlay::Ipv4 to);
  void cross(std::shared_ptr<Journey> journey, const overlay::NextHop& hop);
  void finish(Journey& journey, const bus::NetProbeReply& arrived);
  void refuse(Journey& journey, std::string why);

  runtime::ActorTools actor_;
  const std::string node_;
  const overlay::Ipv4 node_address_;
  const PodTable& pods_;
  const runtime::Address api_;
};

/// The routes that Nodes declare: their prefixes, addresses and hosts.
overlay::RouteTable routes_of(const std::vector<ObjectPtr>& nodes);

}  // namespace kabuki::kubelet
