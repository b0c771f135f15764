#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "overlay/cidr.hpp"

namespace kabuki::overlay {

/// Where a packet to a pod leaves the overlay: the node that has the address and the host the node is on.
struct NextHop {
  std::string node;
  std::string host;
  bool operator==(const NextHop&) const = default;
};

/// Which node has which address: one prefix per node's pods, one address per node itself. Longest prefix wins; a node
/// named twice keeps the latest word.
class RouteTable {
 public:
  /// Takes the place of what was said of this node before. `cidrs` may be empty: it has no pods yet.
  void set_node(const NextHop& hop, std::vector<Cidr> cidrs, std::optional<Ipv4> address);
  void remove_node(const std::string& node);
  /// None: no node has this address.
  std::optional<NextHop> find(Ipv4 address) const;
  size_t nodes() const { return prefixes_of_.size(); }

 private:
  std::map<Cidr, NextHop> routes_;
  std::map<std::string, std::vector<Cidr>> prefixes_of_;
};

}  // namespace kabuki::overlay
