#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "messages/result.hpp"

namespace kabuki::kubelet {

/// How much of a resource a simulated container uses over time, in the resource's unit (millicores or bytes): `200m`,
/// `uniform(100m,300m)`, `sine(100m,400m,10m)`, `ramp(10Mi,1Gi,5m)`, `steps(100m,5m,400m,5m,200m)`. An amount may
/// also be a share of what the container requests: `80%`.
class UseProfile {
 public:
  enum class Unit { milli, whole };

  /// Always `percent` of the request.
  static UseProfile share(int64_t percent);
  /// Always `amount`.
  static UseProfile constant(int64_t amount);
  /// Error: BadRequest that names what is wrong with `text`.
  static Result<UseProfile> parse(std::string_view text, Unit unit);

  /// What an amount is asked for: whose, since when, out of how much.
  struct Container {
    uint64_t seed = 0;       // sets containers apart
    int64_t started_ns = 0;  // wall time
    int64_t request = 0;     // what shares are of
    bool operator==(const Container&) const = default;
  };
  /// The use at a moment, never negative. Pure.
  int64_t at(const Container& container, int64_t now_ns) const;

  /// The first moment from `from_ns` on at which the use is above `bound`.
  struct Crossing {
    bool found = false;
    int64_t at_ns = 0;  // not found: until when it is known to stay below; the largest number for ever
    bool operator==(const Crossing&) const = default;
  };
  Crossing first_above(int64_t bound, const Container& container, int64_t from_ns) const;

  bool operator==(const UseProfile&) const = default;

 private:
  enum class Form { constant, uniform, sine, ramp, steps };
  struct Amount {
    int64_t value = 0;
    bool percent = false;
    int64_t of(int64_t request) const;
    bool operator==(const Amount&) const = default;
  };
  static bool read_amount(std::string_view text, Unit unit, Amount* out);

  Form form_ = Form::constant;
  std::vector<Amount> amounts_;
  std::vector<int64_t> times_;  // a period, or how long each step but the last one takes
};

}  // namespace kabuki::kubelet
