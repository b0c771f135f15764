#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kabuki::io {

/// A seeded stream of random numbers (xoshiro256**), the same on every machine and library. Not thread-safe; who
/// needs numbers keeps a stream of its own, split off by name.
class Random {
 public:
  explicit Random(uint64_t seed);

  uint64_t next();
  /// Uniform in [0, bound); 0 for bound 0. Unbiased.
  uint64_t below(uint64_t bound);
  /// Uniform in [low, high], both included.
  int64_t between(int64_t low, int64_t high);
  /// Uniform in [0, 1).
  double unit();
  bool chance(double probability);
  /// Exponential with this mean.
  double exponential(double mean);
  /// An independent stream, determined by this stream's seed and `name` alone.
  Random split(std::string_view name) const;
  /// A version 4 UUID in lower case.
  std::string uuid();
  /// `n` characters of Kubernetes' safe alphabet (bcdfghjklmnpqrstvwxz2456789): generateName's suffix.
  std::string suffix(int n);

 private:
  uint64_t seed_;
  uint64_t state_[4];
};

}  // namespace kabuki::io
