#include "actors/kubelet/net_probe.hpp"

#include "actors/kubelet/limits.hpp"
#include "actors/kubelet/node_status.hpp"
#include "actors/kubelet/pod_objects.hpp"
#include "messages/bus/objects.pb.h"
#include "messages/status.hpp"

namespace kabuki::kubelet {

using overlay::Ipv4;
using runtime::MessagePtr;

NetProber::NetProber(runtime::Actor& owner, std::string node, Ipv4 node_address, const PodTable& pods,
                     runtime::Address api)
    : actor_(owner), node_(std::move(node)), node_address_(node_address), pods_(pods), api_(std::move(api)) {}

bool NetProber::is_here(Ipv4 address) const {
  if (address == node_address_) return true;
  for (const auto& [name, entry] : pods_.all()) {
    if (entry.address == address) return true;
  }
  return false;
}

void NetProber::answer(const bus::NetProbe& request, runtime::Inbound& in) {
  const auto to = Ipv4::parse(request.to_ip());
  if (!to) return in.reply.fail(bad_request("a probe needs to_ip, the address of the pod it goes to"));
  const auto* from = pods_.find(request.from_namespace() + "/" + request.from_pod());
  if (!from || !from->pod) {
    // Not where it begins, so where it ends.
    if (is_here(*to)) return in.reply.send(runtime::make_message(arrive(request)));
    bus::NetProbeReply reply;
    reply.set_to_ip(request.to_ip());
    reply.set_why_not("neither pod " + request.from_namespace() + "/" + request.from_pod() + " nor the address " +
                      request.to_ip() + " is on node " + node_);
    return in.reply.send(runtime::make_message(std::move(reply)));
  }
  auto journey = std::make_shared<Journey>();
  journey->request = request;
  journey->began = actor_.mono();
  journey->asker = std::move(in.reply);
  const overlay::PodEndpoint source = endpoint_of(from->pod->as<PodMessage>());
  if (source.address) journey->reply.set_from_ip(source.address.text());
  journey->reply.set_to_ip(request.to_ip());
  journey->reply.add_path(overlay::describe(source));
  if (std::string why = overlay::why_not_from(source); !why.empty()) return refuse(*journey, std::move(why));
  journey->reply.add_path("node " + node_);
  if (is_here(*to)) return finish(*journey, arrive(request));
  journey->reply.add_path("host " + actor_.host_name());
  find_route(std::move(journey), *to);
}

bus::NetProbeReply NetProber::arrive(const bus::NetProbe& request) const {
  const Ipv4 to = *Ipv4::parse(request.to_ip());
  std::vector<overlay::PodEndpoint> pods;
  for (const auto& [name, entry] : pods_.all()) {
    if (entry.pod && entry.address == to) pods.push_back(endpoint_of(entry.pod->as<PodMessage>()));
  }
  bus::NetProbeReply reply;
  overlay::PodEndpoint taker;
  reply.set_to_ip(request.to_ip());
  reply.set_why_not(overlay::why_not_to(to, request.port(), pods, &taker));
  reply.set_reached(reply.why_not().empty());
  if (reply.reached()) reply.add_path(overlay::describe(taker));
  return reply;
}

void NetProber::find_route(std::shared_ptr<Journey> journey, Ipv4 to) {
  bus::ListObjects request;
  request.mutable_selection()->set_kind(kinds::kNode);
  actor_.ask(api_, runtime::make_message(std::move(request)), limits::kProbeTimeout,
             [this, journey, to](Result<MessagePtr> result) {
               if (!result.ok()) return refuse(*journey, "no routes: " + result.error().message);
               const auto hop = routes_of((*result)->objects).find(to);
               if (!hop) return refuse(*journey, "no node has the address " + to.text());
               if (hop->host.empty())
                 return refuse(*journey, "node " + hop->node + " does not say which host it is on");
               cross(journey, *hop);
             });
}

void NetProber::cross(std::shared_ptr<Journey> journey, const overlay::NextHop& hop) {
  if (hop.host != actor_.host_name()) journey->reply.add_path("host " + hop.host);
  const runtime::Address kubelet{hop.host + "/kubelet/" + hop.node};
  actor_.ask(kubelet, runtime::make_message(journey->request), limits::kProbeTimeout,
             [this, journey, hop](Result<MessagePtr> result) {
               const auto* arrived = result.ok() ? (*result)->as<bus::NetProbeReply>() : nullptr;
               if (!arrived) {
                 return refuse(*journey, "node " + hop.node + " on " + hop.host + " does not answer: " +
                                             (result.ok() ? "unexpected answer" : result.error().message));
               }
               journey->reply.add_path("node " + hop.node);
               finish(*journey, *arrived);
             });
}

void NetProber::finish(Journey& journey, const bus::NetProbeReply& arrived) {
  for (const std::string& hop : arrived.path()) journey.reply.add_path(hop);
  journey.reply.set_reached(arrived.reached());
  journey.reply.set_why_not(arrived.why_not());
  journey.reply.set_rtt_ns((actor_.mono() - journey.began).count());
  journey.asker.send(runtime::make_message(std::move(journey.reply)));
}

void NetProber::refuse(Journey& journey, std::string why) {
  bus::NetProbeReply refused;
  refused.set_why_not(std::move(why));
  finish(journey, refused);
}

overlay::RouteTable routes_of(const std::vector<ObjectPtr>& nodes) {
  overlay::RouteTable routes;
  for (const ObjectPtr& object : nodes) {
    const NodeMessage node = object->as<NodeMessage>();
    std::vector<overlay::Cidr> cidrs;
    if (const auto cidr = overlay::Cidr::parse(node.spec().podcidr()); cidr.ok()) cidrs.push_back(*cidr);
    std::optional<Ipv4> address;
    for (const auto& known : node.status().addresses()) {
      if (known.type() == "InternalIP") address = Ipv4::parse(known.address());
    }
    const auto& annotations = node.metadata().annotations();
    const auto host = annotations.find(std::string(kHostAnnotation));
    routes.set_node({node.metadata().name(), host == annotations.end() ? "" : host->second}, std::move(cidrs),
                    address);
  }
  return routes;
}

}  // namespace kabuki::kubelet
