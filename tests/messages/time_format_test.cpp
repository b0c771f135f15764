#include "messages/time_format.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "messages/base64.hpp"

namespace kabuki {
namespace {

TEST(TimeFormat, WritesSecondsAndMicroseconds) {
  EXPECT_EQ(format_time(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_time(1795343147), "2026-11-22T10:25:47Z");
  EXPECT_EQ(format_time(-1), "1969-12-31T23:59:59Z");
  EXPECT_EQ(format_time(951782400), "2000-02-29T00:00:00Z");
  EXPECT_EQ(format_time(INT64_MAX), "9999-12-31T23:59:59Z");
  EXPECT_EQ(format_time(INT64_MIN), "0000-01-01T00:00:00Z");
  EXPECT_EQ(format_micro_time(1795343147, 1999), "2026-11-22T10:25:47.000001Z");
}

TEST(TimeFormat, ReadsOffsetsAndFractions) {
  EXPECT_EQ(parse_time("2026-11-22T10:25:47Z"), (Moment{1795343147, 0}));
  EXPECT_EQ(parse_time("2026-11-22T12:25:47.5+02:00"), (Moment{1795343147, 500000000}));
  EXPECT_EQ(parse_time("2026-11-22T10:25:47.1234567899Z"), (Moment{1795343147, 123456789}));
}

TEST(TimeFormat, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "2026-11-22", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00Zx"}) {
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
}

TEST(TimeFormat, ParsingUndoesFormatting) {
  EXPECT_TRUE(rc::check([] {
    const int64_t seconds = *rc::gen::inRange<int64_t>(-62167219200, 253402300799);
    const int32_t micros = *rc::gen::inRange(0, 1000000);
    RC_ASSERT(parse_time(format_time(seconds)) == (Moment{seconds, 0}));
    RC_ASSERT(parse_time(format_micro_time(seconds, micros * 1000)) == (Moment{seconds, micros * 1000}));
  }));
}

TEST(Duration, IsWrittenAsGoDoes) {
  const std::pair<int64_t, const char*> cases[] = {{0, "0s"},
                                                   {1, "1ns"},
                                                   {1500, "1.5\u00b5s"},
                                                   {1'500'000, "1.5ms"},
                                                   {1'000'000'000, "1s"},
                                                   {90'000'000'000, "1m30s"},
                                                   {3'600'000'000'000, "1h0m0s"},
                                                   {-3'723'500'000'000, "-1h2m3.5s"}};
  for (const auto& [nanos, text] : cases) {
    EXPECT_EQ(format_duration(nanos), text);
    EXPECT_EQ(parse_duration(text), nanos);
  }
  EXPECT_EQ(parse_duration("1.5h"), 5'400'000'000'000);
  for (const char* text : {"", "1", "s", "1x", "1s2", "99999999999h", "-"})
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(Base64, KeepsEveryByte) {
  EXPECT_TRUE(rc::check([](const std::string& bytes) {
    std::string text;
    append_base64(bytes, &text);
    RC_ASSERT(decode_base64(text) == bytes);
  }));
  EXPECT_EQ(decode_base64("aGVs\nbG8="), "hello");
  for (const char* text : {"a", "aa", "aaa", "aa=", "a===", "====", "aa==a", "a?=="})
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
}

}  // namespace
}  // namespace kabuki
