#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace kabuki::io {

using Duration = std::chrono::nanoseconds;

/// Nanoseconds since the Unix epoch, UTC. May jump; only for what people and clients read.
struct WallTime {
  int64_t ns = 0;
  auto operator<=>(const WallTime&) const = default;
  int64_t seconds() const { return ns / 1'000'000'000; }
};
/// Nanoseconds since some fixed point of this host's life. Never goes back; what timeouts are measured in.
struct MonoTime {
  int64_t ns = 0;
  auto operator<=>(const MonoTime&) const = default;
};

inline WallTime operator+(WallTime t, Duration d) { return {t.ns + d.count()}; }
inline Duration operator-(WallTime a, WallTime b) { return Duration(a.ns - b.ns); }
inline MonoTime operator+(MonoTime t, Duration d) { return {t.ns + d.count()}; }
inline MonoTime operator-(MonoTime t, Duration d) { return {t.ns - d.count()}; }
inline Duration operator-(MonoTime a, MonoTime b) { return Duration(a.ns - b.ns); }

}  // namespace kabuki::io
