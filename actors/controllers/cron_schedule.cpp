#include "actors/controllers/cron_schedule.hpp"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <vector>

#include "messages/status.hpp"
#include "messages/time_format.hpp"

namespace kabuki::controllers {
namespace {

constexpr int64_t kDay = 86'400;
constexpr int kYearsAhead = 5;
constexpr int64_t kSearchedDays = kYearsAhead * 366;

struct Field {
  int first, last;
  std::vector<std::string_view> names;  // of `first`, `first` + 1, ...
};

const std::array<Field, 5>& fields() {
  static const std::array<Field, 5> all = {
      Field{0, 59, {}}, Field{0, 23, {}}, Field{1, 31, {}},
      Field{1, 12, {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
      Field{0, 6, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}};
  return all;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<int> number(std::string_view text, const Field& field) {
  std::string low(text);
  std::transform(low.begin(), low.end(), low.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  auto named = std::find(field.names.begin(), field.names.end(), low);
  if (named != field.names.end()) return field.first + static_cast<int>(named - field.names.begin());
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

bool is_star(std::string_view text) { return text == "*" || text == "?"; }

/// The bits of `a`, `a-b`, `*`, each with or without `/step`. None where it is unsound.
std::optional<uint64_t> range_bits(std::string_view text, const Field& field) {
  const auto step_parts = split(text, '/');
  const auto bounds = split(step_parts[0], '-');
  if (step_parts.size() > 2 || bounds.size() > 2) return std::nullopt;
  std::optional<int> first, last;
  if (is_star(step_parts[0])) {
    first = field.first;
    last = field.last;
  } else {
    first = number(bounds[0], field);
    last = bounds.size() == 2 ? number(bounds[1], field) : step_parts.size() == 2 ? field.last : first;
  }
  const std::optional<int> step = step_parts.size() == 2 ? number(step_parts[1], Field{0, 0, {}}) : 1;
  if (!first || !last || !step || *step == 0 || *first < field.first || *last > field.last || *first > *last) {
    return std::nullopt;
  }
  uint64_t bits = 0;
  for (int i = *first; i <= *last; i += *step) bits |= uint64_t{1} << i;
  return bits;
}

std::optional<uint64_t> field_bits(std::string_view text, const Field& field) {
  uint64_t bits = 0;
  for (std::string_view part : split(text, ',')) {
    const auto more = range_bits(part, field);
    if (!more) return std::nullopt;
    bits |= *more;
  }
  return bits;
}

/// `@hourly` and its like as five fields; "" for anything else.
std::string_view macro(std::string_view text) {
  if (text == "@yearly" || text == "@annually") return "0 0 1 1 *";
  if (text == "@monthly") return "0 0 1 * *";
  if (text == "@weekly") return "0 0 * * 0";
  if (text == "@daily" || text == "@midnight") return "0 0 * * *";
  if (text == "@hourly") return "0 * * * *";
  return "";
}

absl::TimeZone zone_of(const std::string& name) {
  absl::TimeZone zone = absl::UTCTimeZone();
  if (!name.empty()) absl::LoadTimeZone(name, &zone);
  return zone;
}

bool starred(std::string_view text) {
  const auto parts = split(text, ',');
  return std::any_of(parts.begin(), parts.end(), [](auto part) { return is_star(split(part, '/')[0]); });
}

}  // namespace

Result<TimeZone> TimeZone::load(const std::string& name) {
  absl::TimeZone found;
  if (!name.empty() && !absl::LoadTimeZone(name, &found)) return bad_request("unknown time zone " + name);
  TimeZone zone;
  zone.name_ = name;
  return zone;
}

TimeZone::Civil TimeZone::civil(int64_t seconds) const {
  if (name_.empty()) {
    const int64_t day = seconds >= 0 ? seconds / kDay : (seconds - kDay + 1) / kDay;
    return {day, static_cast<int32_t>(seconds - day * kDay)};
  }
  const auto local = absl::ToCivilSecond(absl::FromUnixSeconds(seconds), zone_of(name_));
  const int64_t day = absl::CivilDay(local) - absl::CivilDay(1970, 1, 1);
  return {day, local.hour() * 3600 + local.minute() * 60 + local.second()};
}

int64_t TimeZone::moment(const Civil& civil) const {
  if (name_.empty()) return civil.day * kDay + civil.second;
  const absl::CivilSecond local = absl::CivilSecond(absl::CivilDay(1970, 1, 1) + civil.day) + civil.second;
  return absl::ToUnixSeconds(zone_of(name_).At(local).pre);
}

Result<CronSchedule> CronSchedule::parse(std::string_view text) {
  CronSchedule schedule;
  constexpr std::string_view kEvery = "@every ";
  if (text.starts_with(kEvery)) {
    const auto nanos = parse_duration(text.substr(kEvery.size()));
    if (!nanos) return bad_request("failed to parse duration " + std::string(text));
    schedule.every_seconds_ = std::max<int64_t>(1, *nanos / 1'000'000'000);
    return schedule;
  }
  const std::string_view fixed = macro(text);
  if (text.starts_with("@") && fixed.empty()) return bad_request("unrecognized descriptor: " + std::string(text));
  std::vector<std::string_view> words;
  for (std::string_view word : split(fixed.empty() ? text : fixed, ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  if (words.size() != fields().size()) {
    return bad_request("expected exactly 5 fields, found " + std::to_string(words.size()));
  }
  uint64_t* const bits[] = {&schedule.minutes_, &schedule.hours_, &schedule.days_, &schedule.months_,
                            &schedule.weekdays_};
  for (size_t i = 0; i < words.size(); ++i) {
    const auto found = field_bits(words[i], fields()[i]);
    if (!found) return bad_request("failed to parse \"" + std::string(words[i]) + "\"");
    *bits[i] = *found;
  }
  schedule.every_day_ = starred(words[2]);
  schedule.every_weekday_ = starred(words[4]);
  return schedule;
}

bool CronSchedule::fits_day(int64_t day) const {
  const std::chrono::sys_days date{std::chrono::days(day)};
  const std::chrono::year_month_day ymd(date);
  if (!(months_ >> static_cast<unsigned>(ymd.month()) & 1)) return false;
  const bool by_day = days_ >> static_cast<unsigned>(ymd.day()) & 1;
  const bool by_weekday = weekdays_ >> std::chrono::weekday(date).c_encoding() & 1;
  // Either of the two, where both are restricted.
  return every_day_ || every_weekday_ ? by_day && by_weekday : by_day || by_weekday;
}

std::optional<int64_t> CronSchedule::next(int64_t after, const TimeZone& zone) const {
  if (every_seconds_ > 0) return after + every_seconds_;
  const TimeZone::Civil from = zone.civil(after);
  for (int64_t day = from.day; day <= from.day + kSearchedDays; ++day) {
    if (!fits_day(day)) continue;
    for (int hour = 0; hour < 24; ++hour) {
      if (!(hours_ >> hour & 1)) continue;
      for (int minute = 0; minute < 60; ++minute) {
        if (!(minutes_ >> minute & 1)) continue;
        const int32_t second = hour * 3600 + minute * 60;
        if (day == from.day && second + 3600 < from.second) continue;
        const int64_t at = zone.moment({day, second});
        // A local time that clocks skip is no time at all.
        if (at > after && zone.civil(at).second == second) return at;
      }
    }
  }
  return std::nullopt;
}

CronSchedule::Due CronSchedule::due(int64_t from, int64_t now, const TimeZone& zone) const {
  Due due;
  const auto first = next(from, zone);
  if (!first || *first > now) {
    due.next = first;
    return due;
  }
  if (every_seconds_ > 0) {
    due.missed = (now - from) / every_seconds_;
    due.last = from + due.missed * every_seconds_;
    due.next = *due.last + every_seconds_;
    return due;
  }
  due.last = first;
  due.next = next(*first, zone);
  const int64_t apart = due.next ? *due.next - *first : kDay;
  due.missed = 1 + (now - *first) / apart;
  // Looked for backwards, further each time, so that a year of missed minutes is not walked through.
  for (int64_t back = apart; now - back > *first; back *= 2) {
    const auto near = next(now - back, zone);
    if (!near || *near > now) continue;
    due.last = near;
    due.next = next(*near, zone);
    break;
  }
  while (due.next && *due.next <= now) {
    due.last = due.next;
    due.next = next(*due.last, zone);
  }
  return due;
}

}  // namespace kabuki::controllers
