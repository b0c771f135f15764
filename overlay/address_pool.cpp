#include "overlay/address_pool.hpp"

#include <algorithm>
#include <cassert>

#include "messages/status.hpp"

namespace kabuki::overlay {
namespace {

// Below this size there is no room for gateway and broadcast: every address but the first is a pod's.
constexpr int kSmallestWithGateway = 30;

}  // namespace

AddressPool::AddressPool(Cidr cidr) : cidr_(cidr), used_(cidr.size(), false) {
  for (uint64_t n = 0; n < cidr_.size(); ++n) capacity_ += usable(cidr_.at(n));
}

bool AddressPool::usable(Ipv4 address) const {
  if (!cidr_.contains(address) || !address) return false;
  const uint64_t offset = address.value - cidr_.base.value;
  if (cidr_.bits > kSmallestWithGateway) return true;
  return offset > 1 && offset + 1 < cidr_.size();
}

Result<Ipv4> AddressPool::allocate() {
  if (used_count_ < capacity_) {
    for (uint64_t step = 0; step < cidr_.size(); ++step) {
      const uint64_t offset = (next_ + step) % cidr_.size();
      const Ipv4 address = cidr_.at(offset);
      if (used_[offset] || !usable(address)) continue;
      used_[offset] = true;
      ++used_count_;
      next_ = offset + 1;
      return address;
    }
  }
  return too_many_requests("no free pod address is left in " + cidr_.text(), 1);
}

bool AddressPool::reserve(Ipv4 address) {
  if (!usable(address) || in_use(address)) return false;
  const uint64_t offset = address.value - cidr_.base.value;
  used_[offset] = true;
  ++used_count_;
  next_ = std::max(next_, offset + 1);
  return true;
}

void AddressPool::release(Ipv4 address) {
  if (!in_use(address)) return;
  used_[address.value - cidr_.base.value] = false;
  --used_count_;
}

bool AddressPool::in_use(Ipv4 address) const {
  return cidr_.contains(address) && used_[address.value - cidr_.base.value];
}

}  // namespace kabuki::overlay
