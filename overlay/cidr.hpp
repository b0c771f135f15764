#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "messages/result.hpp"

namespace kabuki::overlay {

/// An IPv4 address in host byte order. 0 stands for none.
struct Ipv4 {
  uint32_t value = 0;
  auto operator<=>(const Ipv4&) const = default;

  explicit operator bool() const { return value != 0; }
  /// "10.244.0.7".
  std::string text() const;
  /// Reads four decimal numbers without leading zeros, as Kubernetes does; none when it is something else.
  static std::optional<Ipv4> parse(std::string_view text);
};

/// An IPv4 prefix: `base` has no bit set behind the first `bits`.
struct Cidr {
  Ipv4 base;
  int bits = 32;
  auto operator<=>(const Cidr&) const = default;

  /// "10.244.0.0/24".
  std::string text() const;
  /// Error: BadRequest for anything but address/0..32, and for an address with bits set behind the prefix.
  static Result<Cidr> parse(std::string_view text);

  bool contains(Ipv4 address) const;
  bool overlaps(const Cidr& other) const;
  /// Number of addresses.
  uint64_t size() const { return uint64_t{1} << (32 - bits); }
  /// The n-th address, from 0; asserts that n < size().
  Ipv4 at(uint64_t n) const;
  /// How many prefixes of `subnet_bits` fit; 0 when it is shorter than this one.
  uint64_t subnets(int subnet_bits) const;
  /// The n-th of them; asserts that there are that many.
  Cidr subnet(uint64_t n, int subnet_bits) const;
};

}  // namespace kabuki::overlay
