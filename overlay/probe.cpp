#include "overlay/probe.hpp"

#include <algorithm>

namespace kabuki::overlay {
namespace {

bool listens(const PodEndpoint& pod, uint32_t port) {
  return port == 0 || std::binary_search(pod.ports.begin(), pod.ports.end(), static_cast<int32_t>(port));
}

}  // namespace

std::string describe(const PodEndpoint& pod) {
  return "pod " + pod.ns + "/" + pod.name + (pod.address ? " (" + pod.address.text() + ")" : "");
}

std::string why_not_from(const PodEndpoint& pod) {
  if (!pod.address) return describe(pod) + " has no address yet";
  if (!pod.running) return describe(pod) + " is not running";
  return {};
}

std::string why_not_to(Ipv4 address, uint32_t port, const std::vector<PodEndpoint>& pods, PodEndpoint* taker) {
  std::string why = "no pod has the address " + address.text();
  for (const PodEndpoint& pod : pods) {
    if (pod.address != address) continue;
    if (!pod.running) {
      why = describe(pod) + " is not running";
      continue;
    }
    if (!listens(pod, port)) {
      why = describe(pod) + " does not listen on port " + std::to_string(port);
      continue;
    }
    if (taker) *taker = pod;
    return {};
  }
  return why;
}

}  // namespace kabuki::overlay
