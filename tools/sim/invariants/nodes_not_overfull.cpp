#include <map>
#include <set>
#include <tuple>

#include "actors/quota/amounts.hpp"
#include "messages/api/core/v1/node.pb.h"
#include "messages/api/core/v1/pod.pb.h"
#include "tools/sim/invariants/all.hpp"

namespace kabuki::tools {
namespace {

using ::k8s::io::api::core::v1::Container;
using ::k8s::io::api::core::v1::Node;
using ::k8s::io::api::core::v1::Pod;
using quota::Amounts;

/// A port of the node that a pod takes.
struct HostPort {
  std::string protocol;
  int32_t port = 0;
  std::string ip;  // "0.0.0.0": of every address
  auto operator<=>(const HostPort&) const = default;

  bool collides(const HostPort& other) const {
    const bool everywhere = ip == kEverywhere || other.ip == kEverywhere;
    return protocol == other.protocol && port == other.port && (everywhere || ip == other.ip);
  }
  static constexpr const char* kEverywhere = "0.0.0.0";
};

std::set<HostPort> host_ports(const Pod& pod) {
  std::set<HostPort> out;
  auto add = [&](const Container& container) {
    for (const auto& port : container.ports()) {
      if (port.hostport() == 0) continue;
      out.insert({port.protocol().empty() ? "TCP" : port.protocol(), port.hostport(),
                  port.hostip().empty() ? HostPort::kEverywhere : port.hostip()});
    }
  };
  for (const auto& container : pod.spec().containers()) add(container);
  for (const auto& container : pod.spec().initcontainers()) {
    if (container.restartpolicy() == "Always") add(container);
  }
  return out;
}

/// What a pod takes of the node that it is bound to, until it has ended.
struct Taken {
  std::string node;
  Amounts amounts;  // and one of `pods`
  std::set<HostPort> ports;
};

class NodesNotOverfull final : public Invariant {
 public:
  NodesNotOverfull() : Invariant("nodes-not-overfull") {}

  void changed(const Seen& seen, const Breach& breach) override {
    if (seen.object().kind() != kinds::kPod) return;
    const std::string uid(seen.object().uid());
    const bool was_there = give_back(uid);
    if (!seen.after) return;
    const auto pod = seen.after->as<Pod>();
    const auto& phase = pod.status().phase();
    if (pod.spec().nodename().empty() || phase == "Succeeded" || phase == "Failed") return;
    Taken taken{pod.spec().nodename(), quota::pod_requests(pod.spec()), host_ports(pod)};
    taken.amounts["pods"] = Quantity::of_value(1);
    const std::string who = seen.after->key().text();
    if (!was_there) judge_ports(who, taken, breach);
    quota::add_to(&asked_[taken.node], taken.amounts);
    by_node_[taken.node].insert(uid);
    if (!was_there) judge_amounts(seen, who, taken, breach);
    pods_[uid] = std::move(taken);
  }

  void forget() override {
    pods_.clear();
    asked_.clear();
    by_node_.clear();
  }

 private:
  /// Whether it had taken anything.
  bool give_back(const std::string& uid) {
    const auto node = pods_.extract(uid);
    if (node.empty()) return false;
    quota::take_from(&asked_[node.mapped().node], node.mapped().amounts);
    by_node_[node.mapped().node].erase(uid);
    return true;
  }

  void judge_ports(const std::string& who, const Taken& taken, const Breach& breach) const {
    const auto there = by_node_.find(taken.node);
    if (taken.ports.empty() || there == by_node_.end()) return;
    for (const auto& uid : there->second) {
      for (const auto& held : pods_.at(uid).ports) {
        for (const auto& port : taken.ports) {
          if (!port.collides(held)) continue;
          breach(who + " takes port " + std::to_string(port.port) + " of " + taken.node + ", which another pod has");
        }
      }
    }
  }

  /// Of what it asks for itself; what it does not ask for may be asked for too much by nobody.
  void judge_amounts(const Seen& seen, const std::string& who, const Taken& taken, const Breach& breach) const {
    const auto node = seen.objects.find({kinds::kNode, "", taken.node});
    if (node == seen.objects.end()) return;
    const Amounts allocatable = quota::read_amounts(node->second->as<Node>().status().allocatable());
    const Amounts& asked = asked_.at(taken.node);
    for (const auto& [resource, amount] : taken.amounts) {
      const auto most = allocatable.find(resource);
      const Quantity has = most == allocatable.end() ? Quantity() : most->second;
      if (amount.is_zero() || asked.at(resource) <= has) continue;
      breach(who + " makes " + asked.at(resource).text() + " of " + resource + " asked of " + taken.node +
             ", which has " + has.text());
    }
  }

  std::map<std::string, Taken> pods_;  // by uid
  std::map<std::string, Amounts> asked_;
  std::map<std::string, std::set<std::string>> by_node_;  // uids
};

}  // namespace

std::unique_ptr<Invariant> nodes_not_overfull() { return std::make_unique<NodesNotOverfull>(); }

}  // namespace kabuki::tools
