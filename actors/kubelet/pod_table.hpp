#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "messages/object.hpp"
#include "overlay/address_pool.hpp"

namespace kabuki::kubelet {

/// Which pods a node has, which of them have an actor, and which address each holds: the kubelet's reconcile, without
/// the actors. Pods are named "namespace/name". Addresses are held from the first start of a pod's actor until both
/// the pod's object and its actor are gone.
class PodTable {
 public:
  struct Entry {
    ObjectPtr pod;          // null: its object is gone, its actor not yet
    overlay::Ipv4 address;  // 0: none yet
    uint64_t uid = 0;       // of the pod that the actor and the address are for, hashed; 0: neither
    bool running = false;   // it has an actor
    bool done = false;      // its actor ended as it should: the object is only kept by somebody's finalizers
    uint32_t list = 0;      // that it was seen in last
  };
  struct Start {
    std::string pod;
    ObjectPtr object;
    overlay::Ipv4 address;
  };

  explicit PodTable(overlay::Ipv4 node_address) : node_address_(node_address) {}

  /// The prefix that addresses are taken from. Ignored when it is what it was; held addresses stay.
  void set_cidr(const overlay::Cidr& cidr);
  bool has_cidr() const { return pool_.has_value(); }

  /// A new list of pods begins: what is not put until end_list is gone.
  void begin_list() { ++list_; }
  /// The pods that were not in the list; the caller tells their actors. Without an actor they are forgotten at once.
  std::vector<std::string> end_list();
  /// Takes note of a version; whether the pod's actor is to be told of it.
  bool put(const ObjectPtr& pod);
  /// The object is gone; whether the pod's actor is to be told.
  bool remove(const std::string& pod);

  /// Every pod that has no actor and is to have one, in the order of their names, with its address: the recorded one
  /// where it is free, for all of them before any gets a new one. Pods for which no address is left stay behind.
  std::vector<Start> start_missing();
  /// A pod's actor has ended. `normally`: there is nothing left for it to do.
  void ended(const std::string& pod, bool normally);

  /// Pods whose actors found their work done, and that are still there, are to be started again.
  void look_again();

  const Entry* find(const std::string& pod) const;
  const std::map<std::string, Entry>& all() const { return entries_; }
  /// Pods that stay behind because no address is left.
  size_t without_address() const { return without_address_; }

 private:
  static std::string name_of(const Object& pod);
  void release(Entry& entry);
  void reserve_recorded(Entry& entry);
  void follow_recorded(Entry& entry);
  bool allocate(Entry& entry);

  overlay::Ipv4 node_address_;
  std::optional<overlay::AddressPool> pool_;
  std::map<std::string, Entry> entries_;
  std::set<std::string> missing_;  // all that may have to be started, so that none of the others is looked at
  uint32_t list_ = 1;
  size_t without_address_ = 0;
};

}  // namespace kabuki::kubelet
