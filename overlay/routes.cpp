#include "overlay/routes.hpp"

namespace kabuki::overlay {

void RouteTable::set_node(const NextHop& hop, std::vector<Cidr> cidrs, std::optional<Ipv4> address) {
  remove_node(hop.node);
  if (address) cidrs.push_back({*address, 32});
  for (const Cidr& cidr : cidrs) routes_.insert_or_assign(cidr, hop);
  prefixes_of_.emplace(hop.node, std::move(cidrs));
}

void RouteTable::remove_node(const std::string& node) {
  const auto known = prefixes_of_.find(node);
  if (known == prefixes_of_.end()) return;
  for (const Cidr& cidr : known->second) {
    const auto route = routes_.find(cidr);
    if (route != routes_.end() && route->second.node == node) routes_.erase(route);
  }
  prefixes_of_.erase(known);
}

std::optional<NextHop> RouteTable::find(Ipv4 address) const {
  for (int bits = 32; bits >= 0; --bits) {
    const uint32_t mask = bits == 0 ? 0 : ~uint32_t{0} << (32 - bits);
    const auto route = routes_.find(Cidr{{address.value & mask}, bits});
    if (route != routes_.end()) return route->second;
  }
  return std::nullopt;
}

}  // namespace kabuki::overlay
