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
  for (const char* good : {"Etc/UTC", "Europe/Zurich", "America/Argentina/Buenos_Aires", "Etc/GMT+5"}) {
    EXPECT_EQ(outcome(check_time_zone(good)), "ok") << good;
  }
  for (const char* bad : {"", "Local", "local", "Europe//Zurich", "a b", "../etc/passwd"}) {
    EXPECT_NE(outcome(check_time_zone(bad)), "ok") << bad;
  }
}

}  // namespace
}  // namespace kabuki::validation
