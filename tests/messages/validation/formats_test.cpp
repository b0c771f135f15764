#include "messages/validation/formats.hpp"

#include <gtest/gtest.h>

namespace kabuki::validation {
namespace {

/// "ok", or the problems joined by " | ".
std::string outcome(const NameProblems& problems) {
  std::string text;
  for (const std::string& problem : problems) text += (text.empty() ? "" : " | ") + problem;
  return text.empty() ? "ok" : text;
}

TEST(Formats, Schedules) {
  for (const char* good : {"* * * * *", "*/5 0-6,12 1,15 jan-mar MON-fri/2", "0 0 ? * 0", "@daily", "@every 1h"}) {
    EXPECT_EQ(outcome(check_schedule(good)), "ok") << good;
  }
  const std::pair<const char*, const char*> bad[] = {
      {"", "expected exactly 5 fields, found 0: []"},
      {"* * *", "expected exactly 5 fields, found 3: [* * *]"},
      {"60 * * * *", "end of range (60) above maximum (59): 60"},
      {"* * 0 * *", "beginning of range (0) below minimum (1): 0"},
      {"9-3 * * * *", "beginning of range (9) beyond end of range (3): 9-3"},
      {"*/0 * * * *", "step of range should be a positive number: */0"},
      {"a * * * *", "failed to parse int from a"},
      {"1-2-3 * * * *", "too many hyphens: 1-2-3"},
      {"1/2/3 * * * *", "too many slashes: 1/2/3"},
      {"@never", "unrecognized descriptor: @never"},
      {"TZ=UTC * * * * *", "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"},
      {"CRON_TZ=Asia/Tokyo 0 0 * * 9",
       "end of range (9) above maximum (6): 9 | cannot use TZ or CRON_TZ in schedule, use timeZone field instead"},
      {"@every x", "failed to parse duration @every x: time: invalid duration \"x\""},
      {"@every 5", "failed to parse duration @every 5: time: invalid duration \"5\""},
  };
  for (const auto& [text, why] : bad) EXPECT_EQ(outcome(check_schedule(text)), why) << text;
}

TEST(Formats, Addresses) {
  for (const char* good : {"10.0.0.1", "::1", "2001:db8::ffff"}) EXPECT_EQ(outcome(check_ip_address(good)), "ok");
  for (const char* bad : {"", "10.0.0", "10.0.0.256", "10.0.0.01x", "x"}) {
    EXPECT_NE(outcome(check_ip_address(bad)), "ok") << bad;
  }
  for (const char* good : {"10.0.0.0/8", "0.0.0.0/0", "::/128"}) EXPECT_EQ(outcome(check_cidr(good)), "ok") << good;
  for (const char* bad : {"10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.0.0.0/", "/8"}) {
    EXPECT_NE(outcome(check_cidr(bad)), "ok") << bad;
  }
}

TEST(Formats, UrlsHostsAndPaths) {
  EXPECT_EQ(outcome(check_https_url("https://host:8443/path")), "ok");
  EXPECT_EQ(outcome(check_https_url("https:///p")), "host must be specified; desired format: https://host[/path]");
  EXPECT_EQ(outcome(check_https_url("https://u@h/?q#f")),
            "user information is not permitted in the URL | fragments are not permitted in the URL | "
            "query parameters are not permitted in the URL");
  for (const char* good : {"example.com", "*.example.com", "a"}) EXPECT_EQ(outcome(check_host_name(good)), "ok");
  for (const char* bad : {"1.2.3.4", "*", "*.*.a", "a_b", "::1"})
    EXPECT_NE(outcome(check_host_name(bad)), "ok") << bad;
  for (const char* good : {"acme.io/foo", "a/b/c"}) EXPECT_EQ(outcome(check_domain_path(good)), "ok") << good;
  for (const char* bad : {"foo", "/foo", "a.b/", "A.b/c", "a.b/c d"}) {
    EXPECT_NE(outcome(check_domain_path(bad)), "ok") << bad;
  }
  EXPECT_EQ(outcome(check_full_domain("a.b.c")), "ok");
  EXPECT_NE(outcome(check_full_domain("b.c")), "ok");
}

TEST(Formats, TimeZones) {
  for (const char* good : {"Etc/UTC", "UTC", "Europe/Zurich", "America/Argentina/Buenos_Aires", "Etc/GMT+5",
                           "America/Coyhaique", "Africa/Abidjan", "Zulu", "US/Pacific", "GMT-0"}) {
    EXPECT_EQ(outcome(check_time_zone(good)), "ok") << good;
  }
  for (const char* bad : {"x", "utc", "europe/zurich", "Europe//Zurich", "Europe/", "a b", "../etc/passwd",
                          "Fixed/UTC+01:00:00", "localtime", "posixrules", "UTC "}) {
    EXPECT_EQ(outcome(check_time_zone(bad)), "unknown time zone " + std::string(bad));
  }
  const std::string explicit_zone =
      "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
  EXPECT_EQ(outcome(check_time_zone("")), "timeZone must be nil or non-empty string");
  EXPECT_EQ(outcome(check_time_zone("Local")), explicit_zone);
  EXPECT_EQ(outcome(check_time_zone("LOCAL")), explicit_zone + " | unknown time zone LOCAL");
}

}  // namespace
}  // namespace kabuki::validation
