#include "actors/controllers/endpoint_subsets.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

namespace kabuki::controllers {
namespace {

namespace core = ::k8s::io::api::core::v1;

using AddressKey = std::pair<std::string, std::string>;                      // ip, uid
using PortKey = std::tuple<std::string, std::string, int32_t, std::string>;  // name, protocol, port, application
using Ready = std::map<AddressKey, bool>;
using Addresses = google::protobuf::RepeatedPtrField<core::EndpointAddress>;

PortKey key_of(const core::EndpointPort& port) {
  return {port.name(), port.protocol(), port.port(), port.appprotocol()};
}

void cut(int most, Addresses* addresses) {
  if (addresses->size() > most) addresses->DeleteSubrange(most, addresses->size() - most);
}

}  // namespace

Subsets repack(const std::vector<SubsetEntry>& entries) {
  std::map<AddressKey, core::EndpointAddress> addresses;
  std::map<PortKey, core::EndpointPort> ports;
  std::map<PortKey, Ready> by_port;
  Ready portless;
  for (const SubsetEntry& entry : entries) {
    const AddressKey address{entry.address.ip(), entry.address.targetref().uid()};
    addresses.emplace(address, entry.address);
    if (entry.port) ports.emplace(key_of(*entry.port), *entry.port);
    Ready& ready = entry.port ? by_port[key_of(*entry.port)] : portless;
    auto [it, fresh] = ready.emplace(address, entry.ready);
    if (!fresh) it->second = it->second && entry.ready;
  }
  std::map<Ready, std::vector<PortKey>> by_addresses;
  if (!portless.empty()) by_addresses[portless];
  for (const auto& [port, ready] : by_port) by_addresses[ready].push_back(port);

  std::vector<std::pair<std::vector<PortKey>, core::EndpointSubset>> sorted;
  for (const auto& [ready, members] : by_addresses) {
    core::EndpointSubset subset;
    for (const auto& [address, is_ready] : ready) {
      *(is_ready ? subset.add_addresses() : subset.add_notreadyaddresses()) = addresses[address];
    }
    for (const PortKey& port : members) *subset.add_ports() = ports[port];
    sorted.emplace_back(members, std::move(subset));
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Subsets subsets;
  for (auto& [key, subset] : sorted) subsets.push_back(std::move(subset));
  return subsets;
}

bool truncate(size_t most, Subsets* subsets) {
  size_t ready = 0, unready = 0;
  for (const auto& subset : *subsets) {
    ready += static_cast<size_t>(subset.addresses_size());
    unready += static_cast<size_t>(subset.notreadyaddresses_size());
  }
  if (ready + unready <= most) return false;
  const bool of_ready = ready > most;
  const size_t total = of_ready ? ready : unready;
  const size_t room = of_ready ? most : most - ready;
  size_t left = room;
  for (auto& subset : *subsets) {
    Addresses* addresses = of_ready ? subset.mutable_addresses() : subset.mutable_notreadyaddresses();
    const auto size = static_cast<size_t>(addresses->size());
    const size_t share = std::min(left, (size * room + total - 1) / total);
    cut(static_cast<int>(share), addresses);
    if (of_ready) subset.clear_notreadyaddresses();
    left -= share;
  }
  return true;
}

}  // namespace kabuki::controllers
