#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "messages/object.hpp"
#include "messages/result.hpp"

namespace kabuki::api_server {

/// The range of node ports, both ends included, as a kube-apiserver has it without --service-node-port-range.
inline constexpr int32_t kFirstNodePort = 30000;
inline constexpr int32_t kLastNodePort = 32767;

/// Which node ports of services seem free, as the watch of services shows it. Of several API servers of a host,
/// number `slot` of `slots` proposes ports whose number leaves `slot` while there are any, so that they seldom meet;
/// whose a port is, PortReservations settles.
class NodePorts {
 public:
  NodePorts(size_t slot, size_t slots) : slot_(slot), slots_(slots) {}

  /// What the watch shows: the service has these node ports from now on, and no others.
  void put(const Object& service);
  void remove(const Object& service);
  /// Up to `count` free ports, held at once, from a place that `start` says; fewer where the range is full.
  std::vector<int32_t> allocate(size_t count, uint64_t start, const std::set<int32_t>& except = {});
  /// As the watch of services has shown.
  const std::map<Key, std::set<int32_t>>& of_services() const { return of_service_; }
  /// Gives back what was allocated or claimed and no service came to have.
  void give_back(const std::set<int32_t>& ports);

  /// A service other than this one that is known to have the port.
  std::optional<Key> other_user(const Key& service, int32_t port) const;
  /// Holds the port for the service if no other is known to have it, else says which one has. Another write may hold
  /// it too: one of the two comes to have it.
  std::optional<Key> claim(const Key& service, int32_t port);
  /// Holds a port whose owner turned out not to have it any more.
  void take(int32_t port) { given_.insert(port); }

 private:
  size_t slot_;
  size_t slots_;
  std::set<int32_t> given_;  // by allocate and claim, not shown by the watch yet
  std::map<int32_t, std::set<Key>> users_;
  std::map<Key, std::set<int32_t>> of_service_;
};

/// The node ports that a service has; of one that cannot be read none.
std::set<int32_t> node_ports_of(const Object& service);
/// What a service is refused with: the cause names the field.
Error refused_node_port(const Key& service, const std::string& field, int32_t port, const std::string& why);

}  // namespace kabuki::api_server
