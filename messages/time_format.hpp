#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kabuki {

/// A moment: seconds since 1970-01-01T00:00:00Z and 0..999,999,999 nanoseconds after them.
struct Moment {
  int64_t seconds = 0;
  int32_t nanos = 0;
  auto operator<=>(const Moment&) const = default;
};

/// RFC 3339 in whole seconds, UTC: "2026-11-22T10:25:47Z" (Kubernetes' Time). Years beyond 0..9999 are clamped.
std::string format_time(int64_t seconds);
/// With six digits of fraction: "2026-11-22T10:25:47.000123Z" (Kubernetes' MicroTime).
std::string format_micro_time(int64_t seconds, int32_t nanos);
/// Reads RFC 3339 with any fraction and offset; none when it is something else or no date of the calendar.
std::optional<Moment> parse_time(std::string_view text);

/// A duration as Go prints it: "1h2m3.5s", "1.5ms", "0s".
std::string format_duration(int64_t nanos);
/// Reads Go's form; none when it is something else or beyond int64 nanoseconds.
std::optional<int64_t> parse_duration(std::string_view text);

}  // namespace kabuki
