#include "runtime/sim/sim_clock.hpp"

#include <algorithm>

namespace kabuki::runtime::sim {
namespace {

constexpr int64_t kMillion = 1'000'000;

int64_t scaled(int64_t ns, int64_t by, int64_t of) {
  return static_cast<int64_t>(static_cast<__int128>(ns) * by / of);
}

}  // namespace

io::MonoTime SimClock::mono() const {
  return {mono_then_ + scaled(*now_ - changed_at_, kMillion + error_.drift_ppm, kMillion)};
}

io::WallTime SimClock::wall() const { return {epoch_.ns + mono().ns + error_.skew.count()}; }

io::Duration SimClock::in_world(io::Duration delay) const {
  if (error_.drift_ppm == 0) return delay;
  // Rounded up: who waits for a moment of its clock and wakes before it would wait for nothing, again and again.
  const int64_t down = scaled(delay.count(), kMillion, kMillion + error_.drift_ppm);
  return io::Duration(scaled(down, kMillion + error_.drift_ppm, kMillion) < delay.count() ? down + 1 : down);
}

void SimClock::set_error(ClockError error) {
  mono_then_ = mono().ns;
  changed_at_ = *now_;
  error_ = error;
}

}  // namespace kabuki::runtime::sim
