#pragma once

#include <optional>

#include "runtime/io/time.hpp"
#include "store/limits.hpp"

namespace kabuki::store {

/// Whether a shard still reaches a store that others write to, too, by what became of its barriers. Pure.
class StoreReach {
 public:
  /// A barrier that was asked for at `asked` has been answered.
  void answered(bool ok, io::MonoTime asked) {
    if (ok) {
      failing_since_.reset();
    } else if (!failing_since_) {
      failing_since_ = asked;
    }
  }
  /// Nothing has come from the store for a while: what is served may be old, and what is written does not arrive.
  bool is_cut_off(io::MonoTime now) const { return failing_since_ && now - *failing_since_ >= limits::kCutOff; }
  /// When the first of the barriers was asked for that all have failed; none when the last one has not.
  std::optional<io::MonoTime> failing_since() const { return failing_since_; }

 private:
  std::optional<io::MonoTime> failing_since_;
};

}  // namespace kabuki::store
