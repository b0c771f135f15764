#include "overlay/cidr.hpp"

#include <cassert>

#include "messages/status.hpp"

namespace kabuki::overlay {
namespace {

/// Takes a decimal number of at most `max` off the front; leading zeros are refused, as other tools read them as
/// octal.
std::optional<uint32_t> take_number(std::string_view* text, uint32_t max) {
  uint32_t value = 0;
  size_t digits = 0;
  while (digits < text->size() && (*text)[digits] >= '0' && (*text)[digits] <= '9') {
    value = value * 10 + static_cast<uint32_t>((*text)[digits] - '0');
    if (value > max) return std::nullopt;
    ++digits;
  }
  if (digits == 0 || (digits > 1 && text->front() == '0')) return std::nullopt;
  text->remove_prefix(digits);
  return value;
}

uint32_t mask(int bits) { return bits == 0 ? 0 : ~uint32_t{0} << (32 - bits); }

}  // namespace

std::string Ipv4::text() const {
  return std::to_string(value >> 24) + "." + std::to_string(value >> 16 & 255) + "." +
         std::to_string(value >> 8 & 255) + "." + std::to_string(value & 255);
}

std::optional<Ipv4> Ipv4::parse(std::string_view text) {
  Ipv4 address;
  for (int part = 0; part < 4; ++part) {
    if (part > 0) {
      if (text.empty() || text.front() != '.') return std::nullopt;
      text.remove_prefix(1);
    }
    const auto number = take_number(&text, 255);
    if (!number) return std::nullopt;
    address.value = address.value << 8 | *number;
  }
  if (!text.empty()) return std::nullopt;
  return address;
}

std::string Cidr::text() const { return base.text() + "/" + std::to_string(bits); }

Result<Cidr> Cidr::parse(std::string_view text) {
  const auto malformed = [&](std::string_view why) {
    return bad_request("invalid CIDR \"" + std::string(text) + "\": " + std::string(why));
  };
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return malformed("expected ADDRESS/BITS");
  const auto base = Ipv4::parse(text.substr(0, slash));
  if (!base) return malformed("the address is not IPv4");
  std::string_view rest = text.substr(slash + 1);
  const auto bits = take_number(&rest, 32);
  if (!bits || !rest.empty()) return malformed("the prefix length is not a number from 0 to 32");
  const Cidr cidr{*base, static_cast<int>(*bits)};
  if ((base->value & ~mask(cidr.bits)) != 0) return malformed("the address has bits set behind the prefix");
  return cidr;
}

bool Cidr::contains(Ipv4 address) const { return (address.value & mask(bits)) == base.value; }

bool Cidr::overlaps(const Cidr& other) const { return contains(other.base) || other.contains(base); }

Ipv4 Cidr::at(uint64_t n) const {
  assert(n < size());
  return {base.value + static_cast<uint32_t>(n)};
}

uint64_t Cidr::subnets(int subnet_bits) const {
  assert(subnet_bits <= 32);
  return subnet_bits < bits ? 0 : uint64_t{1} << (subnet_bits - bits);
}

Cidr Cidr::subnet(uint64_t n, int subnet_bits) const {
  assert(n < subnets(subnet_bits));
  return {{base.value + static_cast<uint32_t>(n << (32 - subnet_bits))}, subnet_bits};
}

}  // namespace kabuki::overlay
