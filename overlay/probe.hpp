#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "overlay/cidr.hpp"

namespace kabuki::overlay {

/// What a node knows of one of its pods when it is asked whether a packet arrives.
struct PodEndpoint {
  std::string ns;
  std::string name;
  Ipv4 address;
  bool running = false;        // its network is up and a container runs
  std::vector<int32_t> ports;  // that running containers declare; sorted
  bool operator==(const PodEndpoint&) const = default;
};

/// "pod default/web-1 (10.244.0.7)": a hop of a probe's path.
std::string describe(const PodEndpoint& pod);

/// Why pod `pod` cannot send a packet; "" when it can.
std::string why_not_from(const PodEndpoint& pod);

/// Why a packet to `address` and `port` (0: any) ends nowhere; "" when one of `pods` takes it. `taker`, when given,
/// becomes that pod. Several pods share an address only when they use their node's network.
std::string why_not_to(Ipv4 address, uint32_t port, const std::vector<PodEndpoint>& pods,
                       PodEndpoint* taker = nullptr);

}  // namespace kabuki::overlay
