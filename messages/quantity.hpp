#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "messages/result.hpp"

namespace kabuki {

/// An amount of a resource as Kubernetes writes it: `500m`, `1.5Gi`, `12e6`. Exact to one nano-unit; what is finer is
/// rounded away from zero, what is out of range (±10^28 units, of binary quantities ±(2^63 - 1)) is the nearest
/// bound.
class Quantity {
 public:
  /// The family of suffixes that `text` writes.
  enum class Format { decimal_si, binary_si, decimal_exponent };

  /// Zero.
  Quantity() = default;
  static Quantity of_value(int64_t value, Format format = Format::decimal_si);
  static Quantity of_milli(int64_t milli, Format format = Format::decimal_si);

  /// Reads Kubernetes' grammar: a signed decimal number and a suffix (n u m k M G T P E, Ki to Ei, or an exponent
  /// such as e3). Error: BadRequest in Kubernetes' words.
  static Result<Quantity> parse(std::string_view text);

  /// The canonical form: the largest suffix of its family that needs no fraction. Parsing it gives an equal quantity.
  std::string text() const;

  /// In units or thousandths of one, rounded away from zero; saturates at the bounds of int64.
  int64_t value() const;
  int64_t milli() const;

  Format format() const { return format_; }
  bool is_zero() const { return nanos_ == 0; }
  /// -1, 0 or 1.
  int sign() const { return nanos_ < 0 ? -1 : nanos_ > 0; }

  /// Saturate at the bounds; zero takes the other's format.
  void add(const Quantity& other);
  void subtract(const Quantity& other);

  /// By amount: 1Ki equals 1024.
  std::strong_ordering operator<=>(const Quantity& other) const {
    return nanos_ < other.nanos_   ? std::strong_ordering::less
           : nanos_ > other.nanos_ ? std::strong_ordering::greater
                                   : std::strong_ordering::equal;
  }
  bool operator==(const Quantity& other) const { return nanos_ == other.nanos_; }

 private:
  using Wide = __int128;

  Quantity(Wide nanos, Format format) : nanos_(nanos), format_(format) {}
  int64_t scaled(Wide unit_nanos) const;

  Wide nanos_ = 0;
  Format format_ = Format::decimal_si;
};

}  // namespace kabuki
