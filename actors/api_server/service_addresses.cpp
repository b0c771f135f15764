#include "actors/api_server/service_addresses.hpp"

#include "messages/field_scan.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

// .0.0 is the network, .0.1 is default/kubernetes, .0.10 is left to a DNS service as in every Kubernetes.
constexpr uint32_t kFirst = 11;
constexpr uint32_t kEnd = 65535;

std::string cluster_ip(const Object& service) {
  const Kind& kind = kind_of(kinds::kService);
  for (const SelectableField& field : kind.selectable) {
    if (field.path == "spec.clusterIP") return std::string(scan_bytes(service.body(), field.numbers));
  }
  return {};
}

}  // namespace

void ServiceAddresses::put(const Object& service) {
  std::string address = cluster_ip(service);
  if (address.empty() || address == "None") return;
  auto [known, is_new] = of_service_.emplace(service.key(), address);
  // What this API server gave out itself is held already.
  if (is_new && !held_.contains(address)) held_.insert(address);
}

void ServiceAddresses::remove(const Object& service) {
  auto known = of_service_.find(service.key());
  if (known == of_service_.end()) return;
  if (auto held = held_.find(known->second); held != held_.end()) held_.erase(held);
  of_service_.erase(known);
}

Result<std::string> ServiceAddresses::allocate() {
  uint32_t places = (kEnd - kFirst) / static_cast<uint32_t>(slots_);
  for (uint32_t tried = 0; tried < places; ++tried) {
    uint32_t number = kFirst + (next_++ % places) * static_cast<uint32_t>(slots_) + static_cast<uint32_t>(slot_);
    std::string address = prefix_ + "." + std::to_string(number >> 8) + "." + std::to_string(number & 255);
    if (held_.contains(address)) continue;
    held_.insert(address);
    return address;
  }
  return internal_error("no service address is free in " + prefix_ + ".0.0/16");
}

}  // namespace kabuki::api_server
