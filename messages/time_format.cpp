#include "messages/time_format.hpp"

#include <algorithm>
#include <cstdio>

namespace kabuki {
namespace {

constexpr int64_t kSecondsPerDay = 86400;
constexpr int64_t kFirstSecond = -62167219200;  // 0000-01-01T00:00:00Z
constexpr int64_t kLastSecond = 253402300799;   // 9999-12-31T23:59:59Z

struct Date {
  int64_t year;
  int month;
  int day;
};

// Howard Hinnant's algorithms for the proleptic Gregorian calendar.
int64_t days_from_civil(Date date) {
  const int64_t y = date.year - (date.month <= 2 ? 1 : 0);
  const int64_t era = (y >= 0 ? y : y - 399) / 400;
  const int64_t year_of_era = y - era * 400;
  const int64_t day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

Date civil_from_days(int64_t days) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  const int month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

void append_digits(int64_t value, int count, std::string* out) {
  char digits[20];
  for (int i = count - 1; i >= 0; --i) {
    digits[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out->append(digits, static_cast<size_t>(count));
}

std::string format_seconds(int64_t seconds) {
  seconds = std::clamp(seconds, kFirstSecond, kLastSecond);
  int64_t days = seconds / kSecondsPerDay;
  int64_t rest = seconds % kSecondsPerDay;
  if (rest < 0) {
    rest += kSecondsPerDay;
    --days;
  }
  const Date date = civil_from_days(days);
  std::string out;
  out.reserve(28);
  append_digits(date.year, 4, &out);
  out += '-';
  append_digits(date.month, 2, &out);
  out += '-';
  append_digits(date.day, 2, &out);
  out += 'T';
  append_digits(rest / 3600, 2, &out);
  out += ':';
  append_digits(rest / 60 % 60, 2, &out);
  out += ':';
  append_digits(rest % 60, 2, &out);
  return out;
}

/// Takes `count` digits off the front of `text`; -1 when they are not there.
int take_digits(std::string_view* text, size_t count) {
  if (text->size() < count) return -1;
  int value = 0;
  for (size_t i = 0; i < count; ++i) {
    const char c = (*text)[i];
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  text->remove_prefix(count);
  return value;
}

bool take(std::string_view* text, char c) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

int days_in_month(int year, int month) {
  if (month == 2) return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/// Seconds east of UTC; none when it is no offset.
std::optional<int> take_offset(std::string_view* text) {
  if (take(text, 'Z') || take(text, 'z')) return 0;
  const int sign = take(text, '+') ? 1 : take(text, '-') ? -1 : 0;
  const int hours = sign ? take_digits(text, 2) : -1;
  if (hours < 0 || hours > 23 || !take(text, ':')) return std::nullopt;
  const int minutes = take_digits(text, 2);
  if (minutes < 0 || minutes > 59) return std::nullopt;
  return sign * (hours * 3600 + minutes * 60);
}

}  // namespace

std::string format_time(int64_t seconds) { return format_seconds(seconds) + "Z"; }

std::string format_micro_time(int64_t seconds, int32_t nanos) {
  std::string out = format_seconds(seconds);
  out += '.';
  append_digits(std::clamp(nanos, 0, 999'999'999) / 1000, 6, &out);
  out += 'Z';
  return out;
}

std::optional<Moment> parse_time(std::string_view text) {
  const int year = take_digits(&text, 4);
  if (year < 0 || !take(&text, '-')) return std::nullopt;
  const int month = take_digits(&text, 2);
  if (month < 1 || month > 12 || !take(&text, '-')) return std::nullopt;
  const int day = take_digits(&text, 2);
  if (day < 1 || day > days_in_month(year, month) || !(take(&text, 'T') || take(&text, 't'))) return std::nullopt;
  const int hour = take_digits(&text, 2);
  if (hour < 0 || hour > 23 || !take(&text, ':')) return std::nullopt;
  const int minute = take_digits(&text, 2);
  if (minute < 0 || minute > 59 || !take(&text, ':')) return std::nullopt;
  const int second = take_digits(&text, 2);
  if (second < 0 || second > 59) return std::nullopt;

  Moment moment;
  if (take(&text, '.')) {
    int32_t unit = 100'000'000;
    size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
      moment.nanos += (text[digits] - '0') * unit;
      unit /= 10;
    }
    if (digits == 0) return std::nullopt;
    text.remove_prefix(digits);
  }
  const auto offset = take_offset(&text);
  if (!offset || !text.empty()) return std::nullopt;
  moment.seconds =
      days_from_civil({year, month, day}) * kSecondsPerDay + hour * 3600 + minute * 60 + second - *offset;
  return moment;
}

std::string format_duration(int64_t nanos) {
  if (nanos == 0) return "0s";
  uint64_t rest = nanos < 0 ? ~static_cast<uint64_t>(nanos) + 1 : static_cast<uint64_t>(nanos);
  std::string out = nanos < 0 ? "-" : "";
  const auto fraction = [&out](uint64_t value, uint64_t unit) {
    out += std::to_string(value / unit);
    uint64_t below = value % unit;
    if (below == 0) return;
    out += '.';
    while (below != 0) {
      unit /= 10;
      out += static_cast<char>('0' + below / unit);
      below %= unit;
    }
  };
  if (rest < 1'000) return out + std::to_string(rest) + "ns";
  if (rest < 1'000'000) return fraction(rest, 1'000), out + "\u00b5s";
  if (rest < 1'000'000'000) return fraction(rest, 1'000'000), out + "ms";
  const uint64_t hours = rest / 3'600'000'000'000;
  const uint64_t minutes = rest / 60'000'000'000;
  if (hours) out += std::to_string(hours) + "h";
  if (minutes) out += std::to_string(minutes % 60) + "m";
  fraction(rest % 60'000'000'000, 1'000'000'000);
  return out + "s";
}

std::optional<int64_t> parse_duration(std::string_view text) {
  const bool negative = take(&text, '-');
  if (!negative) take(&text, '+');
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  static constexpr struct {
    std::string_view name;
    int64_t nanos;
  } kUnits[] = {{"ns", 1},         {"us", 1'000},        {"\u00b5s", 1'000},    {"\u03bcs", 1'000},
                {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}};
  __int128 total = 0;
  while (!text.empty()) {
    __int128 whole = 0;
    __int128 part = 0;
    int64_t scale = 1;
    bool digits = false;
    bool after_point = false;
    for (; !text.empty(); text.remove_prefix(1)) {
      const char c = text.front();
      if (c == '.' && !after_point) {
        after_point = true;
      } else if (c >= '0' && c <= '9') {
        digits = true;
        if (!after_point) {
          whole = whole * 10 + (c - '0');
          if (whole > INT64_MAX) return std::nullopt;
        } else if (scale < 1'000'000'000'000'000) {
          part = part * 10 + (c - '0');
          scale *= 10;
        }
      } else {
        break;
      }
    }
    if (!digits) return std::nullopt;
    const size_t end = std::min(text.find_first_of("0123456789."), text.size());
    const auto* unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                    [&](const auto& candidate) { return candidate.name == text.substr(0, end); });
    if (unit == std::end(kUnits)) return std::nullopt;
    text.remove_prefix(end);
    total += whole * unit->nanos + part * unit->nanos / scale;
    if (total > INT64_MAX) return std::nullopt;
  }
  return static_cast<int64_t>(negative ? -total : total);
}

}  // namespace kabuki
