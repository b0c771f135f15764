#include "actors/controllers/cidr_pool.hpp"

#include <algorithm>
#include <charconv>

#include "messages/status.hpp"

namespace kabuki::controllers {
namespace {

struct Range {
  uint32_t first = 0;
  int mask = 32;
  uint64_t size() const { return uint64_t{1} << (32 - mask); }
};

std::optional<Range> parse(std::string_view text) {
  const char* at = text.data();
  const char* end = at + text.size();
  auto number = [&](unsigned most) -> std::optional<unsigned> {
    unsigned value = 0;
    auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc() || value > most) return std::nullopt;
    at = next;
    return value;
  };
  Range range;
  for (int i = 0; i < 4; ++i) {
    if (i > 0 && (at == end || *at++ != '.')) return std::nullopt;
    const auto byte = number(255);
    if (!byte) return std::nullopt;
    range.first = range.first << 8 | *byte;
  }
  if (at == end || *at++ != '/') return std::nullopt;
  const auto mask = number(32);
  if (!mask || at != end) return std::nullopt;
  range.mask = static_cast<int>(*mask);
  range.first &= static_cast<uint32_t>(~(range.size() - 1));
  return range;
}

}  // namespace

Result<CidrPool> CidrPool::make(std::string_view cluster, int mask) {
  const auto range = parse(cluster);
  constexpr int kMaxBits = 24;  // of the number of ranges
  if (!range || mask < range->mask || mask > 32 || mask - range->mask > kMaxBits) {
    return bad_request("cluster range " + std::string(cluster) + " has no ranges of " + std::to_string(mask) +
                       " bits");
  }
  return CidrPool(range->first, mask, size_t{1} << (mask - range->mask));
}

void CidrPool::occupy(std::string_view cidr) {
  const auto range = parse(cidr);
  if (!range) return;
  const uint64_t each = uint64_t{1} << (32 - mask_);
  const uint64_t end = base_ + each * used_.size();
  const uint64_t first = std::max<uint64_t>(range->first, base_);
  const uint64_t last = std::min<uint64_t>(range->first + range->size(), end);
  for (uint64_t at = first; at < last; at = (at / each + 1) * each) used_[(at - base_) / each] = true;
}

std::optional<std::string> CidrPool::take() {
  while (next_ < used_.size() && used_[next_]) ++next_;
  if (next_ == used_.size()) return std::nullopt;
  used_[next_] = true;
  const auto address = static_cast<uint32_t>(base_ + (uint64_t{next_} << (32 - mask_)));
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    text += (shift < 24 ? "." : "") + std::to_string(address >> shift & 255);
  }
  return text + "/" + std::to_string(mask_);
}

}  // namespace kabuki::controllers
