#pragma once

#include "runtime/io/clock.hpp"

namespace kabuki::runtime::sim {

/// A clock that runs at its own speed beside the world's: `drift_ppm` parts in a million too fast. Its wall time is
/// off by `skew` besides.
struct ClockError {
  io::Duration skew{0};
  int64_t drift_ppm = 0;
};

/// The world's time as one host sees it.
class SimClock final : public io::Clock {
 public:
  /// `now` is the world's time in nanoseconds since its beginning, `epoch` that beginning's wall time.
  SimClock(const int64_t* now, io::WallTime epoch, ClockError error) : now_(now), epoch_(epoch), error_(error) {}

  io::WallTime wall() const override;
  io::MonoTime mono() const override;
  /// How long the world takes while this clock counts `delay`.
  io::Duration in_world(io::Duration delay) const;
  void set_error(ClockError error);

 private:
  const int64_t* now_;
  const io::WallTime epoch_;
  ClockError error_;
  int64_t changed_at_ = 0;  // world's time of the last change of speed
  int64_t mono_then_ = 0;   // this clock's time then, so that it never goes back
};

}  // namespace kabuki::runtime::sim
