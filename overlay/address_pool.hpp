#pragma once

#include <cstdint>
#include <vector>

#include "messages/result.hpp"
#include "overlay/cidr.hpp"

namespace kabuki::overlay {

/// The addresses of one node's pod CIDR. The network's own address, the first host (the node's gateway) and the
/// broadcast address are never given out. Goes round the prefix, so that an address that was just released is used
/// again last; the same calls give the same addresses. Owned by one actor.
class AddressPool {
 public:
  explicit AddressPool(Cidr cidr);

  const Cidr& cidr() const { return cidr_; }
  /// How many pods can have an address at once.
  size_t capacity() const { return capacity_; }
  size_t used() const { return used_count_; }

  /// The next free address. Error: TooManyRequests when every one is in use.
  Result<Ipv4> allocate();
  /// Marks an address as in use, as a pod's recorded status says; false when it is in use already or not one of the
  /// pool's. Allocation goes on behind the highest reserved address.
  bool reserve(Ipv4 address);
  /// Only once the pod is gone. Does nothing for an address that is not in use.
  void release(Ipv4 address);
  bool in_use(Ipv4 address) const;

 private:
  bool usable(Ipv4 address) const;

  Cidr cidr_;
  size_t capacity_ = 0;
  size_t used_count_ = 0;
  uint64_t next_ = 0;  // offset at which the search for a free address begins
  std::vector<bool> used_;
};

}  // namespace kabuki::overlay
