#pragma once

#include <cstdint>
#include <string_view>

#include "messages/result.hpp"
#include "runtime/io/random.hpp"

namespace kabuki::kubelet {

/// A random duration: `10s`, `uniform(5s,10s)` or `exp(30s)` (exponential with that mean).
class Distribution {
 public:
  /// Always `nanos`.
  static Distribution constant(int64_t nanos) { return {Kind::constant, nanos, nanos}; }
  static Distribution uniform(int64_t low, int64_t high) { return {Kind::uniform, low, high}; }
  /// Error: BadRequest that names what is wrong with `text`.
  static Result<Distribution> parse(std::string_view text);

  /// Nanoseconds, never negative.
  int64_t draw(io::Random& random) const;
  bool operator==(const Distribution&) const = default;

 private:
  enum class Kind { constant, uniform, exponential };
  Distribution(Kind kind, int64_t a, int64_t b) : kind_(kind), a_(a), b_(b) {}

  Kind kind_;
  int64_t a_;
  int64_t b_;
};

}  // namespace kabuki::kubelet
