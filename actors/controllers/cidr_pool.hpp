#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/result.hpp"

namespace kabuki::controllers {

/// Hands out equal IPv4 ranges of a larger one, the lowest free first. It remembers nothing: it is rebuilt from the
/// ranges in use whenever it is asked. Pure.
class CidrPool {
 public:
  /// Error: BadRequest when `cluster` is no IPv4 range or has no room for a range of `mask` bits.
  static Result<CidrPool> make(std::string_view cluster, int mask);

  /// Takes every range out that `cidr` touches; what is no IPv4 range or lies outside is ignored.
  void occupy(std::string_view cidr);
  /// The lowest free range, which is taken by this; none when all are.
  std::optional<std::string> take();
  size_t size() const { return used_.size(); }

 private:
  CidrPool(uint32_t base, int mask, size_t count) : base_(base), mask_(mask), used_(count) {}

  uint32_t base_;
  int mask_;
  std::vector<bool> used_;
  size_t next_ = 0;  // all before are in use
};

}  // namespace kabuki::controllers
