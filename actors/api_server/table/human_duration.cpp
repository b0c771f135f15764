#include "actors/api_server/table/human_duration.hpp"

namespace kabuki::api_server {
namespace {

std::string in(int64_t n, const char* unit) { return std::to_string(n) + unit; }

// "5h", or "5h3m" when the smaller unit is not zero.
std::string with_rest(int64_t n, const char* unit, int64_t rest, const char* smaller) {
  return rest == 0 ? in(n, unit) : in(n, unit) + in(rest, smaller);
}

std::string age(int64_t seconds, int32_t nanos, io::WallTime now) {
  if (seconds == 0 && nanos == 0) return "<unknown>";
  return human_duration(now - io::WallTime{seconds * 1'000'000'000 + nanos});
}

}  // namespace

std::string human_duration(io::Duration age) {
  const int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(age).count();
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 2 * 60) return in(seconds, "s");
  const int64_t minutes = seconds / 60;
  if (minutes < 10) return with_rest(minutes, "m", seconds % 60, "s");
  if (minutes < 3 * 60) return in(minutes, "m");
  const int64_t hours = minutes / 60;
  if (hours < 8) return with_rest(hours, "h", minutes % 60, "m");
  if (hours < 48) return in(hours, "h");
  const int64_t days = hours / 24;
  if (hours < 24 * 8) return with_rest(days, "d", hours % 24, "h");
  if (hours < 24 * 365 * 2) return in(days, "d");
  const int64_t years = days / 365;
  if (hours < 24 * 365 * 8) return with_rest(years, "y", days % 365, "d");
  return in(years, "y");
}

std::string age_of(const ::k8s::io::apimachinery::pkg::apis::meta::v1::Time& time, io::WallTime now) {
  return age(time.seconds(), 0, now);
}

std::string age_of(const ::k8s::io::apimachinery::pkg::apis::meta::v1::MicroTime& time, io::WallTime now) {
  return age(time.seconds(), time.nanos(), now);
}

}  // namespace kabuki::api_server
