#include "messages/quantity.hpp"

#include <gtest/gtest.h>
#include <limits>
#include <rapidcheck.h>

namespace kabuki {
namespace {

std::string canonical(std::string_view text) {
  auto quantity = Quantity::parse(text);
  return quantity ? quantity->text() : "error: " + quantity.error().message;
}

Quantity parsed(std::string_view text) { return Quantity::parse(text).value(); }

TEST(Quantity, TextIsCanonicalWithinItsFamily) {
  const std::pair<const char*, const char*> cases[] = {
      {"0", "0"},
      {"000", "0"},
      {"-0", "0"},
      {"0Gi", "0"},
      {"1", "1"},
      {"1000m", "1"},
      {"0.5", "500m"},
      {"500m", "500m"},
      {"1024Ki", "1Mi"},
      {"1.5Gi", "1536Mi"},
      {"1000M", "1G"},
      {"1024", "1024"},
      {"2000", "2k"},
      {"1e3", "1e3"},
      {"1000e3", "1e6"},
      {"1E3", "1e3"},
      {"12e0", "12"},
      {"100e-3", "100e-3"},
      {"1E", "1E"},
      {"0.001", "1m"},
      {"1.", "1"},
      {".5", "500m"},
      {"+3", "3"},
      {"-3", "-3"},
      {"-1.5Gi", "-1536Mi"},
      {".001Ki", "1024m"},
      {".000001Ki", "1024u"},
      {".5Ki", "512"},
      {"1000n", "1u"},
      {"1500m", "1500m"},
      {"0.1Gi", "107374182400m"},
      {"64Gi", "64Gi"},
      {"1e-3", "1e-3"},
      {"128974848", "128974848"},
      {"129M", "129M"},
      {"100k", "100k"},
  };
  for (auto [text, expected] : cases) EXPECT_EQ(canonical(text), expected) << text;
}

TEST(Quantity, RoundsWhatIsFinerThanANanoAwayFromZero) {
  EXPECT_EQ(canonical("1.0000000001"), "1000000001n");
  EXPECT_EQ(canonical(".000000000001Ki"), "2n");
  EXPECT_EQ(canonical("0.1n"), "1n");
  EXPECT_EQ(canonical("-0.1n"), "-1n");
  EXPECT_EQ(canonical("1e-300"), "1e-9");
}

TEST(Quantity, SaturatesWhatIsOutOfRange) {
  EXPECT_EQ(canonical("100Ei"), "9223372036854775807");
  EXPECT_EQ(parsed("9223372036854775807Ki"), parsed("100Ei"));
  EXPECT_EQ(parsed("1e999999999999"), parsed("1e28"));
  EXPECT_EQ(parsed("1" + std::string(60, '0')), parsed("1e28"));
  EXPECT_EQ(parsed("1e28").value(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(parsed("-1e28").milli(), std::numeric_limits<int64_t>::min());
  Quantity sum = parsed("1e28");
  sum.add(parsed("1e28"));
  EXPECT_EQ(sum, parsed("1e28"));
}

TEST(Quantity, WritesASumThatABinarySuffixCannotSayAsADecimal) {
  Quantity sum = parsed("1Ki");
  sum.add(parsed("1e28"));
  EXPECT_EQ(parsed(sum.text()), sum) << sum.text();
}

TEST(Quantity, ValueAndMilliRoundAwayFromZero) {
  EXPECT_EQ(parsed("1500m").value(), 2);
  EXPECT_EQ(parsed("-1500m").value(), -2);
  EXPECT_EQ(parsed("1Gi").value(), 1 << 30);
  EXPECT_EQ(parsed("0.5").milli(), 500);
  EXPECT_EQ(parsed("1u").milli(), 1);
  EXPECT_EQ(parsed("2").milli(), 2000);
}

TEST(Quantity, RefusesWhatTheGrammarDoesNotHave) {
  constexpr const char* kFormat =
      "error: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  constexpr const char* kSuffix = "error: unable to parse quantity's suffix";
  for (const char* text : {"", "-", "+", ".", "1.2.3", "1 ", " 1", "1 Gi", "1x", "abc", "0x1"}) {
    EXPECT_EQ(canonical(text), kFormat) << text;
  }
  for (const char* text : {"1ki", "1K", "1e", "1Mii", "1m5", "1e+", "1-", "1e1.5"}) {
    EXPECT_EQ(canonical(text), text == std::string_view("1e1.5") ? kFormat : kSuffix) << text;
  }
}

TEST(Quantity, ArithmeticKeepsTheFormatOfTheFirstThatIsNotZero) {
  Quantity sum;
  sum.add(parsed("512Mi"));
  sum.add(parsed("512Mi"));
  EXPECT_EQ(sum.text(), "1Gi");
  sum.subtract(parsed("1073741824"));
  EXPECT_EQ(sum.text(), "0");
  sum.subtract(parsed("250m"));
  EXPECT_EQ(sum.text(), "-250m");
}

TEST(Quantity, ComparesByAmount) {
  EXPECT_EQ(parsed("1Ki"), parsed("1024"));
  EXPECT_LT(parsed("999m"), parsed("1"));
  EXPECT_GT(parsed("1G"), parsed("1M"));
  EXPECT_LT(parsed("1G"), parsed("1Gi"));
}

TEST(Quantity, ParsingItsTextGivesItBack) {
  EXPECT_TRUE(rc::check([] {
    auto number = *rc::gen::arbitrary<int64_t>();
    auto fraction = *rc::gen::inRange(0, 1'000'000);
    auto suffix = *rc::gen::element<std::string>("", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi",
                                                 "Ti", "Pi", "Ei", "e3", "e-7", "E2");
    Quantity quantity = parsed(std::to_string(number) + "." + std::to_string(fraction) + suffix);
    auto again = Quantity::parse(quantity.text());
    RC_ASSERT(again.ok());
    RC_ASSERT(*again == quantity);
    RC_ASSERT(again->text() == quantity.text());
  }));
}

TEST(Quantity, SubtractingWhatWasAddedGivesTheFirstBack) {
  EXPECT_TRUE(rc::check([](int64_t a, int64_t b) {
    Quantity quantity = Quantity::of_milli(a);
    quantity.add(Quantity::of_value(b));
    quantity.subtract(Quantity::of_value(b));
    RC_ASSERT(quantity.milli() == a);
  }));
}

}  // namespace
}  // namespace kabuki
