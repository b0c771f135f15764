#include "actors/api_server/service_addresses.hpp"

#include <arpa/inet.h>
#include <optional>

#include "messages/field_scan.hpp"
#include "messages/status.hpp"

namespace kabuki::api_server {
namespace {

// .0.0 is the network, .0.1 is default/kubernetes, .0.10 is left to a DNS service as in every Kubernetes.
constexpr uint32_t kFirst = 11;
constexpr uint32_t kEnd = 65535;

Error refused(const Key& key, const std::string& address, const std::string& why) {
  return invalid(
      kind_of(kinds::kService), key.name,
      {invalid_value("spec.clusterIPs", "[\"" + address + "\"]", "failed to allocate IP " + address + ": " + why)});
}

/// The last two numbers of an address below `prefix`; none when it is no such address.
std::optional<uint32_t> number_in(const std::string& prefix, const std::string& address) {
  in_addr parsed{};
  if (::inet_pton(AF_INET, address.c_str(), &parsed) != 1 || !address.starts_with(prefix + ".")) return std::nullopt;
  return ntohl(parsed.s_addr) & 0xffff;
}

}  // namespace

std::string service_address(const Object& service) {
  for (const SelectableField& field : kind_of(kinds::kService).selectable) {
    if (field.path != "spec.clusterIP") continue;
    std::string address(scan_bytes(service.body(), field.numbers));
    return address == "None" ? std::string() : address;
  }
  return {};
}

Error taken_address(const Key& service, const std::string& address) {
  return refused(service, address, "provided IP is already allocated");
}

void ServiceAddresses::put(const Object& service) {
  const std::string address = service_address(service);
  auto known = of_service_.find(service.key());
  if (known != of_service_.end() && known->second == address) return;
  if (known != of_service_.end()) remove(service);
  if (address.empty()) return;
  of_service_.emplace(service.key(), address);
  users_[address].insert(service.key());
  given_.erase(address);
}

void ServiceAddresses::remove(const Object& service) {
  auto known = of_service_.find(service.key());
  if (known == of_service_.end()) return;
  auto users = users_.find(known->second);
  users->second.erase(service.key());
  if (users->second.empty()) users_.erase(users);
  of_service_.erase(known);
}

Result<> ServiceAddresses::claim(const Key& key, const std::string& address) {
  auto number = number_in(prefix_, address);
  if (!number || *number == 0 || *number == kEnd) {
    return refused(key, address,
                   "the provided IP (" + address + ") is not in the valid range. The range of valid IPs is " +
                       prefix_ + ".0.0/16");
  }
  // Whoever asks again for what it has is told so by the store.
  auto own = of_service_.find(key);
  if (own != of_service_.end() && own->second == address) return {};
  const bool unreserved = (given_.contains(address) || users_.contains(address)) && !reserved_.contains(address);
  if (unreserved) return taken_address(key, address);
  given_.insert(address);
  return {};
}

Result<std::string> ServiceAddresses::allocate() {
  uint32_t places = (kEnd - kFirst) / static_cast<uint32_t>(slots_);
  for (uint32_t tried = 0; tried < places; ++tried) {
    uint32_t number = kFirst + (next_++ % places) * static_cast<uint32_t>(slots_) + static_cast<uint32_t>(slot_);
    std::string address = prefix_ + "." + std::to_string(number >> 8) + "." + std::to_string(number & 255);
    if (is_taken(address)) continue;
    given_.insert(address);
    return address;
  }
  return internal_error("no service address is free in " + prefix_ + ".0.0/16");
}

}  // namespace kabuki::api_server
