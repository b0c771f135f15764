#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "messages/result.hpp"

namespace kabuki::controllers {

/// A time zone of the system's tz database, by its IANA name.
class TimeZone {
 public:
  /// Error: BadRequest where there is no such zone. "" is UTC.
  static Result<TimeZone> load(const std::string& name);

  struct Civil {
    int64_t day = 0;     // since 1970-01-01
    int32_t second = 0;  // of the day
  };
  Civil civil(int64_t seconds) const;
  /// The moment of a local time; the later one where clocks are put forward over it, the earlier where it comes
  /// twice.
  int64_t moment(const Civil& civil) const;

 private:
  std::string name_;  // "" is UTC
};

/// When a cron job runs: five fields (minute, hour, day of month, month, day of week) with lists, ranges, steps and
/// names, or @hourly and its like, or `@every 1h30m`. Pure. Source: robfig/cron v3, which Kubernetes uses.
class CronSchedule {
 public:
  /// Error: BadRequest that says what is wrong.
  static Result<CronSchedule> parse(std::string_view text);

  /// The first moment after `after`, in seconds since 1970; none within five years.
  std::optional<int64_t> next(int64_t after, const TimeZone& zone = {}) const;

  struct Due {
    std::optional<int64_t> last;  // of the times after `from` the last that is not after `now`
    int64_t missed = 0;           // about how many there are, `last` included
    std::optional<int64_t> next;  // the first after `now`
  };
  Due due(int64_t from, int64_t now, const TimeZone& zone = {}) const;

 private:
  bool fits_day(int64_t day) const;

  uint64_t minutes_ = 0, hours_ = 0, days_ = 0, months_ = 0, weekdays_ = 0;  // bit n: n is in it
  bool every_day_ = false, every_weekday_ = false;                           // written as * or ?
  int64_t every_seconds_ = 0;                                                // of @every
};

}  // namespace kabuki::controllers
